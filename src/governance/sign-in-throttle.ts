import type { Clock, Instant } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'

const within = 15 * 60_000
/** Names and addresses that are remembered; the oldest is forgotten first. */
const mostKnown = 10_000
/** More sign-ins than these at once are refused before anything is hashed: the queue of hashes stays short. */
const mostAtOnce = 32

/**
 * Owns: how often a sign-in is tried, in this process.
 *
 * 1. A try counts before its password is checked: many at once count as many.
 * 2. Tries from one address against one name are few, those of an address more, and those of a name many: whoever tries a person's
 *    name from elsewhere does not lock the person out for good, since each count ends after fifteen minutes.
 */
export class SignInThrottle {
  readonly #clock: Clock
  readonly #tries = new Map<string, { count: number; readonly since: Instant }>()
  #running = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Errors: `governance/too-many-tries`. */
  async through<T>(address: string, login: string, work: () => Promise<T | undefined>): Promise<T | undefined> {
    const counted: readonly (readonly [string, number])[] = [
      [`both ${address} ${login}`, 5],
      [`address ${address}`, 50],
      [`name ${login}`, 100],
    ]
    if (this.#running >= mostAtOnce || counted.some(([key, most]) => this.#countOf(key) >= most))
      throw new MillraceError('governance/too-many-tries', {})
    for (const [key] of counted) this.#count(key)
    this.#running++
    try {
      const done = await work()
      if (done !== undefined) this.#tries.delete(`both ${address} ${login}`)
      return done
    } finally {
      this.#running--
    }
  }

  #countOf(key: string): number {
    const known = this.#tries.get(key)
    if (!known) return 0
    if (this.#clock.now() - known.since < within) return known.count
    this.#tries.delete(key)
    return 0
  }

  #count(key: string): void {
    const known = this.#tries.get(key)
    if (known) known.count++
    else this.#tries.set(key, { count: 1, since: this.#clock.now() })
    const [oldest] = this.#tries.keys()
    if (this.#tries.size > mostKnown && oldest !== undefined) this.#tries.delete(oldest)
  }
}
