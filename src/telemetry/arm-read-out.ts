import type { Pool } from '../store/pool.ts'
import { type Interval, meanOf, ranksOf, shareOf } from './intervals.ts'
import { Sketch } from './sketch.ts'

/** How an arm of a route has done, in one of its versions. */
export interface ArmReadOut {
  readonly routeVersion: string
  readonly arm: string
  /** Of the model that the arm leads to. */
  readonly version: string
  readonly calls: number
  /** Calls that failed in the end, and of which kind. */
  readonly errors: Interval
  readonly errorsByKind: Readonly<Record<string, number>>
  /** Another version had to answer. */
  readonly takenOver: Interval
  readonly schemaFailures: Interval
  /** Of the answers that a person decided about: rejected, or approved with other arguments. Absent: nobody decided yet. */
  readonly overturned?: Interval & { readonly decided: number }
  /** Milliseconds. */
  readonly p50: Interval
  readonly p95: Interval
  /** Of a call, in billionths, by currency. */
  readonly costs: readonly (Interval & { readonly currency: string; readonly calls: number })[]
}

interface Row {
  readonly route_version: string
  readonly arm: string
  readonly version: string
  readonly calls: string
  readonly taken_over: string
  readonly schema_failures: string
  readonly errors: Record<string, number>
  readonly costs: { currency: string; priced: number; cost: number; squares: number }[] | null
  readonly bins: number[]
  readonly counts: string[]
  readonly decided: string
  readonly overturned: string
}

/** Each arm of a route from one day on until another, both with (UTC, `2026-11-25`). */
export async function armReadOut(
  pool: Pool,
  {
    from,
    route,
    tenant,
    until,
  }: { readonly tenant: string; readonly route: string; readonly from: string; readonly until: string },
): Promise<readonly ArmReadOut[]> {
  const { rows } = await pool.query<Row>({
    name: 'arm-read-out',
    text: `with chosen as materialized (select * from arm_day where t = $1 and route = $2 and day between $3 and $4),
      summed as (
        select route_version, arm, version, sum(calls) as calls, sum(taken_over) as taken_over, sum(schema_failures) as schema_failures
        from chosen group by 1, 2, 3),
      failed as (
        select route_version, arm, version, jsonb_object_agg(kind, n) as errors from (
          select route_version, arm, version, kind, sum(n::bigint) as n from chosen, jsonb_each_text(errors) as e(kind, n) group by 1, 2, 3, 4) x
        group by 1, 2, 3),
      paid as (
        select route_version, arm, version, json_agg(json_build_object('currency', currency, 'priced', priced, 'cost', cost, 'squares', squares) order by currency) as costs
        from (select route_version, arm, version, currency, sum(priced) as priced, sum(cost) as cost, sum(cost_squares) as squares
          from chosen where currency <> '' group by 1, 2, 3, 4) x group by 1, 2, 3),
      took as (
        select route_version, arm, version, array_agg(bin order by bin) as bins, array_agg(n order by bin) as counts from (
          select route_version, arm, version, bin, sum(n)::bigint as n from chosen, unnest(bins, counts) as u(bin, n) group by 1, 2, 3, 4) x
        group by 1, 2, 3),
      judged as (
        select a.route_version, a.arm, a.version, count(*) as decided,
          count(*) filter (where d.verdict = 'reject' or d.action_digest is distinct from w.action_digest) as overturned
        from arm_answer a join work_item w on w.t = a.t and w.run = a.run and w.kind = 'approve' join decision d on d.t = w.t and d.item = w.id
        where a.t = $1 and a.route = $2 and a.at >= $3::date and a.at < $4::date + 1 group by 1, 2, 3)
      select s.*, coalesce(f.errors, '{}') as errors, p.costs, coalesce(k.bins, '{}') as bins, coalesce(k.counts, '{}') as counts,
        coalesce(j.decided, 0) as decided, coalesce(j.overturned, 0) as overturned
      from summed s left join failed f using (route_version, arm, version) left join paid p using (route_version, arm, version)
        left join took k using (route_version, arm, version) left join judged j using (route_version, arm, version)
      order by s.route_version, s.arm, s.version`,
    values: [tenant, route, from, until],
  })
  return rows.map(readOutOf)
}

function readOutOf(row: Row): ArmReadOut {
  const calls = Number(row.calls)
  const decided = Number(row.decided)
  const overturned = shareOf(Number(row.overturned), decided)
  const sketch = Sketch.of({ bins: row.bins, counts: row.counts.map(Number) })
  return {
    routeVersion: row.route_version,
    arm: row.arm,
    version: row.version,
    calls,
    errors: rate(
      Object.values(row.errors).reduce((sum, n) => sum + n, 0),
      calls,
    ),
    errorsByKind: row.errors,
    takenOver: rate(Number(row.taken_over), calls),
    schemaFailures: rate(Number(row.schema_failures), calls),
    ...(overturned && { overturned: { ...overturned, decided } }),
    p50: quantile(sketch, 0.5),
    p95: quantile(sketch, 0.95),
    costs: (row.costs ?? []).flatMap(({ cost, currency, priced, squares }) => {
      const mean = meanOf({ count: priced, sum: cost, squares })
      return mean ? [{ ...mean, currency, calls: priced }] : []
    }),
  }
}

const rate = (count: number, calls: number): Interval => shareOf(count, calls) ?? { value: 0, low: 0, high: 1 }

function quantile(sketch: Sketch, share: number): Interval {
  const { high, low } = ranksOf(share, sketch.count)
  const at = (rank: number): number => sketch.quantile(rank) ?? 0
  return { value: at(share), low: at(low), high: at(high) }
}
