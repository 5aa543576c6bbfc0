import type { KeyObject } from 'node:crypto'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import {
  type KeyId,
  monthOf,
  type PersonId,
  type ProcessId,
  type RunId,
  type SubjectId,
  type TenantId,
  type WriterId,
} from '../../core/ids.ts'
import type { Phase, StepKind } from '../../core/lineage.ts'
import { unseal } from '../../core/seal.ts'
import type { Pool } from '../../store/pool.ts'
import { arrayLiteral } from '../../store/array-literal.ts'
import { inlineOf } from './limits.ts'
import { openBody } from './log-postgres-rows.ts'
import type { LoadedRow, LoadedRun, RunState } from './ports.ts'
import { quick, within } from './statement-timeout.ts'
import { claimsOfPoison, claimsOfSuspect, deadAfter } from './suspects.ts'

/** What the log needs of the keys: governance has them. */
export interface RunKeys {
  /** The data key of a run. Errors: `run/erased` when it was destroyed (`wrapped` is null). */
  unwrap(tenant: TenantId, id: KeyId, wrapped: Uint8Array | null): KeyObject
  get(tenant: TenantId, id: KeyId): Promise<KeyObject>
}

export interface LoadRequest {
  readonly run: RunId
  readonly process: ProcessId
  /** No other suspect is driven beside it (E7). */
  readonly isAlone: boolean
}

/** `inline`: bytes of the bodies that stand in their rows (E24). */
export type Loaded = { readonly loaded: LoadedRun; readonly key: KeyObject; readonly inline: number }

/**
 * What a claim leaves in `wake` (E7). The ordinary run was parked or is new: nobody claims it, and nothing is looked at. Otherwise its
 * claimant died, was cut off, or lost; the tail of the log and its heartbeat tell which.
 *
 * 1. A row since the claim: not its doing, whatever happened. An intent is none, since a body that is tried again may write another.
 * 2. None, and the claimant's process is dead: counted. One that ended in order (its beat is infinite), or is not known, is not.
 * 3. None, and it beat a moment ago: it may have died just now. The claim stays its own, so that the next look counts it.
 * 4. A suspect that is not alone is not claimed: it waits for its turn.
 */
const claimSql = `
  select
    case when e.beat < 'infinity' and e.beat >= clock_timestamp() - interval '${deadAfter} ms' then w.claimed_by
      when e.claims >= ${claimsOfPoison} or (e.claims >= ${claimsOfSuspect} and not r.is_alone) then null else r.process end,
    coalesce(e.rows, w.claimed_rows), e.claims
  from (
    select d.rows, d.beat,
      case when d.has_moved then 0 when d.beat < clock_timestamp() - interval '${deadAfter} ms' then w.claims + 1 else w.claims end as claims
    from (
      select c.rows, c.has_moved,
        case when c.has_moved is not true and w.claimed_by <> r.process then (select p.beat from process p where p.id = w.claimed_by) end as beat
      from (
        select max(l.seq) + 1 as rows, bool_or(l.phase <> 'intent') as has_moved from run_log l
        where w.claimed_by is not null and l.t = r.t and l.month = r.month and l.run = r.id and l.seq >= w.claimed_rows) c
      offset 0) d
    offset 0) e`

/**
 * Claim, flags, keys and rows in one statement: 0.7 ms of a run's 9. Rejected: flags first and rows after (a round trip more), arrays of
 * rows (their text form parses at half the speed). That a wake was heard may be lost, so it does not wait for the disk. The join on (t, month, run) reads one partition; by run alone 24 of them took 8 ms (E23).
 */
const loadSql = `
with lazy as materialized (select set_config('synchronous_commit', 'off', true)),
q(run, month, process, is_alone) as (select * from unnest($1::text[], $2::int[], $3::text[], $4::boolean[])),
r as (
  select q.month, q.process, q.is_alone, r.* from lazy cross join q cross join lateral (select * from run where run.id = q.run offset 0) r),
heard as (
  update wake w set heard_by = clock_timestamp() + interval '10 min', is_parked = false, bell_seen = r.bell,
    (claimed_by, claimed_rows, claims) = (${claimSql})
  from r where w.run = r.id and r.state = 'open' returning w.run, w.claims)
select r.t, r.id, r.root, r.parent, r.parent_key, r.pipeline, r.digest, r.entity_type, r.entity_id, r.subject, r.key_id, r.principal, r.state, r.ended is not null as has_ended, r.cancel, r.bell,
  extract(epoch from r.started) * 1000 as started, extract(epoch from clock_timestamp()) * 1000 as now,
  case when coalesce(l.seq, 0) = 0 then r.input end as input, case when coalesce(l.seq, 0) = 0 then k.wrapped end as wrapped,
  l.seq, l.key, l.kind, l.phase, l.writer, extract(epoch from l.at) * 1000 as at, extract(epoch from l.due - clock_timestamp()) * 1000 as left,
  coalesce(l.body, p.body) as body, (select json_agg(json_build_array(run, claims)) from heard where claims > 0) as claims
from r
left join lateral (select wrapped from subject_key k where k.t = r.t and k.id = r.key_id offset 0) k on true
left join lateral (select * from run_log l where l.t = r.t and l.month = r.month and l.run = r.id offset 0) l on true
left join lateral (
  select body from payload p where l.payload is not null and p.t = r.t and p.month = id_month(l.payload) and p.id = l.payload offset 0) p on true
order by r.id, l.seq`

interface Row {
  readonly t: TenantId
  readonly id: RunId
  readonly root: RunId
  readonly parent: RunId | null
  readonly parent_key: string | null
  readonly pipeline: string
  readonly digest: string
  readonly entity_type: string | null
  readonly entity_id: string | null
  readonly subject: SubjectId | null
  readonly key_id: KeyId | null
  readonly principal: PersonId | null
  readonly state: RunState
  readonly has_ended: boolean
  readonly cancel: boolean
  readonly bell: number
  readonly started: string
  readonly now: string
  readonly input: Buffer | null
  readonly wrapped: Buffer | null
  readonly seq: number | null
  readonly key: string
  readonly kind: StepKind
  readonly phase: Phase
  readonly writer: WriterId
  readonly at: string
  readonly left: string | null
  readonly body: Buffer | null
  /** Of all runs of the statement that have any: the same in each of its rows. */
  readonly claims: readonly (readonly [run: RunId, claims: number])[] | null
}

/** Loads many runs at once; one that cannot be read fails alone (E16). */
export async function loadRuns(
  pool: Pool,
  keys: RunKeys,
  requests: readonly LoadRequest[],
): Promise<readonly (Loaded | undefined | Error)[]> {
  const wanted = [...new Map(requests.map((request) => [request.run, request])).values()]
  const values = [
    arrayLiteral(wanted.map((q) => q.run)),
    arrayLiteral(wanted.map((q) => monthOf(q.run))),
    arrayLiteral(wanted.map((q) => q.process)),
    arrayLiteral(wanted.map((q) => q.isAlone)),
  ]
  const { rows } = await pool.query<Row>({ name: 'load', text: loadSql, values, ...within(quick) })
  const byRun = Map.groupBy(rows, (row) => row.id)
  return requests.map(({ run }) => {
    const mine = byRun.get(run)
    try {
      return mine && open(mine, keys)
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  })
}

function open(rows: readonly Row[], keys: RunKeys): Loaded {
  const [first] = rows
  if (!first?.key_id || !first.input) throw new MillraceError('run/no-key', { run: first?.id ?? '' })
  const key = keys.unwrap(first.t, first.key_id, first.wrapped)
  const { entity_type: type, entity_id: id } = first
  const claims = first.claims?.find(([run]) => run === first.id)?.[1]
  return {
    key,
    inline: inlineOf(rows.map(({ body }) => body?.length ?? 0)),
    loaded: {
      tenant: first.t,
      run: first.id,
      root: first.root,
      ...(first.parent && first.parent_key && { parent: { run: first.parent, key: first.parent_key } }),
      pipeline: first.pipeline,
      digest: first.digest,
      input: unsealRow(first.id, -1, () => unseal(key, first.input ?? Buffer.alloc(0))),
      ...(type && id && { entity: { type, id } }),
      ...(first.subject && { subject: first.subject }),
      key: first.key_id,
      ...(first.principal && { principal: first.principal }),
      state: first.state,
      hasEnded: first.has_ended,
      cancel: first.cancel,
      bell: first.bell,
      started: Math.floor(Number(first.started)),
      now: Number(first.now),
      ...(claims !== undefined && { claims }),
      rows: rows.flatMap((row) => (row.seq === null ? [] : [openRow(row, row.seq, key)])),
    },
  }
}

function openRow(row: Row, seq: number, key: KeyObject): LoadedRow {
  const { body: sealed } = row
  const body = sealed ? unsealRow(row.id, seq, () => openBody(key, sealed)) : {}
  return {
    seq,
    key: row.key,
    kind: row.kind,
    phase: row.phase,
    writer: row.writer,
    at: Number(row.at),
    ...(row.left !== null && { left: Number(row.left) }),
    ...(body.s && { settlement: body.s }),
    ...(body.a !== undefined && { argumentsDigest: body.a }),
  }
}

function unsealRow<T>(run: RunId, seq: number, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw new MillraceError('run/undecryptable', { run, seq }, { cause })
  }
}
