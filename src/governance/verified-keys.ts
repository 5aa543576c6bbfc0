import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock, Millis } from '../core/clock.ts'
import type { Verified } from './api-keys.ts'

/** A key that is older here is looked at again, beside the call that used it. */
const freshFor: Millis = 800
/** One that is older is not believed: whoever is revoked is out within two seconds, everywhere. */
const believedFor: Millis = 1800
const mostKept = 10_000

interface Kept {
  readonly verified: Verified
  /** When its look began. */
  readonly asOf: Millis
  isAsked: boolean
}

/**
 * Owns: the keys that this process has seen valid in the last moments, so that a call waits for no look at them. Does not own: what makes one
 * valid.
 *
 * 1. What is answered was true less than `believedFor` ago, counted from before it was looked at.
 * 2. No secret is kept, but its hash; of one that opened nothing not even that.
 */
export class VerifiedKeys {
  readonly #verify: (secret: string) => Promise<Verified | undefined>
  readonly #clock: Clock
  readonly #kept = new LRUCache<string, Kept>({ max: mostKept })

  constructor(options: { readonly verify: (secret: string) => Promise<Verified | undefined>; readonly clock: Clock }) {
    this.#verify = options.verify
    this.#clock = options.clock
  }

  /** As `ApiKeys.verify`. */
  async verify(secret: string): Promise<Verified | undefined> {
    const name = hash('sha256', secret, 'base64url')
    const kept = this.#kept.get(name)
    const age = kept ? this.#clock.now() - kept.asOf : Number.POSITIVE_INFINITY
    if (!kept || age >= believedFor) return this.#look(secret, name)
    if (age >= freshFor && !kept.isAsked) {
      kept.isAsked = true
      void this.#look(secret, name).catch(() => (kept.isAsked = false)) // the next call asks again; soon nobody believes this one
    }
    return kept.verified
  }

  /** Nothing that was seen before counts. */
  forget(): void {
    this.#kept.clear()
  }

  async #look(secret: string, name: string): Promise<Verified | undefined> {
    const asOf = this.#clock.now()
    const verified = await this.#verify(secret)
    if (verified) this.#kept.set(name, { verified, asOf, isAsked: false })
    else this.#kept.delete(name)
    return verified
  }
}
