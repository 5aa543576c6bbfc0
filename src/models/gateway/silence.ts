import type { Clock, Millis } from '../../core/clock.ts'

/** Proxies and clients take a connection for dead that is silent for longer. */
const silence: Millis = 10_000
/** How often waits are looked at: a timer for each event of each stream would cost more than the event. */
const lookEvery: Millis = 500

interface Wait {
  readonly until: Millis
  readonly end: () => void
}

/** Owns: the waits of all streams for their next event, under one timer that runs while there are any. */
export class Silences {
  readonly #clock: Clock
  readonly #waits = new Set<Wait>()
  #isLooking = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What comes, or word that nothing came for long enough that the client needs a sign of life. */
  async or<T>(pending: Promise<T>): Promise<T | 'silent'> {
    const { promise, resolve } = Promise.withResolvers<'silent'>()
    const wait: Wait = { until: this.#clock.now() + silence, end: () => resolve('silent') }
    this.#waits.add(wait)
    if (!this.#isLooking) this.#lookLater()
    try {
      return await Promise.race([pending, promise])
    } finally {
      this.#waits.delete(wait)
    }
  }

  readonly #look = (): void => {
    const now = this.#clock.now()
    for (const wait of this.#waits) if (wait.until <= now) wait.end()
    this.#isLooking = false
    if (this.#waits.size > 0) this.#lookLater()
  }

  #lookLater(): void {
    this.#isLooking = true
    this.#clock.after(lookEvery, this.#look)
  }
}
