import type { Clock, Millis } from '../../core/clock.ts'
import type { TenantId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'
import type { Unkept } from './admission.ts'
import type { Passed } from './question.ts'
import type { Difference } from './same-facts.ts'

/** Why a near question's answer was not given: the facts differ, or it could not be looked for. */
export type RefusedNear = Difference | 'gone' | 'no-vector' | 'no-encoder'

export type Measure =
  | 'exact-hit'
  | 'semantic-hit'
  | 'miss'
  | 'kept'
  | 'evicted'
  /** Nobody looked. */
  | `passed:${Passed | 'no-cache' | 'failed'}`
  /** Something was near, and was not given. The call is a miss as well. */
  | `refused:${RefusedNear}`
  | `unkept:${Unkept | Passed | 'busy' | 'failed'}`
  /** What hits cost when they were asked, in nano-units of the currency. */
  | `saved:${string}`

export interface CacheCount {
  readonly tenant: TenantId
  readonly route: string
  readonly measure: Measure
  readonly amount: bigint
}

const writeEvery: Millis = 5000

/**
 * Owns: what the caches of this process did: since it began, and what is not in the database yet. Counts are for people and lose at most five
 * seconds with a process; the money of calls is in the ledger, and loses nothing.
 */
export class CacheCounts {
  readonly #pool: Pool
  readonly #clock: Clock
  readonly #all = new Map<string, CacheCount>()
  #fresh = new Map<string, CacheCount>()
  #cancel: (() => void) | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor({ clock, pool }: { readonly pool: Pool; readonly clock: Clock }) {
    this.#pool = pool
    this.#clock = clock
  }

  add(tenant: TenantId, route: string, measure: Measure, amount = 1n): void {
    if (amount === 0n) return
    const count = { tenant, route, measure, amount }
    addTo(this.#all, count)
    addTo(this.#fresh, count)
    this.#cancel ??= this.#clock.after(writeEvery, () => {
      this.#cancel = undefined
      void this.write()
    })
  }

  /** What this process has counted since it began. */
  snapshot(): readonly CacheCount[] {
    return [...this.#all.values()]
  }

  /** Writes what is not written. What fails is tried again with what comes next. */
  write(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async close(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    await this.write()
  }

  async #write(): Promise<void> {
    if (this.#fresh.size === 0) return
    const counts = [...this.#fresh].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => count) // one order: no deadlock
    this.#fresh = new Map()
    try {
      await this.#pool.query({
        name: 'cache-counts',
        text: `insert into cache_day (t, route, day, measure, amount)
          select t, route, (clock_timestamp() at time zone 'UTC')::date, measure, amount
          from unnest($1::text[], $2::text[], $3::text[], $4::numeric[]) as x(t, route, measure, amount)
          on conflict (t, route, day, measure) do update set amount = cache_day.amount + excluded.amount`,
        values: [
          counts.map(({ tenant }) => tenant),
          counts.map(({ route }) => route),
          counts.map(({ measure }) => measure),
          counts.map(({ amount }) => String(amount)),
        ],
      })
    } catch {
      for (const count of counts) addTo(this.#fresh, count)
    }
  }
}

function addTo(counts: Map<string, CacheCount>, count: CacheCount): void {
  const name = `${count.tenant}\0${count.route}\0${count.measure}`
  counts.set(name, { ...count, amount: (counts.get(name)?.amount ?? 0n) + count.amount })
}
