import { createHmac, type KeyObject } from 'node:crypto'
import { hashId, type FactorId, type TenantId } from '../../core/ids.ts'
import { sha256, type Json } from '../../core/json.ts'
import { leafBytes } from '../../core/lineage.ts'
import type { Random } from '../../core/random.ts'
import { seal, type Sealed, unseal } from '../../core/seal.ts'
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

/** The id of a factor follows from its content: no look-up, and the same in every process. */
const factorIds = new Map<string, FactorId>()
export function factorIdOf(tenant: TenantId, factor: Factor): FactorId {
  const name = `${tenant}/${factor.kind}/${factor.digest}`
  let id = factorIds.get(name)
  if (!id) {
    if (factorIds.size > 50_000) factorIds.clear()
    factorIds.set(name, (id = hashId('fac', sha256(name))))
  }
  return id
}

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
  const { body, commitment } = sealPlain(key, plain, random)
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
function sealPlain(key: KeyObject, plain: RowBody, random: Random): Sealed {
  try {
    return seal(key, plain as unknown as Json, random) // its parts are JSON
  } catch {
    const kept = JSON.stringify(plain, (_, value: unknown) =>
      typeof value === 'string' ? value.toWellFormed() : value,
    )
    return seal(key, JSON.parse(kept) as Json, random)
  }
}

/** JSON has no NaN: such a figure is not known. */
export const numberOf = (figure: number | undefined): number | undefined =>
  figure !== undefined && Number.isFinite(figure) ? figure : undefined

export const openBody = (key: KeyObject, body: Uint8Array): RowBody => unseal(key, body) as unknown as RowBody // sealed by `sealRow`

export const positionOf = (run: string, seq: number): string => `${run}/${seq}`
