import type { Clock, Millis } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { monthOf, type ProcessId, type RunId, type TenantId, type WriterId } from '../../core/ids.ts'
import type { Random } from '../../core/random.ts'
import { seal } from '../../core/seal.ts'
import { ringBell } from '../../store/bell.ts'
import type { Pool } from '../../store/pool.ts'
import { arrayLiteral } from '../../store/array-literal.ts'
import { GroupCommit } from '../../store/group-commit.ts'
import { inlineOf } from './limits.ts'
import { Appender } from './log-postgres-append.ts'
import { type Loaded, loadRuns, type LoadRequest, type RunKeys } from './log-postgres-load.ts'
import { openBody, type SealedFor, sealRow } from './log-postgres-rows.ts'
import type {
  Appended,
  Claim,
  FinalState,
  LoadedRun,
  Log,
  NewRow,
  RunFlags,
  RunReport,
  RunState,
  StartRun,
} from './ports.ts'
import { quick, within } from './statement-timeout.ts'

/**
 * Owns: the tables run, run_log and wake, as the engine sees them. Every statement is prepared and has a timeout (E8).
 *
 * Statements find runs by `id` alone, through laterals and scalar subqueries that can only be nested loops over an index: a plan is made when
 * tables are still empty, and one that chose a scan or a hash then cost five times the CPU until the tables were analysed. For the same reason
 * none says `ended is null`, which would let it walk the index of open runs.
 *
 * Loads go over a pool of their own: while appends wait for the disk, a run that is woken is read.
 */
export class PostgresLog implements Log {
  readonly #pool: Pool
  readonly #keys: RunKeys
  readonly #random: Random
  readonly #appender: Appender
  readonly #loads: GroupCommit<LoadRequest, Loaded | undefined>
  readonly #inserts: GroupCommit<{ start: StartRun; input: Buffer }, 'accepted' | 'already-known'>
  /** Of the attempts of this process: their run's tenant and key, from load to release. */
  readonly #driven = new Map<WriterId, SealedFor & { inline: number }>()

  constructor(options: { pool: Pool; loadPool: Pool; keys: RunKeys; random: Random; clock: Clock }) {
    this.#pool = options.pool
    this.#keys = options.keys
    this.#random = options.random
    this.#appender = new Appender(options)
    this.#loads = new GroupCommit({
      send: (requests) => loadRuns(options.loadPool, this.#keys, requests),
      most: 100,
      atOnce: 2,
    })
    this.#inserts = new GroupCommit({ send: (starts) => this.#insert(starts), most: 500, atOnce: 2 })
  }

  async load(run: RunId, claim: Claim): Promise<LoadedRun | undefined> {
    const found = await this.#loads.add({ run, process: claim.process, isAlone: claim.isAlone ?? false })
    if (!found) return undefined
    const { tenant } = found.loaded
    this.#driven.set(claim.writer, {
      tenant,
      month: monthOf(run),
      key: found.key,
      linked: new Set(),
      inline: found.inline,
    })
    return found.loaded
  }

  async append(row: NewRow, isDead: () => boolean): Promise<Appended> {
    const driven = this.#driven.get(row.writer)
    if (!driven) return 'taken'
    const sealed = sealRow(driven, row, this.#random)
    driven.inline += inlineOf([sealed.body.length])
    return this.#appender.append({ sealed, isDead })
  }

  release(writer: WriterId): void {
    this.#driven.delete(writer)
  }

  inlineOf(writer: WriterId): number {
    return this.#driven.get(writer)?.inline ?? 0
  }

  async insert(start: StartRun): Promise<'accepted' | 'already-known'> {
    if (!start.key) throw new MillraceError('run/no-key', { run: start.run })
    const key = await this.#keys.get(start.tenant, start.key)
    return this.#inserts.add({ start, input: seal(key, start.input, this.#random).body })
  }

  /** Starting a run is one insert; its wake only makes it prompt (E22). */
  async #insert(
    starts: readonly { start: StartRun; input: Buffer }[],
  ): Promise<readonly ('accepted' | 'already-known')[]> {
    const col = (pick: (start: StartRun) => string | number | null): string =>
      arrayLiteral(starts.map(({ start }) => pick(start)))
    const { rows } = await this.#pool.query<{ id: RunId }>({
      name: 'insert-run',
      text: `with r as (
          insert into run (t, id, root, parent, parent_key, pipeline, digest, entity_type, entity_id, subject, key_id, principal, priority, input)
          select distinct on (x.id) * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
            $11::text[], $12::text[], $13::smallint[], $14::bytea[]) as x(t, id, root, parent, parent_key, pipeline, digest, entity_type, entity_id, subject, key_id, principal, priority, input)
          on conflict do nothing returning t, id),
        w as (insert into wake (t, run) select t, id from r)
        select id from r`,
      values: [
        col((s) => s.tenant),
        col((s) => s.run),
        col((s) => s.root ?? s.run),
        col((s) => s.parent?.run ?? null),
        col((s) => s.parent?.key ?? null),
        col((s) => s.pipeline),
        col((s) => s.digest),
        col((s) => s.entity?.type ?? null),
        col((s) => s.entity?.id ?? null),
        col((s) => s.subject ?? null),
        col((s) => s.key ?? null),
        col((s) => s.principal ?? null),
        col((s) => s.priority ?? 2),
        starts.map(({ input }) => input),
      ],
    })
    const accepted = new Set(rows.map((row) => row.id))
    return starts.map(({ start }) => (accepted.delete(start.run) ? 'accepted' : 'already-known'))
  }

  ring(run: RunId): Promise<boolean> {
    return ringBell(this.#pool, run)
  }

  async flag(
    run: RunId,
    flag: 'cancel' | 'pause' | 'resume' | 'kill',
    why?: { code: string; message: string },
  ): Promise<boolean> {
    const { set, heard } = flags[flag]
    const { rowCount } = await this.#pool.query({
      name: `flag-${flag}`,
      text: `with r as (update run set ${set} where id = $1 and coalesce(ended, 'infinity') = 'infinity' returning id), w as (${heard}) select id from r`,
      values: set.includes('$2') ? [run, why?.code ?? null, why?.message ?? null] : [run],
      ...within(quick),
    })
    return (rowCount ?? 0) > 0
  }

  async poll(runs: readonly RunId[]): Promise<readonly RunFlags[]> {
    const { rows } = await this.#pool.query<RunFlags>({
      name: 'poll',
      text: `select r.id as run, r.cancel, r.bell, r.state from unnest($1::text[]) as q(id)
        cross join lateral (select id, cancel, bell, state from run where run.id = q.id offset 0) r`,
      values: [runs],
      ...within(quick),
    })
    return rows
  }

  /**
   * Parks, or answers that a bell or a cancel came meanwhile; then the wake is due at once, also should this process die here (E22). The run's
   * row is locked first, as a ring does: else a ring between would set `heard_by`, and this would overwrite it with an older view.
   * Who parks has survived: its claim is over, and what its log has now is what the next claim begins with (E7).
   */
  async park(run: RunId, { after, bell }: { after: Millis | undefined; bell: number }): Promise<boolean> {
    const { rows } = await this.#pool.query<{ rung: boolean }>({
      name: 'park',
      text: `with r as (select t, id, bell, cancel from run where id = $1 for no key update),
        q as (select id, t, bell > $3 or (cancel and not exists (
            select 1 from run_log l where l.t = r.t and l.month = $4 and l.run = r.id and l.key = '$cancel')) as rung from r)
        update wake w set is_parked = true, heard_by = case when q.rung then clock_timestamp() when $2::float8 is null then 'infinity'
            else clock_timestamp() + $2 * interval '1 ms' end, claimed_by = null, claims = 0,
          claimed_rows = coalesce((select max(l.seq) + 1 from run_log l where l.t = q.t and l.month = $4 and l.run = q.id), 0)
        from q where w.run = q.id returning q.rung`,
      values: [run, after ?? null, bell, monthOf(run)],
      ...within(quick),
    })
    return rows[0]?.rung ?? false
  }

  async dueWithin(run: RunId, ms: Millis): Promise<void> {
    await this.#pool.query({
      name: 'due-within',
      text: `update wake set heard_by = least(heard_by, clock_timestamp() + $2 * interval '1 ms') where run = $1`,
      values: [run, ms],
      ...within(quick),
    })
  }

  /** Rows are locked in one order, and those that another sweeper holds are left to it. What is paused is put aside until it is resumed. */
  async overdue(limit: number): Promise<readonly RunId[]> {
    const { rows } = await this.#pool.query<{ run: RunId; paused: boolean }>({
      name: 'overdue',
      text: `with due as (select run from wake where heard_by <= clock_timestamp() order by run limit $1 for update skip locked),
        s as (select due.run, r.state = 'paused' as paused from due cross join lateral (select state from run where run.id = due.run offset 0) r)
        update wake w set heard_by = case when s.paused then 'infinity' else clock_timestamp() + interval '5 s' end
        from s where w.run = s.run returning w.run, s.paused`,
      values: [limit],
      ...within(quick),
    })
    return rows.filter((row) => !row.paused).map((row) => row.run)
  }

  async beat(process: ProcessId): Promise<void> {
    await this.#pool.query({
      name: 'beat',
      text: 'insert into process (id) values ($1) on conflict (id) do update set beat = clock_timestamp()',
      values: [process],
      ...within(quick),
    })
  }

  async leave(process: ProcessId): Promise<void> {
    await this.#pool.query({
      name: 'leave',
      text: `update process set beat = 'infinity' where id = $1`,
      values: [process],
      ...within(quick),
    })
  }

  async unclaim(run: RunId, process: ProcessId): Promise<void> {
    await this.#pool.query({
      name: 'unclaim',
      text: 'update wake set claimed_by = null where run = $1 and claimed_by = $2',
      values: [run, process],
      ...within(quick),
    })
  }

  async outcome(run: RunId): Promise<RunReport | undefined> {
    const { rows } = await this.#pool.query<{
      t: TenantId
      state: RunState
      key_id: NonNullable<LoadedRun['key']>
      wrapped: Buffer | null
      key: string | null
      phase: string | null
      is_parked: boolean | null
      body: Buffer | null
    }>({
      name: 'outcome',
      text: `select r.t, r.state, r.key_id, k.wrapped, l.key, l.phase, w.is_parked, coalesce(l.body, p.body) as body
        from (select * from run where run.id = $1 offset 0) r
        left join subject_key k on k.t = r.t and k.id = r.key_id
        left join wake w on w.run = r.id
        left join lateral (select * from run_log where run_log.t = r.t and run_log.month = $2 and run_log.run = r.id order by seq desc limit 1) l on true
        left join payload p on l.payload is not null and p.t = r.t and p.month = id_month(l.payload) and p.id = l.payload`,
      values: [run, monthOf(run)],
      ...within(quick),
    })
    const [row] = rows
    if (!row) return undefined
    const activity = row.is_parked === false ? 'running' : row.phase?.startsWith('try') ? 'backing-off' : 'waiting'
    if (row.key !== '$end' || !row.body || !isFinal(row.state)) return { state: row.state, activity }
    const settlement = openBody(this.#keys.unwrap(row.t, row.key_id, row.wrapped), row.body).s
    return { state: row.state, activity, ...(settlement && { outcome: { state: row.state, settlement } }) }
  }
}

const isFinal = (state: RunState): state is FinalState => state !== 'open' && state !== 'paused'

const wakeAt = (moment: string): string => `update wake w set heard_by = ${moment} from r where w.run = r.id`
const soon = wakeAt(`least(w.heard_by, clock_timestamp() + interval '5 s')`)
const now = wakeAt('clock_timestamp()')
/** What each flag changes; `$2` and `$3` are the code and the words of why. A run that is to be killed stays so until its `$end`. */
const flags = {
  cancel: { set: `cancel = true, state = case when state = 'paused' then 'open' else state end`, heard: soon },
  pause: {
    set: `state = case when state = 'open' then 'paused' else state end, why = $2, why_message = $3`,
    heard: wakeAt(`'infinity'`),
  },
  resume: {
    set: `state = case when state = 'paused' then 'open' else state end, why = null, why_message = null`,
    heard: `update wake w set heard_by = clock_timestamp(), claimed_by = null, claims = 0 from r where w.run = r.id`, // E7: a person says that it may
  },
  kill: { set: `state = 'killed'`, heard: now },
} as const
