import type { Clock, Instant, Millis } from '../core/clock.ts'
import type { TenantId } from '../core/ids.ts'
import type { Pool } from '../store/pool.ts'
import { type Baselines, type Return, returnsOf } from './return-on-automation.ts'
import { type Share, wilson } from './wilson.ts'

/** Several people look at once: they see one look, which is kept for a second, or for four times what it took: it never costs more than a fifth. */
const keptFor: Millis = 1000
const keptTimes = 4
/** Counting past this would read more than anyone can use. */
const mostCounted = 10_000
const mostGroups = 50
const hour: Millis = 3_600_000

/** Something that does not go on by itself, and what it is for. */
export interface Stuck {
  readonly kind: 'paused' | 'overdue' | 'failed'
  /** A pipeline; of `overdue` a queue. */
  readonly where: string
  readonly code: string | undefined
  readonly count: number
  readonly since: Instant
  /** The oldest one: a run, or an item. */
  readonly example: string
}

export interface OverviewView {
  readonly since: Instant
  readonly at: Instant
  /** Runs by what became of them; `running` and `waiting` are all there are, the rest are those that began since. */
  readonly runs: Readonly<Record<string, number>>
  readonly hours: readonly { readonly at: Instant; readonly runs: number; readonly failed: number }[]
  /** Of those that succeeded or asked somebody: how many asked nobody. */
  readonly automation: { readonly decided: number; readonly alone: number }
  /** Of those that ended: how many failed. */
  readonly failures: Share & { readonly ended: number }
  readonly people: { readonly decisions: number; readonly rejected: number; readonly activeMs: number }
  readonly costs: readonly { readonly currency: string; readonly nano: string; readonly unknown: number }[]
  readonly returns: readonly Return[]
  readonly needs: {
    readonly items: number
    readonly overdue: number
    readonly oldest: Instant | undefined
    readonly queues: readonly { readonly queue: string; readonly items: number; readonly overdue: number }[]
    readonly letters: number
    readonly held: number
    readonly paused: number
    readonly pausedPipelines: readonly string[]
  }
  readonly stuck: readonly Stuck[]
}

/** The least id of a moment. */
const idFrom = (prefix: string, at: Instant): string =>
  `${prefix}_${Math.max(0, Math.floor(at)).toString(16).padStart(12, '0')}`
const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`

/**
 * Every count walks an index (`run_state`, `work_item_pkey`, `decision_at`, `work_item_order`, `dead_letter_open`, `run_hold_standing`), and none
 * opens a payload. Rejected: counting `run` by `started`, which no
 * index has: ids begin with their time; a range for each hour and state: 1.1 s for 200,000 runs of a day where one pass takes 0.4 s (on a busy
 * machine), because the planner walks `run_id` for every state.
 */
const sql = {
  runs: `select state, (('x0000' || substr(id, 5, 12))::bit(64)::bigint / ${hour})::int as hour, count(*)::int as count
    from run where t = $1 and id >= $2 group by 1, 2`,
  open: `select count(*) filter (where not is_parked)::int as running, count(*) filter (where is_parked)::int as waiting
    from (select is_parked from wake where t = $1 limit ${10 * mostCounted}) x`,
  asked: `select count(distinct w.run)::int as runs from work_item w where w.t = $1 and w.id >= $2 and w.run >= $3`,
  people: `select r.pipeline, count(*)::int as decisions, count(*) filter (where d.verdict = 'reject')::int as rejected, coalesce(sum(d.active_ms), 0)::float8 as active
    from decision d join work_item w on w.t = d.t and w.id = d.item left join run r on r.t = w.t and r.id = w.run
    where d.t = $1 and d.at >= to_timestamp($2::float8 / 1000) group by 1`,
  costs: `select key as pipeline, currency, sum(cost)::text as nano, sum(unknown)::int as unknown from cost_day
    where t = $1 and dimension = 'pipeline' and day >= to_timestamp($2::float8 / 1000)::date group by 1, 2`,
  succeeded: `select p.pipeline, (select count(*)::int from run r where r.t = $1 and r.pipeline = p.pipeline and r.state = 'succeeded' and r.id >= $2) as runs
    from unnest($3::text[]) as p(pipeline)`,
  queues: `select queue, count(*)::int as items, count(*) filter (where due < clock_timestamp())::int as overdue, ${ms('min(created)')} as oldest,
      ${ms('min(due) filter (where due < clock_timestamp())')} as late, min(id) filter (where due < clock_timestamp()) as example
    from (select id, queue, due, created from work_item where t = $1 and state = 'open' limit ${mostCounted}) x group by 1 order by overdue desc, items desc limit ${mostGroups}`,
  counts: `select (select count(*)::int from (select from dead_letter where t = $1 and replayed is null limit ${mostCounted}) x) as letters,
    (select count(*)::int from (select from run_hold h join run r on r.t = h.t and r.id = h.run where h.t = $1 and h.released is null and r.ended is null limit ${mostCounted}) x) as held,
    (select count(*)::int from (select from run where t = $1 and state = 'paused' limit ${mostCounted}) x) as paused,
    (select coalesce(array_agg(pipeline order by pipeline), '{}') from pipeline_switch where t = $1 and paused) as switched`,
  stuck: `select kind, pipeline, why, count(*)::int as count, ${ms('min(started)')} as since, min(id) as example from (
      (select 'paused' as kind, id, pipeline, why, started from run where t = $1 and state = 'paused' limit ${mostCounted})
      union all
      (select 'failed', id, pipeline, why, started from run where t = $1 and state = 'failed' and id >= $2 order by id desc limit ${mostCounted})) x
    group by 1, 2, 3 order by kind desc, count desc limit ${mostGroups}`,
} as const

/** Owns: what the automation did since a moment, and what it needs from people; read, and kept for a moment. It changes nothing. */
export class Overview {
  readonly #pool: Pool
  readonly #clock: Clock
  readonly #baselines: Baselines
  readonly #kept = new Map<string, { until: Instant; readonly view: Promise<OverviewView> }>()

  constructor(options: { pool: Pool; clock: Clock; baselines: Baselines }) {
    this.#pool = options.pool
    this.#clock = options.clock
    this.#baselines = options.baselines
  }

  read(tenant: TenantId, since: Instant): Promise<OverviewView> {
    const now = this.#clock.today()
    const key = `${tenant} ${since}`
    const kept = this.#kept.get(key)
    if (kept && now < kept.until) return kept.view
    for (const [other, { until }] of this.#kept) if (now >= until) this.#kept.delete(other)
    const view = this.#look(tenant, since, now)
    const fresh = { until: Number.POSITIVE_INFINITY, view }
    this.#kept.set(key, fresh)
    view.then(
      () => {
        const ended = this.#clock.today()
        fresh.until = ended + Math.max(keptFor, keptTimes * (ended - now))
      },
      () => this.#kept.delete(key), // the next one looks again
    )
    return view
  }

  async #look(tenant: TenantId, since: Instant, now: Instant): Promise<OverviewView> {
    const from = idFrom('run', since)
    const ask = async <R extends object>(text: string, ...more: readonly unknown[]): Promise<readonly R[]> =>
      (await this.#pool.query<R>(text, [tenant, ...more])).rows
    const [runs, [open], [asked], people, costs, succeeded, queues, [counts], stuck] = await Promise.all([
      ask<HourRow>(sql.runs, from),
      ask<{ running: number; waiting: number }>(sql.open),
      ask<{ runs: number }>(sql.asked, idFrom('rev', since), from),
      ask<{ pipeline: string | null; decisions: number; rejected: number; active: number }>(sql.people, since),
      ask<{ pipeline: string; currency: string; nano: string; unknown: number }>(sql.costs, since),
      ask<{ pipeline: string; runs: number }>(sql.succeeded, from, Object.keys(this.#baselines)),
      ask<QueueRow>(sql.queues),
      ask<{ letters: number; held: number; paused: number; switched: string[] }>(sql.counts),
      ask<StuckRow>(sql.stuck, from),
    ])
    const began = (state: string): number => runs.reduce((sum, row) => sum + (row.state === state ? row.count : 0), 0)
    const [done, failed, askedRuns] = [began('succeeded'), began('failed'), asked?.runs ?? 0]
    const decided = done + begunAndOpen(runs)
    const total = <Row>(rows: readonly Row[], of: (row: Row) => number): number =>
      rows.reduce((sum, row) => sum + of(row), 0)
    const oldest = queues.flatMap((queue) => queue.oldest ?? [])
    return {
      since,
      at: now,
      runs: {
        ...Object.fromEntries(['succeeded', 'failed', 'cancelled', 'killed'].map((state) => [state, began(state)])),
        running: open?.running ?? 0,
        waiting: open?.waiting ?? 0,
        paused: counts?.paused ?? 0,
        began: total(runs, (row) => row.count),
      },
      hours: hoursFrom(since, now).map((at) => {
        const mine = runs.filter((row) => row.hour === at / hour)
        return {
          at,
          runs: total(mine, (row) => row.count),
          failed: total(mine, (row) => (row.state === 'failed' ? row.count : 0)),
        }
      }),
      automation: { decided, alone: Math.max(0, decided - askedRuns) },
      failures: { ended: done + failed, ...wilson(failed, done + failed) },
      people: {
        decisions: total(people, (row) => row.decisions),
        rejected: total(people, (row) => row.rejected),
        activeMs: total(people, (row) => row.active),
      },
      costs: [...Map.groupBy(costs, (row) => row.currency)].map(([currency, rows]) => ({
        currency,
        nano: String(rows.reduce((sum, row) => sum + BigInt(row.nano), 0n)),
        unknown: total(rows, (row) => row.unknown),
      })),
      returns: returnsOf(this.#baselines, { succeeded, people, costs }),
      needs: {
        items: total(queues, (queue) => queue.items),
        overdue: total(queues, (queue) => queue.overdue),
        oldest: oldest.length === 0 ? undefined : Math.min(...oldest),
        queues: queues.map(({ items, overdue, queue }) => ({ queue, items, overdue })),
        letters: counts?.letters ?? 0,
        held: counts?.held ?? 0,
        paused: counts?.paused ?? 0,
        pausedPipelines: counts?.switched ?? [],
      },
      stuck: [
        ...stuck.map(({ pipeline, why, ...row }) => ({ ...row, where: pipeline, code: why ?? undefined })),
        ...queues.flatMap(({ example, late, overdue, queue }) =>
          late === null || example === null
            ? []
            : [{ kind: 'overdue' as const, where: queue, code: undefined, count: overdue, since: late, example }],
        ),
      ],
    }
  }
}

/** Begun, and not at an end: what waits for somebody has been decided as far as the machine goes. */
const begunAndOpen = (rows: readonly { state: string; count: number }[]): number =>
  rows.reduce((sum, row) => sum + (row.state === 'open' ? row.count : 0), 0)

interface QueueRow {
  readonly queue: string
  readonly items: number
  readonly overdue: number
  readonly oldest: number | null
  readonly late: number | null
  readonly example: string | null
}

interface StuckRow {
  readonly kind: 'paused' | 'failed'
  readonly pipeline: string
  readonly why: string | null
  readonly count: number
  readonly since: number
  readonly example: string
}

interface HourRow {
  readonly state: string
  /** Since 1970. */
  readonly hour: number
  readonly count: number
}

/** Every hour of the stretch, those without a run too: a gap is a finding. */
function hoursFrom(since: Instant, now: Instant): readonly Instant[] {
  const first = Math.floor(since / hour)
  return Array.from({ length: Math.floor(now / hour) - first + 1 }, (_, n) => (first + n) * hour)
}
