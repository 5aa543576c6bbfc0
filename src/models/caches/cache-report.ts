import type { TenantId } from '../../core/ids.ts'
import type { Nano } from '../../core/money.ts'
import type { Pool } from '../../store/pool.ts'

/** What the caches did for one route. */
export interface CacheReport {
  readonly route: string
  readonly exactHits: number
  readonly semanticHits: number
  readonly misses: number
  /** Hits among the calls that were looked for; undefined where there were none. */
  readonly hitRate: number | undefined
  readonly kept: number
  readonly evicted: number
  /** Calls that were not looked for, near questions that were not taken for the same, answers that were not kept: by why. */
  readonly passed: Readonly<Record<string, number>>
  readonly refused: Readonly<Record<string, number>>
  readonly unkept: Readonly<Record<string, number>>
  /** What the hits had cost when they were asked. */
  readonly saved: readonly { readonly currency: string; readonly nano: Nano }[]
}

/** What the caches did, by route; from and until are days (UTC, `2026-11-25`). Reads a few rows a route and day, never the calls. */
export async function cacheReport(
  pool: Pool,
  o: { readonly tenant: TenantId; readonly route?: string; readonly from: string; readonly until: string },
): Promise<readonly CacheReport[]> {
  const { rows } = await pool.query<{ route: string; measure: string; amount: string }>(
    `select route, measure, sum(amount) as amount from cache_day
      where t = $1 and ($2::text is null or route = $2) and day between $3 and $4 group by route, measure order by route, measure`,
    [o.tenant, o.route ?? null, o.from, o.until],
  )
  const routes = new Map<string, Map<string, string>>()
  for (const { amount, measure, route } of rows) {
    const measures = routes.get(route) ?? new Map<string, string>()
    routes.set(route, measures.set(measure, amount))
  }
  return [...routes].map(([route, measures]) => reportOf(route, measures))
}

/** Of a route of which nothing is counted. */
export const emptyReport = (route: string): CacheReport => reportOf(route, new Map())

function reportOf(route: string, measures: ReadonlyMap<string, string>): CacheReport {
  const count = (measure: string): number => Number(measures.get(measure) ?? 0)
  const by = (kind: string): readonly (readonly [string, string])[] =>
    [...measures].flatMap(([measure, amount]) =>
      measure.startsWith(`${kind}:`) ? [[measure.slice(kind.length + 1), amount] as const] : [],
    )
  const counts = (kind: string): Record<string, number> =>
    Object.fromEntries(by(kind).map(([why, amount]) => [why, Number(amount)]))
  const [exactHits, semanticHits, misses] = [count('exact-hit'), count('semantic-hit'), count('miss')]
  const looked = exactHits + semanticHits + misses
  return {
    route,
    exactHits,
    semanticHits,
    misses,
    hitRate: looked === 0 ? undefined : (exactHits + semanticHits) / looked,
    kept: count('kept'),
    evicted: count('evicted'),
    passed: counts('passed'),
    refused: counts('refused'),
    unkept: counts('unkept'),
    saved: by('saved').map(([currency, nano]) => ({ currency, nano: BigInt(nano) })),
  }
}

/** What a route has in its cache now. */
export async function cacheSize(
  pool: Pool,
  { route, tenant }: { readonly tenant: TenantId; readonly route: string },
): Promise<{ readonly answers: number; readonly bytes: number }> {
  const { rows } = await pool.query<{ answers: number; bytes: string }>(
    `select count(*)::int as answers, coalesce(sum(octet_length(body)), 0) as bytes from answer_cache
      where t = $1 and route = $2 and expires > clock_timestamp()`,
    [tenant, route],
  )
  return { answers: rows[0]?.answers ?? 0, bytes: Number(rows[0]?.bytes ?? 0) }
}
