import type { KeyObject } from 'node:crypto'
import type { Instant, Millis } from '../../core/clock.ts'
import { type KeyId, monthOf, type PersonId, type RunId, type TenantId } from '../../core/ids.ts'
import type { Json } from '../../core/json.ts'
import type { Phase, RowOutcome, StepKind } from '../../core/lineage.ts'
import { unseal } from '../../core/seal.ts'
import type { Pool } from '../../store/pool.ts'
import { openBody, type RowBody } from '../engine/log-postgres-rows.ts'
import type { RunState } from '../engine/ports.ts'

/** What reading runs needs of the keys. */
export interface ReaderKeys {
  /** Errors: `governance/key-destroyed`. */
  unwrap(tenant: TenantId, key: KeyId, wrapped: Uint8Array | null): KeyObject
}

/** A row of a run's log with its body opened. */
export interface OpenedRow {
  readonly seq: number
  readonly key: string
  readonly kind: StepKind
  readonly phase: Phase
  readonly outcome: RowOutcome
  readonly at: Instant
  readonly due: Instant | undefined
  readonly ms: Millis | undefined
  readonly confidence: number | undefined
  readonly body: RowBody
}

export interface OpenedRun {
  readonly run: RunId
  readonly pipeline: string
  readonly digest: string
  readonly state: RunState
  /** It waits and holds nothing. */
  readonly isParked: boolean
  /** Accepted with hold, and not released. */
  readonly isHeld: boolean
  readonly why: { readonly code: string; readonly message: string } | undefined
  readonly entity: { readonly type: string; readonly id: string } | undefined
  readonly principal: PersonId | undefined
  readonly started: Instant
  readonly ended: Instant | undefined
  /** Undefined where it cannot be read; `unreadable` says why. */
  readonly opened: { readonly input: Json; readonly rows: readonly OpenedRow[] } | undefined
  /** `erased`: the key of its person was destroyed. `damaged`: something of it was altered, or its key. */
  readonly unreadable: 'erased' | 'damaged' | undefined
}

interface Row {
  readonly id: RunId
  readonly pipeline: string
  readonly digest: string
  readonly state: RunState
  readonly is_parked: boolean
  readonly is_held: boolean
  readonly why: string | null
  readonly why_message: string | null
  readonly entity_type: string | null
  readonly entity_id: string | null
  readonly principal: PersonId | null
  readonly started: string
  readonly ended: string | null
  readonly key_id: KeyId
  readonly wrapped: Buffer | null
  readonly input: Buffer
  readonly seq: number | null
  readonly key: string
  readonly kind: StepKind
  readonly phase: Phase
  readonly outcome: RowOutcome
  readonly at: string
  readonly due: string | null
  readonly ms: number | null
  readonly confidence: number | null
  readonly body: Buffer | null
}

const readSql = `
select r.id, r.pipeline, r.digest, r.state, coalesce(w.is_parked, false) as is_parked, h.run is not null as is_held, r.why, r.why_message, r.entity_type, r.entity_id, r.principal,
  extract(epoch from r.started) * 1000 as started, extract(epoch from r.ended) * 1000 as ended, r.key_id, k.wrapped, r.input,
  l.seq, l.key, l.kind, l.phase, l.outcome, extract(epoch from l.at) * 1000 as at, extract(epoch from l.due) * 1000 as due, l.ms, l.confidence,
  coalesce(l.body, p.body) as body
from unnest($2::text[], $3::int[]) as q(run, month) join run r on r.t = $1 and r.id = q.run
left join wake w on w.t = r.t and w.run = r.id
left join run_hold h on h.t = r.t and h.run = r.id and h.released is null and r.ended is null
left join subject_key k on k.t = r.t and k.id = r.key_id
left join run_log l on l.t = r.t and l.month = q.month and l.run = r.id
left join payload p on l.payload is not null and p.t = r.t and p.month = id_month(l.payload) and p.id = l.payload
order by r.id, l.seq`

/** Reads runs with their logs, opened; one that cannot be read comes without content, and stops no other. */
export async function readRuns(
  pool: Pool,
  keys: ReaderKeys,
  tenant: TenantId,
  runs: readonly RunId[],
): Promise<readonly OpenedRun[]> {
  const values = [tenant, runs, runs.map((run) => monthOf(run))]
  const { rows } = await pool.query<Row>({ name: 'read-runs', text: readSql, values })
  return [...Map.groupBy(rows, (row) => row.id).values()].flatMap((mine) => {
    const [first] = mine
    return first ? [openRun(tenant, keys, first, mine)] : []
  })
}

function openRun(tenant: TenantId, keys: ReaderKeys, first: Row, rows: readonly Row[]): OpenedRun {
  const { entity_type: type, entity_id: id, why, why_message: message } = first
  return {
    run: first.id,
    pipeline: first.pipeline,
    digest: first.digest,
    state: first.state,
    isParked: first.is_parked,
    isHeld: first.is_held,
    why: why === null ? undefined : { code: why, message: message ?? '' },
    entity: type !== null && id !== null ? { type, id } : undefined,
    principal: first.principal ?? undefined,
    started: Number(first.started),
    ended: first.ended === null ? undefined : Number(first.ended),
    ...openContent(tenant, keys, first, rows),
  }
}

function openContent(
  tenant: TenantId,
  keys: ReaderKeys,
  first: Row,
  rows: readonly Row[],
): Pick<OpenedRun, 'opened' | 'unreadable'> {
  if (!first.wrapped) return { opened: undefined, unreadable: 'erased' }
  try {
    const key = keys.unwrap(tenant, first.key_id, first.wrapped)
    const kept = rows.flatMap(({ seq, ...row }) => (seq === null ? [] : [openRow(key, seq, row)]))
    return { opened: { input: unseal(key, first.input), rows: kept }, unreadable: undefined }
  } catch {
    return { opened: undefined, unreadable: 'damaged' } // the lineage says which record it is
  }
}

function openRow(key: KeyObject, seq: number, row: Omit<Row, 'seq'>): OpenedRow {
  return {
    seq,
    key: row.key,
    kind: row.kind,
    phase: row.phase,
    outcome: row.outcome,
    at: Number(row.at),
    due: row.due === null ? undefined : Number(row.due),
    ms: row.ms ?? undefined,
    confidence: row.confidence ?? undefined,
    body: row.body ? openBody(key, row.body) : {},
  }
}
