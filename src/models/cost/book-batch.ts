import type { ProcessId, ReservationId, TenantId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'
import { priceJson } from './price-version.ts'
import type { Attempt, CostAlert, EndState, Standing } from './reservation.ts'
import type { Usage } from './usage.ts'

/** An attempt that asks to be admitted, under the id that it will have. */
export interface Ask {
  readonly does: 'ask'
  readonly id: ReservationId
  readonly process: ProcessId
  readonly attempt: Attempt
}

/** A reservation that ends. */
export interface End {
  readonly does: 'end'
  readonly tenant: TenantId
  readonly id: ReservationId
  readonly state: EndState
  /** The version that `actual` was computed by: must be the reservation's (C8). */
  readonly price?: string | undefined
  readonly actual?: bigint | undefined
  readonly why?: string | undefined
  readonly usage?: Usage | undefined
}

export interface Asked {
  readonly why: 'stop' | 'downgrade' | 'currency' | 'missing' | null
  readonly budget: string | null
  readonly period: string | null
  readonly currency: string | null
  readonly standing: Standing
}
export interface EndAnswer {
  /** The state that it is in now; null: there is no such reservation. */
  readonly state: EndState | 'held' | null
  readonly ended: boolean
}

interface Booked {
  readonly ended: readonly (EndAnswer & { readonly ordinal: number })[]
  readonly asked: readonly (Asked & { readonly ordinal: number })[]
  readonly alerts: readonly (Omit<CostAlert, 'tenant' | 'amount' | 'reservation'> & {
    readonly t: TenantId
    readonly amount: string
    readonly reservation: ReservationId | ''
  })[]
}

/** A batch waits for the locks of another process's at most so long (E8); what became of it then is asked by trying it again. */
const patience = { query_timeout: 5000 }

/**
 * Books a batch by `cost_book` (0002_cost.sql): one statement, one commit. Answers stand in the order of the batch. `kept` are the price versions
 * that were sent before, and is added to.
 *
 * Rejected: deciding admission here between two statements (two round trips with the rows locked), an update a level with the cap in its
 * condition (631 a second on one row, where batches made 11,333), and one table row a level (three times the rows).
 */
export async function bookBatch(
  pool: Pool,
  batch: readonly (Ask | End)[],
  { isAgain, kept }: { readonly isAgain: boolean; readonly kept: Set<string> },
): Promise<{ readonly answers: readonly (Asked | EndAnswer)[]; readonly alerts: readonly CostAlert[] }> {
  const asks = batch.flatMap((item, ordinal) => (item.does === 'ask' ? [askJson(item, ordinal)] : []))
  const ends = batch.flatMap((item, ordinal) => (item.does === 'end' ? [endJson(item, ordinal)] : []))
  const prices = pricesOf(batch, kept)
  const { rows } = await pool.query<{ booked: Booked }>({
    name: 'cost-book',
    text: 'select cost_book($1, $2, $3, $4) as booked',
    values: [jsonOf([...prices.values()]), jsonOf(ends), jsonOf(asks), isAgain],
    ...patience,
  })
  const [row] = rows
  if (!row) throw new Error('a function that answers one row answered none')
  for (const version of prices.keys()) kept.add(version)
  const answers: (Asked | EndAnswer)[] = []
  for (const { ordinal, ...answer } of [...row.booked.ended, ...row.booked.asked]) answers[ordinal] = answer
  return {
    answers,
    alerts: row.booked.alerts.map(({ t, amount, reservation, ...alert }) => ({
      ...alert,
      tenant: t,
      amount: BigInt(amount),
      ...(reservation !== '' && { reservation }),
    })),
  }
}

/** Nothing is null: the statement skips that part. */
const jsonOf = (rows: readonly object[]): string | null => (rows.length > 0 ? JSON.stringify(rows) : null)

/** Every version that the batch uses for the first time: it is kept before anything is held by it. */
function pricesOf(batch: readonly (Ask | End)[], kept: ReadonlySet<string>): Map<string, object> {
  const prices = new Map<string, object>()
  for (const item of batch) {
    if (item.does !== 'ask' || !item.attempt.price) continue
    const { tenant, price } = item.attempt
    const { version, provider, model, currency } = price
    const key = `${tenant} ${version}`
    if (!kept.has(key) && !prices.has(key))
      prices.set(key, { t: tenant, version, provider, model, currency, body: priceJson(price) })
  }
  return prices
}

const askJson = ({ id, process, attempt }: Ask, ordinal: number): object => ({
  ordinal,
  t: attempt.tenant,
  id,
  process,
  price: attempt.price?.version,
  currency: attempt.price?.currency,
  worst: attempt.price && attempt.worst?.toString(),
  budgets: attempt.budgets,
  may_downgrade: attempt.mayDowngrade ?? false,
  provider: attempt.provider,
  model: attempt.model,
  kind: attempt.facts.kind,
  call: attempt.facts.call,
  pipeline: attempt.facts.pipeline,
  run: attempt.facts.run,
  step: attempt.facts.step,
  task: attempt.facts.task,
  entity_type: attempt.facts.entity?.type,
  entity_id: attempt.facts.entity?.id,
})

const endJson = ({ tenant, id, state, price, actual, why, usage }: End, ordinal: number): object => ({
  ordinal,
  t: tenant,
  id,
  state,
  price,
  actual: actual?.toString(),
  why,
  tier: usage?.tier,
  input: usage?.input,
  cache_read: usage?.cacheRead,
  cache_write: usage?.cacheWrite,
  cache_write_long: usage?.cacheWriteLong,
  output: usage?.output,
  reasoning: usage?.reasoning,
})
