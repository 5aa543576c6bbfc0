import type { Clock, Millis } from '../../core/clock.ts'
import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import { mintId, type ProcessId, type ReservationId, type TenantId } from '../../core/ids.ts'
import type { Random } from '../../core/random.ts'
import { GroupCommit } from '../../store/group-commit.ts'
import { isConnectionError, type Pool } from '../../store/pool.ts'
import { type Ask, type Asked, bookBatch, type End, type EndAnswer } from './book-batch.ts'
import { correct, type Correction } from './correction.ts'
import { showMoney } from '../../core/money.ts'
import { costOf } from './price.ts'
import { orphans } from './recovery.ts'
import type { Admission, Attempt, CostAlert, Ended, Reservation } from './reservation.ts'
import { isCounted, type Usage } from './usage.ts'

/** Asks and ends in one commit. Callers beyond wait for the next; more in one batch would lock the balances longer. */
const mostInBatch = 200
/**
 * Nobody waits for an end: it goes along with the next attempt's reservation, in one commit for both, or by itself after this. A call alone had
 * waited for the commit of the one before it; and what a process holds when it dies is longer by this.
 */
const endWaits: Millis = 5
/** Between two tries to book what must be booked, while Postgres is away. */
const pause: Millis = 1000
/** Longer than any statement lives in Postgres: what it has not committed by then never will be. */
const longestInDoubt: Millis = 30_000

/**
 * Owns: the reservations of this process, from `reserve` to their end. Does not own: prices, what the attempt was, when a process is dead.
 *
 * 1. `reserve` answers after the commit: who dispatches after it has a durable reservation (C3), which every level of the tree allowed (C1).
 * 2. One batch in flight, first in first out; what ends in it is taken off before what asks in it is admitted.
 * 3. A reservation ends once (C4). Its end is tried until it is booked: an outage of Postgres delays it, and loses nothing.
 * 4. What was asked in a batch that was lost is asked again under the same id; where nobody can say what became of it, it is withdrawn.
 * 5. A cost that cannot be told is the worst case, never zero (C6).
 */
export class SpendLedger {
  readonly #pool: Pool
  readonly #clock: Clock
  readonly #random: Random
  readonly #process: ProcessId
  readonly #onAlert: (alert: CostAlert) => void
  readonly #kept = new Set<string>()
  readonly #queue: GroupCommit<Ask | End, Asked | EndAnswer>

  /** `process` must keep its row in `process` beating: what a process holds that beats no more is assumed by the others. */
  constructor(options: {
    readonly pool: Pool
    readonly clock: Clock
    readonly random: Random
    readonly process: ProcessId
    /** Called once for each alert, by the process that caused it. */
    readonly onAlert?: (alert: CostAlert) => void
  }) {
    this.#pool = options.pool
    this.#clock = options.clock
    this.#random = options.random
    this.#process = options.process
    this.#onAlert = options.onAlert ?? (() => {})
    this.#queue = new GroupCommit({
      send: (batch) => this.#send(batch),
      most: mostInBatch,
      lane: (item) => (item.does === 'ask' ? item.attempt.tenant : item.tenant),
      patience: {
        isPatient: (item) => item.does === 'end',
        wait: (then) => void this.#clock.after(endWaits, then),
      },
    })
  }

  /** Holds the attempt's worst case at every level of its budgets. Call it before every attempt, retries, hedges and shadows too (C3). */
  async reserve(attempt: Attempt): Promise<Admission> {
    const isKnown = attempt.price !== undefined && attempt.worst !== undefined
    const [budget] = attempt.budgets
    if (!isKnown && budget !== undefined) return refused(unknownPrice(attempt, budget)) // C6
    const priced = isKnown ? attempt : { ...attempt, price: undefined, worst: undefined }
    const id = mintId('res', this.#clock.today(), this.#random)
    const answer = await this.#ask({ does: 'ask', id, process: this.#process, attempt: priced })
    if (answer.why !== null) return refusal(priced, answer)
    const { tenant, price, worst } = priced
    return { outcome: 'admitted', reservation: { id, tenant, price, held: worst, standing: answer.standing } }
  }

  /** Books what the attempt used, by the price that it was admitted with (C8); more than it held is booked in full (C5). */
  async settle(reservation: Reservation, usage: Usage): Promise<Ended> {
    const end = tell(reservation, usage)
    const ended = await this.#end(reservation, end).catch((error: unknown) => {
      if (isMillraceError(error)) throw error
      return this.assume(reservation, 'not-bookable') // a sum or a tier's name that Postgres does not take
    })
    const excess = (end.actual ?? 0n) - (reservation.held ?? 0n)
    // Another process took this one for dead and assumed the worst case, which was not the worst: the rest is not lost (C5, C7).
    if (!ended.isFirst && ended.state === 'assumed' && excess > 0n)
      await this.correct({
        tenant: reservation.tenant,
        id: reservation.id,
        ...lateSettlement,
        amount: excess,
        by: this.#process,
      })
    return ended
  }

  /** Books the worst case: the attempt was sent, and what it used cannot be told (a broken stream, a client that hung up). */
  assume(reservation: Reservation, why: string): Promise<Ended> {
    return this.#end(reservation, { state: 'assumed', why })
  }

  /** Gives back what was held. Only for an attempt of which it is certain that it was never sent. */
  release(reservation: Reservation, why: string): Promise<Ended> {
    return this.#end(reservation, { state: 'released', why })
  }

  /** Adds to (or takes from) what an ended reservation cost, as a new row (C7). Errors: `cost/not-held`. */
  async correct(correction: Correction): Promise<void> {
    for (const alert of await correct(this.#pool, correction)) this.#onAlert(alert)
  }

  /** Assumes what dead processes left held, of every tenant. Answers how many. Any process may, at any time: an end happens once (C4). */
  async recover(): Promise<number> {
    let recovered = 0
    for (;;) {
      const left = await orphans(this.#pool, this.#process, mostInBatch)
      const ended = await Promise.all(
        left.map((orphan) => this.#queue.add({ does: 'end', ...orphan, state: 'assumed', why: 'process-died' })),
      )
      recovered += ended.filter((answer) => 'ended' in answer && answer.ended).length
      if (left.length < mostInBatch) return recovered
    }
  }

  async #ask(ask: Ask): Promise<Asked> {
    try {
      return asAsked(await this.#queue.add(ask))
    } catch (error) {
      if (isConnectionError(error)) void this.#withdraw(ask.attempt.tenant, ask.id)
      throw error
    }
  }

  /** The batch may be committed yet: as long as that can be, it is looked for, and released. */
  async #withdraw(tenant: TenantId, id: ReservationId): Promise<void> {
    const until = this.#clock.now() + longestInDoubt
    for (;;) {
      const { state } = await this.#booked({ does: 'end', tenant, id, state: 'released', why: 'withdrawn' })
      if (state !== null || this.#clock.now() >= until) return
      await this.#pause()
    }
  }

  async #end({ tenant, id, held }: Reservation, end: EndTold): Promise<Ended> {
    const answer = await this.#booked({ does: 'end', tenant, id, ...end })
    if (answer.state === null) throw notHeld(id, 'there is none of that id')
    if (answer.state === 'held') throw notHeld(id, 'it was admitted with another price')
    const cost = !answer.ended || end.state === 'released' ? 0n : end.state === 'assumed' ? held : end.actual
    return { state: answer.state, isFirst: answer.ended, cost }
  }

  async #booked(end: End): Promise<EndAnswer> {
    for (;;)
      try {
        return asEnded(await this.#queue.add(end))
      } catch (error) {
        if (!isConnectionError(error)) throw error
        await this.#pause()
      }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#clock.after(pause, resolve))
  }

  async #send(batch: readonly (Ask | End)[]): Promise<readonly (Asked | EndAnswer | Error)[]> {
    try {
      return await this.#book(batch, false)
    } catch (error) {
      if (isConnectionError(error)) return this.#book(batch, true)
      if (batch.length === 1) throw error
      const answers: (Asked | EndAnswer | Error)[] = []
      for (const item of batch)
        // one that Postgres does not take must not fail the others
        answers.push(...(await this.#book([item], false).catch((own: unknown) => [asError(own)])))
      return answers
    }
  }

  async #book(batch: readonly (Ask | End)[], isAgain: boolean): Promise<readonly (Asked | EndAnswer)[]> {
    const { answers, alerts } = await bookBatch(this.#pool, batch, { isAgain, kept: this.#kept })
    for (const alert of alerts) this.#onAlert(alert)
    return answers
  }
}

type EndTold = Omit<End, 'does' | 'tenant' | 'id'>

/** How a reservation ends whose attempt reported this usage. */
function tell({ price }: Reservation, usage: Usage): EndTold {
  if (!isCounted(usage)) return { state: 'assumed', why: 'usage-unreadable' }
  if (!price) return { state: 'settled', usage }
  const actual = costOf(price, usage)
  if (actual === undefined) return { state: 'assumed', why: 'cost-unknown', usage } // C6
  return { state: 'settled', usage, price: price.version, actual }
}

const lateSettlement = { key: 'late-settlement', reason: 'settled after it was assumed' }
const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
const asAsked = (answer: Asked | EndAnswer): Asked => answer as Asked // the answer to an `Ask`
const asEnded = (answer: Asked | EndAnswer): EndAnswer => answer as EndAnswer // the answer to an `End`

const refused = (error: MillraceError): Admission => ({ outcome: 'refused', error })
const notHeld = (reservation: string, why: string): MillraceError =>
  new MillraceError('cost/not-held', { reservation, why })
const unknownPrice = ({ provider, model }: Attempt, budget: string): MillraceError =>
  new MillraceError('cost/unknown-price', { model: `${provider}/${model}`, budget })

function refusal({ price, worst }: Attempt, { why, budget, period, currency }: Asked): Admission {
  const name = budget ?? ''
  if (why === 'missing') return refused(new MillraceError('cost/no-such-budget', { budget: name }))
  const paid = price?.currency ?? ''
  if (why === 'currency')
    return refused(new MillraceError('cost/wrong-currency', { budget: name, expected: currency ?? '', actual: paid }))
  const error = new MillraceError('cost/over-budget', {
    budget: name,
    period: period ?? '',
    worst: showMoney(worst ?? 0n, paid),
  })
  return { outcome: why === 'downgrade' ? 'downgrade' : 'refused', error }
}
