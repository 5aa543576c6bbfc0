import type { ReservationId, RunId, TenantId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'
import type { Nano } from '../../core/money.ts'
import type { AttemptKind, CostAlert, EndState } from './reservation.ts'

export type Dimension = 'model' | 'task' | 'pipeline' | 'entity'

export interface ReportRequest {
  readonly tenant: TenantId
  readonly by: Dimension
  /** The first and the last day (UTC, `2026-11-25`), of the attempts. */
  readonly from: string
  readonly until: string
  /** By key, page after page: everything. By cost, the dearest first: one page. */
  readonly order?: 'key' | 'cost'
  readonly limit?: number
  /** Where the page before ended; with `order: 'key'` only. */
  readonly after?: ReportPosition | undefined
}

export interface ReportPosition {
  readonly key: string
  readonly currency: string
}

/** What the attempts of one key cost, in one currency. */
export interface ReportLine {
  /** `openai/gpt-5`, a task, a pipeline, `customer/42`; empty: attempts that have none. */
  readonly key: string
  /** Empty: attempts whose price is not known. */
  readonly currency: string
  readonly attempts: number
  /** Of those: booked as the worst case, since their use could not be told. */
  readonly assumed: number
  /** Of those: of unknown cost, and so not in `cost` (C6). */
  readonly unknown: number
  readonly cost: Nano
  readonly input: number
  readonly output: number
}

const usualPage = 50
const longestPage = 500
const limitOf = (limit = usualPage): number => Math.min(Math.max(Math.floor(limit), 1), longestPage)

/**
 * What attempts cost that have ended. Reads a row a key and day, never the attempts: `cost_day` is kept with every settlement and correction.
 * By key it walks its primary key, so that a page costs what it shows.
 */
export async function costReport(
  pool: Pool,
  request: ReportRequest,
): Promise<{ readonly lines: readonly ReportLine[]; readonly next: ReportPosition | undefined }> {
  const { tenant, by, from, until, order = 'key', after } = request
  const limit = limitOf(request.limit)
  const { rows } = await pool.query<Record<keyof ReportLine, string>>(
    `select key, currency, sum(attempts) as attempts, sum(assumed) as assumed, sum(unknown) as unknown, sum(cost) as cost,
        sum(input) as input, sum(output) as output
      from cost_day where t = $1 and dimension = $2 and day between $3 and $4 ${after ? 'and (key, currency) > ($6, $7)' : ''}
      group by key, currency order by ${order === 'key' ? 'key, currency' : 'sum(cost) desc, key, currency'} limit $5`,
    [tenant, by, from, until, limit + 1, ...(after ? [after.key, after.currency] : [])], // one more tells whether a page follows
  )
  const lines = rows.slice(0, limit).map((row) => ({
    key: row.key,
    currency: row.currency,
    attempts: Number(row.attempts),
    assumed: Number(row.assumed),
    unknown: Number(row.unknown),
    cost: BigInt(row.cost),
    input: Number(row.input),
    output: Number(row.output),
  }))
  const last = lines.at(-1)
  const next = order === 'key' && rows.length > limit && last ? { key: last.key, currency: last.currency } : undefined
  return { lines, next }
}

/** One attempt of a run, for its lineage. */
export interface AttemptCost {
  readonly id: ReservationId
  readonly step: string | undefined
  readonly kind: AttemptKind
  readonly model: string
  readonly state: 'held' | EndState
  readonly price: string | undefined
  readonly currency: string | undefined
  readonly held: Nano | undefined
  /** What was booked, corrections included; undefined while it is held, and where it is not known (C6). */
  readonly cost: Nano | undefined
}

/** The attempts of a run in the order in which they were made; `after` is the last id of the page before. */
export async function attemptsOfRun(
  pool: Pool,
  { tenant, run, after = '', limit }: { tenant: TenantId; run: RunId; after?: string; limit?: number },
): Promise<readonly AttemptCost[]> {
  const { rows } = await pool.query<
    Record<'step' | 'price' | 'currency' | 'held' | 'cost', string | null> &
      Pick<AttemptCost, 'id' | 'kind' | 'model' | 'state'>
  >(
    `select r.id, r.step, r.kind, r.provider || '/' || r.model as model, r.state, r.price, r.currency, r.held,
        r.actual + coalesce((select sum(c.amount) from cost_correction c where c.t = r.t and c.reservation = r.id), 0) as cost
      from reservation r where r.t = $1 and r.run = $2 and r.id > $3 order by r.id limit $4`,
    [tenant, run, after, limitOf(limit)],
  )
  return rows.map(({ step, price, currency, held, cost, ...row }) => ({
    ...row,
    step: step ?? undefined,
    price: price ?? undefined,
    currency: currency ?? undefined,
    held: held === null ? undefined : BigInt(held),
    cost: cost === null ? undefined : BigInt(cost),
  }))
}

/** The newest alerts of a tenant, the newest first. */
export async function newestAlerts(
  pool: Pool,
  { tenant, limit }: { tenant: TenantId; limit?: number },
): Promise<readonly (CostAlert & { readonly at: Date })[]> {
  const { rows } = await pool.query<
    Omit<CostAlert, 'tenant' | 'amount' | 'reservation'> & { amount: string; reservation: ReservationId | ''; at: Date }
  >('select budget, period, kind, reservation, amount, at from cost_alert where t = $1 order by at desc limit $2', [
    tenant,
    limitOf(limit),
  ])
  return rows.map(({ reservation, amount, ...alert }) => ({
    ...alert,
    tenant,
    amount: BigInt(amount),
    ...(reservation !== '' && { reservation }),
  }))
}
