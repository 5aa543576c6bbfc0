import type { KeyObject } from 'node:crypto'
import type { Clock, Millis } from '../../core/clock.ts'
import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import { monthOf, type ProcessId, type RunId, type TenantId, type WriterId } from '../../core/ids.ts'
import type { Random } from '../../core/random.ts'
import { seal } from '../../core/seal.ts'
import { ringBell } from '../../store/bell.ts'
import type { Pool } from '../../store/pool.ts'
import { GroupCommit } from './group-commit.ts'
import { Appender } from './log-postgres-append.ts'
import { type Loaded, loadRuns, type LoadRequest, type RunKeys } from './log-postgres-load.ts'
import { openBody, sealRow } from './log-postgres-rows.ts'
import type { Appended, FinalState, LoadedRun, Log, NewRow, RunFlags, RunOutcome, RunState, StartRun } from './ports.ts'

/**
 * Owns: the tables run, run_log and wake, as the engine sees them. Every statement is prepared and has the pool's timeout (E8).
 *
 * Loads mark a wake as heard; that mark may be lost, so they go over a pool that does not wait for the disk. Appends do wait (E18).
 */
export class PostgresLog implements Log {
  readonly #pool: Pool
  readonly #keys: RunKeys
  readonly #random: Random
  readonly #appender: Appender
  readonly #loads: GroupCommit<LoadRequest, Loaded | undefined>
  readonly #inserts: GroupCommit<{ start: StartRun; input: Buffer }, 'accepted' | 'already-known'>
  /** Of the runs that this process drives: their tenant and key, from load to end or park. */
  readonly #driven = new Map<RunId, { tenant: TenantId; key: KeyObject }>()

  constructor(options: { pool: Pool; loadPool: Pool; keys: RunKeys; random: Random; clock: Clock }) {
    this.#pool = options.pool
    this.#keys = options.keys
    this.#random = options.random
    this.#appender = new Appender(options)
    this.#loads = new GroupCommit({ send: (requests) => loadRuns(options.loadPool, this.#keys, requests), most: 100 })
    this.#inserts = new GroupCommit({ send: (starts) => this.#insert(starts), most: 500 })
  }

  async load(run: RunId, claim: { process: ProcessId; writer: WriterId }): Promise<LoadedRun | undefined> {
    try {
      const found = await this.#loads.add({ run, process: claim.process })
      if (!found) return undefined
      this.#driven.set(run, { tenant: found.loaded.tenant, key: found.key })
      return found.loaded
    } catch (error) {
      if (!isMillraceError(error) || error.retry !== 'pause') throw error
      await this.flag(run, 'pause', { code: error.code, message: error.message }) // one run that cannot be read stops no other
      return undefined
    }
  }

  append(row: NewRow, isDead: () => boolean): Promise<Appended> {
    const driven = this.#driven.get(row.run)
    if (!driven) return Promise.resolve('taken')
    if (row.final) this.#driven.delete(row.run)
    return this.#appender.append({ sealed: sealRow(driven.tenant, driven.key, row, this.#random), isDead })
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
    const col = <T>(pick: (start: StartRun) => T): T[] => starts.map(({ start }) => pick(start))
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
      text: `with r as (update run set ${set} where id = $1 and ended is null returning t, id), w as (${heard}) select id from r`,
      values: set.includes('$2') ? [run, why?.code ?? null, why?.message ?? null] : [run],
    })
    return (rowCount ?? 0) > 0
  }

  async poll(runs: readonly RunId[]): Promise<readonly RunFlags[]> {
    const { rows } = await this.#pool.query<RunFlags & { id: RunId }>({
      name: 'poll',
      text: 'select id, cancel, bell, state from run where id = any($1)',
      values: [runs],
    })
    return rows.map(({ id, cancel, bell, state }) => ({ run: id, cancel, bell, state }))
  }

  /** Two statements, and so two snapshots: a bell that rises between is seen by one, or sets `heard_by` itself (E22). */
  async park(run: RunId, { after, bell }: { after: Millis | undefined; bell: number }): Promise<boolean> {
    this.#driven.delete(run)
    await this.#pool.query({
      name: 'park',
      text: `update wake set is_parked = true, heard_by = case when $2::float8 is null then 'infinity' else clock_timestamp() + $2 * interval '1 ms' end where run = $1`,
      values: [run, after ?? null],
    })
    const { rows } = await this.#pool.query<{ rung: boolean }>({
      name: 'parked',
      text: `select r.bell > $2 or (r.cancel and not exists (select 1 from run_log l where l.t = r.t and l.month = $3 and l.run = r.id and l.key = '$cancel')) as rung from run r where r.id = $1`,
      values: [run, bell, monthOf(run)],
    })
    return rows[0]?.rung ?? false
  }

  async overdue(limit: number): Promise<readonly RunId[]> {
    const { rows } = await this.#pool.query<{ run: RunId }>({
      name: 'overdue',
      text: `update wake set heard_by = clock_timestamp() + interval '5 s' where run in (
          select run from wake where heard_by <= clock_timestamp() order by run limit $1 for update skip locked) returning run`,
      values: [limit],
    })
    return rows.map((row) => row.run)
  }

  async beat(process: ProcessId): Promise<void> {
    await this.#pool.query({
      name: 'beat',
      text: 'insert into process (id) values ($1) on conflict (id) do update set beat = clock_timestamp()',
      values: [process],
    })
  }

  async outcome(run: RunId): Promise<{ state: RunState; outcome?: RunOutcome } | undefined> {
    const { rows } = await this.#pool.query<{
      t: TenantId
      state: RunState
      key_id: NonNullable<LoadedRun['key']>
      wrapped: Buffer | null
      body: Buffer | null
    }>({
      name: 'outcome',
      text: `select r.t, r.state, r.key_id, k.wrapped, coalesce(l.body, p.body) as body from run r
        left join subject_key k on k.t = r.t and k.id = r.key_id
        left join run_log l on l.t = r.t and l.month = $2 and l.run = r.id and l.key = '$end'
        left join payload p on l.payload is not null and p.t = r.t and p.month = id_month(l.payload) and p.id = l.payload
        where r.id = $1`,
      values: [run, monthOf(run)],
    })
    const [row] = rows
    if (!row) return undefined
    const settlement = row.body ? openBody(this.#keys.unwrap(row.t, row.key_id, row.wrapped), row.body).s : undefined
    return { state: row.state, ...(settlement && isFinal(row.state) && { outcome: { state: row.state, settlement } }) }
  }
}

const isFinal = (state: RunState): state is FinalState => state !== 'open' && state !== 'paused'

const wakeSoon = `update wake w set heard_by = least(w.heard_by, clock_timestamp() + interval '5 s') from r where w.t = r.t and w.run = r.id`
/** What each flag changes; `$2` and `$3` are the code and the words of why. */
const flags = {
  cancel: { set: 'cancel = true', heard: wakeSoon },
  pause: {
    set: `state = 'paused', why = $2, why_message = $3`,
    heard: `update wake w set heard_by = 'infinity' from r where w.t = r.t and w.run = r.id`,
  },
  resume: {
    set: `state = 'open', why = null, why_message = null`,
    heard: `update wake w set heard_by = clock_timestamp() from r where w.t = r.t and w.run = r.id`,
  },
  kill: {
    set: `state = 'killed', ended = clock_timestamp(), why = $2, why_message = $3`,
    heard: `delete from wake w using r where w.t = r.t and w.run = r.id`,
  },
} as const
