import { hash, type KeyObject } from 'node:crypto'
import { type FactorId, hashId, type KeyId, monthOf, type RunId, type TenantId } from '../core/ids.ts'
import { sha256 } from '../core/json.ts'
import { unsealChecked } from '../core/seal.ts'
import type { Pool } from '../store/pool.ts'

/** What reading lineage needs of the keys. */
export interface LineageKeys {
  /** Errors: `governance/key-destroyed`. */
  unwrap(tenant: TenantId, key: KeyId, wrapped: Uint8Array | null): KeyObject
}

/** A record of the ledger, with what could be checked of it here. */
export interface LineageRecord {
  readonly seq: number
  readonly key: string
  readonly kind: string
  readonly phase: string
  readonly outcome: string
  /** Milliseconds since 1970, by the database's clock. */
  readonly at: number
  /** Hex: SHA-256 of a zero byte and the leaf (RFC 6962). */
  readonly leafHash: string
  /** The canonical JSON that is hashed; it holds no string from outside (L7). */
  readonly leaf: string
  /** The versions and persons that took part, by name. */
  readonly factors: readonly { readonly kind: string; readonly name: string; readonly digest: string }[]
  /** What does not fit; empty where all does. */
  readonly problems: readonly string[]
  /** The content was checked against the commitment. False: it was erased, or the row has none. */
  readonly isContentChecked: boolean
}

/** All that the ledger has of a run. */
export interface RunLineage {
  /** In order. */
  readonly records: readonly LineageRecord[]
  /** What is wrong with the whole: records that are missing at its end. */
  readonly problems: readonly string[]
}

type FactorNames = ReadonlyMap<string, LineageRecord['factors'][number]>

interface Row {
  readonly state: string
  /** The highest position that waits for the ledger. */
  readonly most_pending: number | null
  readonly seq: number | null
  readonly key: string
  readonly kind: string
  readonly phase: string
  readonly outcome: string
  readonly writer: string
  readonly at: string
  readonly body: Buffer | null
  readonly leaf: Buffer
  readonly leaf_hash: Buffer
  readonly confidence: number | null
  readonly cost: string | null
  readonly ms: number | null
  readonly pending: Buffer | null
  readonly key_id: KeyId | null
  readonly wrapped: Buffer | null
}

/** A row as the log has it: of a run without rows the join makes one of nulls. */
type KeptRow = Row & { readonly seq: number }

/** One statement, and so one snapshot: a run that goes on meanwhile has no problems. */
const recordsSql = `
select r.state, (select max(seq) from ledger_pending where t = r.t and run = r.id) as most_pending, l.seq, l.key, l.kind, l.phase, l.outcome, l.writer, floor(extract(epoch from l.at) * 1000)::text as at, coalesce(l.body, p.body) as body,
  l.leaf, l.leaf_hash, l.confidence, l.cost, l.ms, q.leaf_hash as pending, r.key_id, k.wrapped
from run r left join run_log l on l.t = r.t and l.month = $3 and l.run = r.id
left join ledger_pending q on q.t = l.t and q.run = l.run and q.seq = l.seq
left join subject_key k on k.t = r.t and k.id = r.key_id
left join payload p on l.payload is not null and p.t = r.t and p.month = id_month(l.payload) and p.id = l.payload
where r.t = $1 and r.id = $2 order by l.seq`

/**
 * Owns: reading a run's records back and checking each: its hash against the stored bytes and, until it is sealed, against the one that waits
 * for the ledger; the other columns against those bytes (L9); the content against its commitment; the versions that took part against their
 * ids; and that the rows are dense up to the number that `$end` declares (L6). Not checked: `due`, which no record holds, and what a version
 * is called.
 */
export class LineageReader {
  readonly #pool: Pool
  readonly #keys: LineageKeys

  constructor(options: { pool: Pool; keys: LineageKeys }) {
    this.#pool = options.pool
    this.#keys = options.keys
  }

  /** The records of a run, each checked; undefined for an unknown run. */
  async read(tenant: TenantId, run: RunId): Promise<RunLineage | undefined> {
    const values = [tenant, run, monthOf(run)]
    const { rows: found } = await this.#pool.query<Row>({ name: 'lineage', text: recordsSql, values })
    const [first] = found
    if (!first) return undefined
    const rows = found.filter((row): row is KeptRow => row.seq !== null)
    const names = await this.#factorsOf(tenant, run)
    return {
      records: rows.map((row, position) =>
        this.#check(tenant, { tenant, run, row, position, names, count: rows.length }),
      ),
      problems: missingAtEnd(first, rows),
    }
  }

  async #factorsOf(tenant: TenantId, run: RunId): Promise<FactorNames> {
    const { rows } = await this.#pool.query<{ id: FactorId; kind: string; name: string; digest: string }>({
      name: 'lineage-factors',
      text: 'select f.id, f.kind, f.name, f.digest from run_factor x join factor f on f.t = x.t and f.id = x.factor where x.t = $1 and x.run = $2',
      values: [tenant, run],
    })
    return new Map(rows.map(({ id, ...factor }) => [id, factor]))
  }

  #check(tenant: TenantId, at: Checked & { readonly names: FactorNames }): LineageRecord {
    const { row, names } = at
    const text = row.leaf.subarray(1).toString('latin1')
    const leaf = parseLeaf(text)
    const content = this.#contentOf(tenant, row)
    const factors = factorsIn(leaf)
    return {
      seq: row.seq,
      key: row.key,
      kind: row.kind,
      phase: row.phase,
      outcome: row.outcome,
      at: Number(row.at),
      leafHash: row.leaf_hash.toString('hex'),
      leaf: text,
      factors: factors.flatMap((id) => names.get(id) ?? []),
      problems: [...problemsOf(at, leaf, content), ...factorProblems(at.tenant, factors, names)],
      isContentChecked: content !== undefined,
    }
  }

  #contentOf(tenant: TenantId, { body, key_id: keyId, wrapped }: Row): Content | undefined {
    if (!body || !keyId || !wrapped) return undefined
    try {
      const { value, commitment } = unsealChecked(this.#keys.unwrap(tenant, keyId, wrapped), body)
      return { commitment, key: (value as { readonly k?: string }).k }
    } catch {
      return { commitment: 'unreadable', key: undefined } // altered, or sealed under another key: no commitment equals this
    }
  }
}

/** What a record's content says as it is now: the step's key stands in it, since a leaf holds no author's text (L7). */
interface Content {
  readonly commitment: string
  readonly key: string | undefined
}

type Leaf = Readonly<Record<string, unknown>>

function parseLeaf(text: string): Leaf {
  try {
    return JSON.parse(text) as Leaf // an object, or every comparison below fails
  } catch {
    return {}
  }
}

interface Checked {
  readonly tenant: TenantId
  readonly run: RunId
  readonly row: KeptRow
  readonly position: number
  readonly count: number
}

function problemsOf({ run, row, position, count }: Checked, leaf: Leaf, content: Content | undefined): string[] {
  const hashed = hash('sha256', Buffer.concat([Buffer.of(0), row.leaf]), 'buffer')
  const isErased = row.key_id === null || row.wrapped === null
  const checks: readonly (readonly [boolean, string])[] = [
    [hashed.equals(row.leaf_hash), 'the hash is not that of the record'],
    [row.pending?.equals(row.leaf_hash) ?? true, 'the hash is not the one that waits for the ledger'],
    [row.leaf[0] === 1, 'the record has an unknown version'],
    [row.seq === position, 'a record before it is missing'],
    [leaf['run'] === run && leaf['seq'] === row.seq, 'the record is of another position'],
    [!content || content.commitment === 'unreadable' || content.key === row.key, 'the step’s key was changed'],
    [
      leaf['kind'] === row.kind && leaf['phase'] === row.phase && leaf['outcome'] === row.outcome,
      'kind, phase or outcome was changed',
    ],
    [leaf['at'] === Number(row.at) && leaf['writer'] === row.writer, 'time or writer was changed'],
    [isSame(leaf['confidence'], row.confidence, Math.fround), 'the confidence was changed'],
    [isSame(leaf['cost'], row.cost, Number), 'the cost was changed'],
    [isSame(leaf['ms'], row.ms, Math.round), 'the duration was changed'],
    [row.key !== '$end' || leaf['rows'] === count, 'the run’s records are not as many as its end declares'],
    [!content || content.commitment === leaf['commitment'], 'the content is not what was committed to'],
    [row.body === null || leaf['commitment'] !== undefined, 'there is content without a commitment'],
    [row.body !== null || isErased || leaf['commitment'] === undefined, 'the content is missing'],
  ]
  return checks.filter(([holds]) => !holds).map(([, problem]) => problem)
}

/** Absent on both sides, or the same number as the column can hold it: absent is never zero. */
function isSame(inLeaf: unknown, inColumn: number | string | null, kept: (number: number) => number): boolean {
  if (inLeaf === undefined || inColumn === null) return inLeaf === undefined && inColumn === null
  return kept(Number(inLeaf)) === kept(Number(inColumn))
}

const factorsIn = (leaf: Leaf): string[] => (Array.isArray(leaf['factors']) ? leaf['factors'].map(String) : [])

/** A version's id is the hash of its kind and digest: another one under the same id does not pass. */
function factorProblems(tenant: TenantId, factors: readonly string[], names: FactorNames): string[] {
  const isWhole = factors.every((id) => {
    const known = names.get(id)
    return known && id === hashId('fac', sha256(`${tenant}/${known.kind}/${known.digest}`))
  })
  return isWhole ? [] : ['a version that took part is missing or was changed']
}

/** What only the end of a log tells. A killed run has no `$end`. */
function missingAtEnd({ state, most_pending: mostPending }: Row, rows: readonly KeptRow[]): string[] {
  const hasEnded = state === 'succeeded' || state === 'failed' || state === 'cancelled'
  const last = rows.at(-1)
  return [
    ...(hasEnded && last?.key !== '$end' ? ['the run has ended, and the record of its end is missing'] : []),
    ...((mostPending ?? -1) > (last?.seq ?? -1)
      ? ['records at the end are missing: the ledger waits for more than the log has']
      : []),
    ...(!hasEnded && last?.key === '$end' ? ['the run’s records end, and its state says that it has not'] : []),
  ]
}
