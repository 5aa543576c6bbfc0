import { createHmac, type KeyObject } from 'node:crypto'
import { hashId, type FactorId, type TenantId } from '../../core/ids.ts'
import { canonicalJson, sha256, type Json } from '../../core/json.ts'
import { leafBytes } from '../../core/lineage.ts'
import type { Random } from '../../core/random.ts'
import { type Sealed, sealText, unseal } from '../../core/seal.ts'
import type { Evidence, Factor, NewRow, Settlement } from './ports.ts'

/** What stands encrypted in a row's body. Short names: every row carries them. */
export interface RowBody {
  /** The step's key: in the body, and so in the commitment, since a leaf holds no author's text, not even hashed (L7). */
  readonly k?: string
  /** SHA-256 of the arguments (E17). */
  readonly a?: string
  readonly s?: Settlement
  readonly e?: Evidence
}

/** A row as it is inserted: sealed, with its leaf. */
export interface SealedRow {
  readonly tenant: TenantId
  readonly month: number
  readonly row: NewRow
  readonly body: Buffer
  readonly leaf: Buffer
  /** Factors that are linked to the run by this row. */
  readonly links: readonly FactorId[]
  /** Of an effect's intent: a commitment to its arguments, the same under the same key, so that a token is not used with others (E2). */
  readonly effectArguments: string | undefined
}

interface KnownFactor {
  readonly id: FactorId
  /** Its canonical JSON: the same factors stand in row after row. */
  readonly text: string
}
const mostFactors = 50_000
const knownFactors = new Map<string, KnownFactor>()

function knownFactor(tenant: TenantId, { kind, digest, name }: Factor): KnownFactor {
  const called = `${tenant}/${kind}/${digest}/${name}`
  let known = knownFactors.get(called)
  if (!known) {
    if (knownFactors.size > mostFactors) knownFactors.clear()
    known = { id: hashId('fac', sha256(`${tenant}/${kind}/${digest}`)), text: canonicalJson({ kind, digest, name }) }
    knownFactors.set(called, known)
  }
  return known
}

/** The id of a factor follows from its content: no look-up, and the same in every process. */
export const factorIdOf = (tenant: TenantId, factor: Factor): FactorId => knownFactor(tenant, factor).id

/** The canonical JSON (RFC 8785) of a row's body, by a template in key order: a third of the canonicaliser's time (E21). */
export function bodyText(tenant: TenantId, { k, a, e, s }: RowBody): string {
  return objectOf([
    a !== undefined && `"a":${canonicalJson(a)}`,
    e && `"e":${evidenceText(tenant, e)}`,
    k !== undefined && `"k":${canonicalJson(k)}`,
    s && `"s":${canonicalJson(s)}`,
  ])
}

const evidenceText = (tenant: TenantId, { confidence, cost, detail, factors }: Evidence): string =>
  objectOf([
    confidence !== undefined && `"confidence":${canonicalJson(confidence)}`,
    cost !== undefined && `"cost":${canonicalJson(cost)}`,
    detail !== undefined && `"detail":${canonicalJson(detail)}`,
    factors && `"factors":[${factors.map((factor) => knownFactor(tenant, factor).text).join(',')}]`,
  ])

const objectOf = (parts: readonly (string | false | undefined)[]): string => `{${parts.filter(Boolean).join(',')}}`

/** What the rows of one attempt have in common. */
export interface SealedFor {
  readonly tenant: TenantId
  readonly month: number
  readonly key: KeyObject
  /** Factors that rows of this attempt have named already: each is linked to the run once. */
  readonly linked: Set<FactorId>
}

export function sealRow({ tenant, month, key, linked }: SealedFor, row: NewRow, random: Random): SealedRow {
  const { settlement, evidence, argumentsDigest } = row
  const plain: RowBody = {
    k: row.key,
    ...(argumentsDigest !== undefined && { a: argumentsDigest }),
    ...(settlement && { s: settlement }),
    ...(evidence && { e: evidence }),
  }
  const { body, commitment } = sealPlain(tenant, key, plain, random)
  const factors = (evidence?.factors ?? []).map((factor) => factorIdOf(tenant, factor))
  const links = factors.filter((factor) => !linked.has(factor))
  for (const factor of links) linked.add(factor)
  const leaf = leafBytes({
    run: row.run,
    seq: row.seq,
    phase: row.phase,
    kind: row.kind,
    outcome: row.outcome,
    at: row.at,
    writer: row.writer,
    commitment,
    factors: factors.toSorted(),
    confidence: numberOf(evidence?.confidence),
    cost: numberOf(evidence?.cost),
    ms: row.ms,
    rows: row.final?.rows,
  })
  const effectArguments = row.effect && createHmac('sha256', key).update(row.effect.argumentsDigest).digest('hex')
  return { tenant, month, row, body, leaf, links: [...new Set(links)], effectArguments }
}

/** What JSON cannot hold must not keep a row from being written: its attempt would be repeated for ever. */
function sealPlain(tenant: TenantId, key: KeyObject, plain: RowBody, random: Random): Sealed {
  let text: string
  try {
    text = bodyText(tenant, plain)
  } catch {
    const kept = JSON.stringify(plain, (_, value: unknown) =>
      typeof value === 'string' ? value.toWellFormed() : value,
    )
    text = canonicalJson(JSON.parse(kept) as Json)
  }
  return sealText(key, text, random)
}

/** JSON has no NaN: such a figure is not known. */
export const numberOf = (figure: number | undefined): number | undefined =>
  figure !== undefined && Number.isFinite(figure) ? figure : undefined

export const openBody = (key: KeyObject, body: Uint8Array): RowBody => unseal(key, body) as unknown as RowBody // sealed by `sealRow`

export const positionOf = (run: string, seq: number): string => `${run}/${seq}`
