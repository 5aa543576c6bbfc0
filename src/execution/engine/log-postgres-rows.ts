import { createHmac, type KeyObject } from 'node:crypto'
import { hashId, monthOf, type FactorId, type TenantId } from '../../core/ids.ts'
import { sha256, type Json } from '../../core/json.ts'
import { leafBytes } from '../../core/lineage.ts'
import type { Random } from '../../core/random.ts'
import { seal, unseal } from '../../core/seal.ts'
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
  readonly factors: readonly FactorId[]
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

export function sealRow(tenant: TenantId, key: KeyObject, row: NewRow, random: Random): SealedRow {
  const { settlement, evidence, argumentsDigest } = row
  const plain: RowBody = {
    k: row.key,
    ...(argumentsDigest !== undefined && { a: argumentsDigest }),
    ...(settlement && { s: settlement }),
    ...(evidence && { e: evidence }),
  }
  const { body, commitment } = seal(key, plain as unknown as Json, random) // its parts are JSON
  const factors = (evidence?.factors ?? []).map((factor) => factorIdOf(tenant, factor)).toSorted()
  const leaf = leafBytes({
    run: row.run,
    seq: row.seq,
    phase: row.phase,
    kind: row.kind,
    outcome: row.outcome,
    at: row.at,
    writer: row.writer,
    commitment,
    factors,
    confidence: evidence?.confidence,
    cost: evidence?.cost,
    ms: row.ms,
    rows: row.final?.rows,
  })
  const effectArguments = row.effect && createHmac('sha256', key).update(row.effect.argumentsDigest).digest('hex')
  return { tenant, month: monthOf(row.run), row, body, leaf, factors, effectArguments }
}

export const openBody = (key: KeyObject, body: Uint8Array): RowBody => unseal(key, body) as unknown as RowBody // sealed by `sealRow`

export const positionOf = (run: string, seq: number): string => `${run}/${seq}`
