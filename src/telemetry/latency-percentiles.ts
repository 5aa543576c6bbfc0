import type { Instant, Millis } from '../core/clock.ts'
import type { Pool } from '../store/pool.ts'
import { Sketch } from './sketch.ts'

/** By what calls are told apart. An endpoint is a route in a dialect. */
export const latencyGroups = ['route', 'model', 'task'] as const
export type LatencyGroup = (typeof latencyGroups)[number]

export interface Percentiles {
  readonly count: number
  readonly mean: Millis
  readonly p50: Millis
  readonly p95: Millis
  readonly p99: Millis
  readonly most: Millis
}

export interface LatencyFigures {
  /** Of the group: the route, the model, or the task; empty: none was named, or nobody was asked. */
  readonly name: string
  /** Of endpoints alone. */
  readonly dialect?: string
  readonly total: Percentiles
  /** Until the first content of a stream. */
  readonly firstContent?: Percentiles
}

interface Row {
  readonly name: string
  readonly dialect: string
  readonly kind: string
  readonly count: string
  readonly total: number
  readonly most: number
  readonly bins: number[]
  readonly counts: string[]
}

const columns = { route: 'route', model: 'model', task: 'task' } as const

/**
 * What calls took from one moment on until another, in whole minutes (whole hours where they are old). All processes and minutes are added up,
 * bin by bin, in the database, and percentiles read from the sum: an average of percentiles is the percentile of nothing.
 */
export async function latencyPercentiles(
  pool: Pool,
  o: { readonly tenant: string; readonly from: Instant; readonly until: Instant; readonly by: LatencyGroup },
): Promise<readonly LatencyFigures[]> {
  const dialect = o.by === 'route' ? 'dialect' : `''`
  const { rows } = await pool.query<Row>({
    name: `latency-by-${o.by}`,
    text: `with chosen as (
        select ${columns[o.by]} as name, ${dialect} as dialect, kind, count, total, most, bins, counts from call_latency
        where t = $1 and at >= to_timestamp($2 / 1000.0) and at < to_timestamp($3 / 1000.0)
      ), added as (
        select name, dialect, kind, bin, sum(n)::bigint as n from chosen, unnest(bins, counts) as u(bin, n) group by 1, 2, 3, 4
      ), sketch as (
        select name, dialect, kind, array_agg(bin order by bin) as bins, array_agg(n order by bin) as counts from added group by 1, 2, 3
      )
      select name, dialect, kind, sum(count)::bigint as count, sum(total) as total, max(most) as most, s.bins, s.counts
      from chosen join sketch s using (name, dialect, kind) group by 1, 2, 3, s.bins, s.counts order by 1, 2, 3`,
    values: [o.tenant, o.from, o.until],
  })
  return [...Map.groupBy(rows, ({ dialect: spoken, name }) => `${name}\0${spoken}`).values()].flatMap((kinds) => {
    const total = kinds.find(({ kind }) => kind === 'total')
    const first = kinds.find(({ kind }) => kind === 'first-content')
    if (!total) return []
    return {
      name: total.name,
      ...(o.by === 'route' && { dialect: total.dialect }),
      total: percentilesOf(total),
      ...(first && { firstContent: percentilesOf(first) }),
    }
  })
}

function percentilesOf({ bins, count, counts, most, total }: Row): Percentiles {
  const sketch = Sketch.of({ bins, counts: counts.map(Number) })
  const at = (share: number): number => Math.min(sketch.quantile(share) ?? 0, most)
  return { count: Number(count), mean: total / Number(count), p50: at(0.5), p95: at(0.95), p99: at(0.99), most }
}
