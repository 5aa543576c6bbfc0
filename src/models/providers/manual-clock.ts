import type { Clock, Instant, Millis } from '../../core/clock.ts'
import { systemClock } from '../../core/clock.ts'

/** For tests over real sockets: time that stands still until `advance`, while input and output go on. */
export class ManualClock implements Clock {
  #time: Instant = Date.UTC(2026, 0, 5, 9)
  readonly #timers = new Set<{ readonly at: Instant; readonly then: () => void }>()

  now(): Millis {
    return this.#time
  }

  today(): Instant {
    return this.#time
  }

  after(ms: Millis, then: () => void): () => void {
    const timer = { at: this.#time + Math.max(0, ms), then }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  turn(): Promise<void> {
    return systemClock.turn()
  }

  /** Timers that were set and neither fired nor cancelled: none may be left behind. */
  get timers(): number {
    return this.#timers.size
  }

  /** Time goes by; what is due fires in its order, and what that sets too, if it is due as well. */
  advance(ms: Millis): void {
    const until = this.#time + ms
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0]
      if (!due) break
      this.#timers.delete(due)
      this.#time = Math.max(this.#time, due.at)
      due.then()
    }
    this.#time = until
  }
}
