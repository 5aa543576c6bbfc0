import type { Clock, Millis } from '../core/clock.ts'
import { type Connection, type Pool, transaction } from '../store/pool.ts'
import type { Labels, Metric } from './exposition.ts'

/** Several scrapers, or one that is too eager, cost one look. */
const keptFor: Millis = 5000
/** Counting past this is left to an estimate, or not done: nobody acts on the difference, and ten million rows would be read for it. */
const mostCounted = 10_000
/** Queues are named by pipelines; past this the rest is not shown. */
const mostQueues = 100

/** Each tenant has a person, and few have many. */
const tenants = 'select distinct t from person'

/**
 * Every count walks an index for at most `mostCounted` entries, whatever the table holds. Rejected: `count(*) ... group by state`, which
 * reads every run at every scrape; triggers that keep counts: one hot row for every run.
 */
const sql = {
  wakes: `select count(*) filter (where not is_parked)::int as running, count(*) filter (where is_parked)::int as waiting
    from (select is_parked from wake limit ${10 * mostCounted}) x`,
  /** A paused run keeps its row in `wake`. */
  pausedWakes: `select count(*) filter (where not is_parked)::int as running, count(*) filter (where is_parked)::int as waiting
    from (select w.is_parked from (${tenants}) t join run r on r.t = t.t and r.state = 'paused' join wake w on w.t = r.t and w.run = r.id limit ${mostCounted}) x`,
  states: `select s.state, (select count(*)::int from (select from run r where r.t = t.t and r.state = s.state limit ${mostCounted + 1}) x) as count
    from (${tenants}) t cross join unnest($1::text[]) as s(state)`,
  inbox: `select p.priority, x.count, x.oldest from generate_series(0, 3) as p(priority) cross join lateral (
      select count(*)::int as count, extract(epoch from clock_timestamp() - min(accepted))::float8 as oldest
      from (select accepted from inbox i where i.state = 'pending' and i.priority = p.priority order by i.accepted limit ${mostCounted}) y) x`,
  queues: `with recursive q(t, queue) as (
      (select t, queue from work_item where state = 'open' order by t, queue limit 1)
      union all
      select n.t, n.queue from q cross join lateral (
        select t, queue from work_item w where w.state = 'open' and (w.t, w.queue) > (q.t, q.queue) order by w.t, w.queue limit 1) n)
    select q.queue, sum(x.count)::int as count, sum(x.late)::int as late, max(x.oldest) as oldest
    from (select * from q limit ${mostQueues}) q cross join lateral (
      select count(*) as count, count(*) filter (where due < clock_timestamp()) as late,
        extract(epoch from clock_timestamp() - min(created))::float8 as oldest
      from (select created, due from work_item w where w.t = q.t and w.queue = q.queue and w.state = 'open' limit ${mostCounted}) y) x
    group by q.queue`,
  letters: `select sum(x.count)::int as count, extract(epoch from clock_timestamp() - min(x.oldest))::float8 as oldest from (${tenants}) t cross join lateral (
      select (select count(*) from (select from dead_letter d where d.t = t.t and d.replayed is null limit ${mostCounted}) y) as count,
        (select min(created) from dead_letter d where d.t = t.t and d.replayed is null) as oldest) x`,
} as const

const finalStates = ['paused', 'succeeded', 'failed', 'cancelled', 'killed'] as const

/** Owns: how long the queues are, and how old what waits in them: read from the database, kept for some seconds. It changes nothing. */
export class QueueMeter {
  readonly #pool: Pool
  readonly #clock: Clock
  #kept: { readonly at: Millis; readonly metrics: Promise<readonly Metric[]> } | undefined

  constructor(options: { pool: Pool; clock: Clock }) {
    this.#pool = options.pool
    this.#clock = options.clock
  }

  /** Rejects when the database does not answer; the next call looks again. */
  metrics(): Promise<readonly Metric[]> {
    const now = this.#clock.now()
    if (this.#kept && now - this.#kept.at < keptFor) return this.#kept.metrics
    const kept = { at: now, metrics: this.look() }
    this.#kept = kept
    kept.metrics.catch(() => {
      if (this.#kept === kept) this.#kept = undefined
    })
    return kept.metrics
  }

  /**
   * Looks now, over one connection and one statement after the other: who looks takes nothing from who works. Without sequential scans: where
   * most runs are of one state, the planner would read the table for the states that have none.
   */
  look(): Promise<readonly Metric[]> {
    return transaction(this.#pool, async (connection) => {
      await connection.query('set transaction read only; set local enable_seqscan = off')
      const runs = await readRuns(connection)
      const inbox = await ask<{ priority: number; count: number; oldest: number | null }>(connection, sql.inbox)
      const queues = await ask<{ queue: string; count: number; late: number; oldest: number | null }>(
        connection,
        sql.queues,
      )
      const letters = await ask<{ count: number; oldest: number | null }>(connection, sql.letters)
      return gauges({ runs, inbox, queues, letters })
    })
  }
}

interface Found {
  readonly runs: readonly { readonly state: string; readonly count: number }[]
  readonly inbox: readonly { readonly priority: number; readonly count: number; readonly oldest: number | null }[]
  readonly queues: readonly {
    readonly queue: string
    readonly count: number
    readonly late: number
    readonly oldest: number | null
  }[]
  readonly letters: readonly { readonly count: number; readonly oldest: number | null }[]
}

function gauges({ runs, inbox, queues, letters }: Found): readonly Metric[] {
  const ofPriority = ({ priority }: { priority: number }): Labels => ({ priority: String(priority) })
  const ofQueue = ({ queue }: { queue: string }): Labels => ({ queue })
  const none = (): Labels => ({})
  return [
    gauge(
      'millrace_runs',
      `Runs by state. More than ${mostCounted} that ended alike are estimated by Postgres.`,
      runs,
      (row) => ({ state: row.state }),
      (row) => row.count,
    ),
    gauge(
      'millrace_inbox_pending',
      `Accepted events that wait for their run, ${mostCounted} at most.`,
      inbox,
      ofPriority,
      (row) => row.count,
    ),
    gauge(
      'millrace_inbox_oldest_seconds',
      'Age of the oldest event that waits.',
      inbox,
      ofPriority,
      (row) => row.oldest ?? 0,
    ),
    gauge(
      'millrace_work_items_open',
      `Work items that wait for people, ${mostCounted} at most.`,
      queues,
      ofQueue,
      (row) => row.count,
    ),
    gauge('millrace_work_items_overdue', 'Open work items past their due time.', queues, ofQueue, (row) => row.late),
    gauge(
      'millrace_work_items_oldest_seconds',
      'Age of the oldest open work item.',
      queues,
      ofQueue,
      (row) => row.oldest ?? 0,
    ),
    gauge(
      'millrace_dead_letters',
      `Dead letters that nobody has replayed, ${mostCounted} at most.`,
      letters,
      none,
      (row) => row.count,
    ),
    gauge(
      'millrace_dead_letters_oldest_seconds',
      'Age of the oldest of them.',
      letters,
      none,
      (row) => row.oldest ?? 0,
    ),
  ]
}

async function readRuns(connection: Connection): Promise<Found['runs']> {
  const [wakes] = await ask<{ running: number; waiting: number }>(connection, sql.wakes)
  const [paused] = await ask<{ running: number; waiting: number }>(connection, sql.pausedWakes)
  const open = (['running', 'waiting'] as const).map((state) => ({
    state,
    count: Math.max(0, (wakes?.[state] ?? 0) - (paused?.[state] ?? 0)),
  }))
  const states = await ask<{ state: string; count: number }>(connection, sql.states, [[...finalStates]])
  const counted: { state: string; count: number }[] = []
  for (const state of finalStates) {
    const count = states.filter((row) => row.state === state).reduce((sum, row) => sum + row.count, 0)
    counted.push({ state, count: count > mostCounted ? Math.max(count, await estimate(connection, state)) : count })
  }
  return [...open, ...counted]
}

/** What the planner expects, from the statistics that autovacuum keeps. */
async function estimate(connection: Connection, state: (typeof finalStates)[number]): Promise<number> {
  const rows = await ask<{ 'QUERY PLAN': readonly { readonly Plan: { readonly 'Plan Rows': number } }[] }>(
    connection,
    `explain (format json) select from run where state = '${state}'`,
  )
  return rows[0]?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0
}

async function ask<R extends Record<string, unknown>>(
  connection: Connection,
  text: string,
  values: unknown[] = [],
): Promise<readonly R[]> {
  return (await connection.query<R>(text, values)).rows
}

function gauge<R>(
  name: string,
  help: string,
  rows: readonly R[],
  labels: (row: R) => Labels,
  value: (row: R) => number,
): Metric {
  return { name, help, type: 'gauge', samples: rows.map((row) => ({ labels: labels(row), value: value(row) })) }
}
