import type { Clock } from '../../core/clock.ts'
import { Breaker, type BreakerHealth, type BreakerLimits, defaultBreakerLimits } from './breaker.ts'

/** Owns: the breaker of each target, by its model version's digest. */
export class Breakers {
  readonly #clock: Clock
  readonly #limits: BreakerLimits
  readonly #breakers = new Map<string, Breaker>()

  constructor(clock: Clock, limits: BreakerLimits = defaultBreakerLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  of(target: string): Breaker {
    let breaker = this.#breakers.get(target)
    if (!breaker) this.#breakers.set(target, (breaker = new Breaker(this.#clock, this.#limits)))
    return breaker
  }

  /** Of targets that were called: who is not here is well. */
  health(): Readonly<Record<string, BreakerHealth>> {
    return Object.fromEntries([...this.#breakers].map(([target, breaker]) => [target, breaker.health()]))
  }

  /** Forgets targets that no route names any more. */
  keepOnly(targets: ReadonlySet<string>): void {
    for (const target of this.#breakers.keys()) if (!targets.has(target)) this.#breakers.delete(target)
  }
}
