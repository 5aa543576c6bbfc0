import { setImmediate as turn } from 'node:timers/promises'

/** Milliseconds. */
export type Millis = number
/** Milliseconds since 1970. */
export type Instant = number

/**
 * Where time comes from. `now` is monotonic and counts durations; `today` is the wall clock and names moments.
 * No deadline is decided by `today`: the database's clock alone counts (E11).
 */
export interface Clock {
  /** A monotonic reading in milliseconds; its zero means nothing. */
  now(): Millis
  /** The wall clock: for ids and for what people read. */
  today(): Instant
  /** Calls `then` after at least `ms`; may fire a little early. The answer cancels it. */
  after(ms: Millis, then: () => void): () => void
  /** Resolves when every microtask has run dry. */
  turn(): Promise<void>
}

/** Longer timeouts than this overflow in Node and fire at once. */
const longestTimer = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.now(),
  today: () => Date.now(),
  after(ms, then) {
    const timer = setTimeout(then, Math.min(Math.max(0, ms) + 1, longestTimer))
    return () => clearTimeout(timer)
  },
  turn: () => turn(),
}
