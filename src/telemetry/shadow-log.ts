import type { Instant, Millis } from '../core/clock.ts'
import type { Nano } from '../core/money.ts'
import type { Pool } from '../store/pool.ts'
import { named } from './measured-call.ts'
import { type Interval, shareOf } from './intervals.ts'

/** A shadow's answer beside the one that the client got. No text of either. */
export interface ComparedShadow {
  readonly tenant: string
  readonly call: string
  readonly route: string
  /** Of the shadow's model. */
  readonly version: string
  readonly at: Instant
  /** Absent: one of them could not be read. */
  readonly agrees?: boolean
  readonly error?: string
  readonly ms: Millis
  readonly cost?: { readonly nano: Nano; readonly currency: string }
}

export interface ShadowReadOut {
  readonly version: string
  readonly calls: number
  readonly failed: Interval
  /** Of those that could be compared: said the same. Absent: none could. */
  readonly agreed?: Interval & { readonly compared: number }
  /** Milliseconds, on average. */
  readonly ms: number
  /** Nano-units, by currency. */
  readonly costs: readonly { readonly currency: string; readonly nano: string }[]
}

const mostWaiting = 10_000

/** Owns: comparisons of shadows on their way into the database. What comes beyond `mostWaiting` while that is away is lost, and counted. */
export class ShadowLog {
  readonly #pool: Pool
  #waiting: ComparedShadow[] = []
  lost = 0

  constructor(pool: Pool) {
    this.#pool = pool
  }

  add(compared: ComparedShadow): void {
    if (this.#waiting.length < mostWaiting) this.#waiting.push(compared)
    else this.lost++
  }

  /** Errors: those of the database; what was to be written then is written with the next. */
  async flush(): Promise<void> {
    const rows = this.#waiting.splice(0)
    if (rows.length === 0) return
    try {
      await this.#pool.query({
        name: 'shadow-comparison',
        text: `insert into shadow_comparison (t, call, version, route, at, agreed, error, ms, currency, cost)
          select t, call, version, route, to_timestamp(at / 1000.0), agreed, error, ms, currency, nano
          from json_to_recordset($1) as x(t text, call text, version text, route text, at float8, agreed boolean, error text, ms float8, currency text, nano bigint)
          on conflict do nothing`,
        values: [
          JSON.stringify(
            rows.map(({ agrees, at, call, cost, error, ms, route, tenant, version }) => ({
              t: tenant,
              call,
              version,
              route: named(route),
              at,
              agreed: agrees,
              error,
              ms,
              currency: cost?.currency,
              nano: cost && String(cost.nano),
            })),
          ),
        ],
      })
    } catch (error) {
      this.#waiting.unshift(...rows)
      throw error
    }
  }
}

interface Row {
  readonly version: string
  readonly calls: string
  readonly failed: string
  readonly compared: string
  readonly agreed: string
  readonly ms: number
  readonly costs: { currency: string; nano: string }[] | null
}

/** Each shadow of a route from one day on until another, both with. */
export async function shadowReadOut(
  pool: Pool,
  {
    from,
    route,
    tenant,
    until,
  }: { readonly tenant: string; readonly route: string; readonly from: string; readonly until: string },
): Promise<readonly ShadowReadOut[]> {
  const { rows } = await pool.query<Row>({
    name: 'shadow-read-out',
    text: `with chosen as materialized (select * from shadow_comparison where t = $1 and route = $2 and at >= $3::date and at < $4::date + 1),
      paid as (select version, json_agg(json_build_object('currency', currency, 'nano', nano::text) order by currency) as costs
        from (select version, currency, sum(cost) as nano from chosen where currency is not null group by 1, 2) x group by 1),
      asked as (select version, count(*) as calls, count(error) as failed, count(agreed) as compared, count(*) filter (where agreed) as agreed,
        avg(ms) as ms from chosen group by 1)
      select asked.*, p.costs from asked left join paid p using (version) order by version`,
    values: [tenant, route, from, until],
  })
  return rows.map(({ agreed, calls, compared, costs, failed, ms, version }) => {
    const share = shareOf(Number(agreed), Number(compared))
    return {
      version,
      calls: Number(calls),
      failed: shareOf(Number(failed), Number(calls)) ?? { value: 0, low: 0, high: 1 },
      ...(share && { agreed: { ...share, compared: Number(compared) } }),
      ms,
      costs: costs ?? [],
    }
  })
}
