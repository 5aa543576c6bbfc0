import type { Clock, Millis } from '../../core/clock.ts'

/** Two attempts of which one wins. They end with an outcome, never by rejecting. `T` is an attempt's outcome, `R` the reservation that the second one needs first (C3). */
export interface Race<T, R> {
  readonly clock: Clock
  /** When the second attempt is thought of. Undefined: never. */
  readonly after: Millis | undefined
  /** The caller's; it ends both, and goes on ending the winner's body. */
  readonly signal?: AbortSignal | undefined
  /** Reserved already. */
  first(signal: AbortSignal): Promise<T>
  /** Makes the reservation durable, or says no. */
  permit(): Promise<R | undefined>
  second(reservation: R, signal: AbortSignal): Promise<T>
  /** Permitted, but never started: the first attempt was over before. */
  release(reservation: R): void
  isAnswer(outcome: T): boolean
  /** The outcome that is not used, sooner or later: it is to be settled, and its body abandoned. Called once if the second attempt started. */
  lose(outcome: T, which: 'first' | 'second'): void
}

export interface Raced<T> {
  readonly outcome: T
  readonly by: 'first' | 'second'
  /** A second attempt was started. */
  readonly isHedged: boolean
}

/**
 * Runs the first attempt, and, if it is not over by then, a second one beside it; the first answer wins and the other attempt is aborted.
 *
 * 1. Nothing starts without its reservation, and each reservation of the second is used or released.
 * 2. An outcome of the first attempt that comes before the second has started is the outcome, an answer or not: what follows a failure is
 *    `nextMove`'s to say.
 * 3. When both fail, the first one's failure is told.
 * 4. A reservation that cannot be made (a database that is down) is a no: the call goes on as if nobody had thought of hedging.
 */
export async function race<T, R>(o: Race<T, R>): Promise<Raced<T>> {
  if (o.after === undefined)
    return { outcome: await o.first(o.signal ?? new AbortController().signal), by: 'first', isHedged: false }
  const [one, two] = [new AbortController(), new AbortController()]
  const first = o
    .first(withCaller(one, o.signal))
    .then((outcome): Raced<T> => ({ outcome, by: 'first', isHedged: true }))
  const alone = async (): Promise<Raced<T>> => ({ ...(await first), isHedged: false })
  if (await isOverWithin(first, o.after, o.clock)) return alone()

  const permitted = o.permit().catch(() => undefined)
  const early = await Promise.race([first.then(() => true), permitted.then(() => false)])
  if (early || o.signal?.aborted) {
    void permitted.then((reservation) => reservation !== undefined && o.release(reservation))
    return alone()
  }
  const reservation = await permitted
  if (reservation === undefined) return alone()

  const second = o
    .second(reservation, withCaller(two, o.signal))
    .then((outcome): Raced<T> => ({ outcome, by: 'second', isHedged: true }))
  const leader = await Promise.race([first, second])
  const other = leader.by === 'first' ? second : first
  const lose = ({ outcome, by }: Raced<T>): void => o.lose(outcome, by)
  if (o.isAnswer(leader.outcome)) {
    ;(leader.by === 'first' ? two : one).abort()
    void other.then(lose)
    return leader
  }
  const last = await other
  const isUsed = o.isAnswer(last.outcome) || last.by === 'first'
  lose(isUsed ? leader : last)
  return isUsed ? last : leader
}

const withCaller = (own: AbortController, caller: AbortSignal | undefined): AbortSignal =>
  caller ? AbortSignal.any([caller, own.signal]) : own.signal

async function isOverWithin(attempt: Promise<unknown>, ms: Millis, clock: Clock): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const cancel = clock.after(ms, () => resolve(false))
  try {
    return await Promise.race([attempt.then(() => true), late])
  } finally {
    cancel()
  }
}
