import { CircuitState, CountBreaker } from 'cockatiel'
import type { Clock, Millis } from '../../core/clock.ts'
import type { Failure } from './failure.ts'
import { classOf } from './next-move.ts'

export interface BreakerLimits {
  /** Opens when more than this share of the last `window` calls failed, and at least `fewest` were made. */
  readonly threshold: number
  readonly window: number
  readonly fewest: number
  /** How long it stays open; doubled each time that the probe fails, up to `longestRest`. */
  readonly rest: Millis
  readonly longestRest: Millis
  /** A probe that was not reported by then no longer keeps others from probing. */
  readonly longestProbe: Millis
}

export const defaultBreakerLimits: BreakerLimits = {
  threshold: 0.5,
  window: 20,
  fewest: 10,
  rest: 5000,
  longestRest: 120_000,
  longestProbe: 60_000,
}

/** `unknown`: says nothing of the target, such as a call that its caller gave up. */
export type Verdict = 'well' | 'ill' | 'unknown'

/** What an outcome says of its target. A request that the target refuses as wrong shows that it lives; a busy or refused key says nothing. */
export function verdictOn(failure: Failure | undefined): Verdict {
  if (!failure) return 'well'
  switch (classOf(failure)) {
    case 'passing':
    case 'spent':
      return 'ill'
    case 'target':
      return failure.kind === 'status' || failure.kind === 'too-large' ? 'unknown' : 'ill'
    case 'request':
      return 'well'
    case 'caller':
    case 'key':
    case 'busy':
      return 'unknown'
  }
}

export type BreakerState = 'closed' | 'open' | 'half-open'

/** What the route's plan and the console see. */
export interface BreakerHealth {
  readonly state: BreakerState
  /** Whether a call would be let through now. */
  readonly isPermitted: boolean
  /** Milliseconds until a probe; 0 unless open. */
  readonly restsFor: Millis
}

/** Leave for one attempt. `report` counts once. */
export interface Permit {
  readonly isProbe: boolean
  report(verdict: Verdict): void
}

/**
 * Owns: whether ONE target is called. Does not own: other targets, of the same provider or not: a slow model says nothing of its neighbours.
 *
 * cockatiel's `CountBreaker` counts the window. Its policy around it was not taken: it reads the wall clock by itself, and while it probes it lets
 * other callers wait for the probe, where ours go to the next target at once.
 *
 * Invariants:
 * 1. Open, it lets nothing through until its rest is over; then one probe at a time.
 * 2. A report counts only in the period in which its permit was given: what began before it opened neither closes nor prolongs it.
 * 3. No probe that was never reported blocks for ever.
 */
export class Breaker {
  readonly #clock: Clock
  readonly #limits: BreakerLimits
  #window: CountBreaker
  #state: BreakerState = 'closed'
  /** Counts changes of state, and probes. */
  #period = 0
  #openUntil: Millis = 0
  #rest: Millis
  #probeUntil: Millis | undefined

  constructor(clock: Clock, limits: BreakerLimits = defaultBreakerLimits) {
    this.#clock = clock
    this.#limits = limits
    this.#window = newWindow(limits)
    this.#rest = limits.rest
  }

  /** Leave for one attempt; or how long it rests, when none is given. */
  permit(): Permit | { readonly restsFor: Millis } {
    const { isPermitted, state, restsFor } = this.health()
    if (!isPermitted) return { restsFor }
    const isProbe = state !== 'closed'
    if (isProbe) {
      this.#become('half-open') // a new period: a probe that was given up for lost no longer counts
      this.#probeUntil = this.#clock.now() + this.#limits.longestProbe
    }
    const period = this.#period
    let isReported = false
    return {
      isProbe,
      report: (verdict) => {
        if (isReported) return
        isReported = true
        if (period === this.#period) this.#hear(verdict)
      },
    }
  }

  /** Changes nothing. */
  health(): BreakerHealth {
    const now = this.#clock.now()
    if (this.#state === 'closed') return { state: 'closed', isPermitted: true, restsFor: 0 }
    if (this.#state === 'open' && now < this.#openUntil)
      return { state: 'open', isPermitted: false, restsFor: this.#openUntil - now }
    const probesFor = this.#state === 'open' ? 0 : Math.max(0, (this.#probeUntil ?? now) - now)
    return { state: 'half-open', isPermitted: probesFor === 0, restsFor: probesFor }
  }

  #hear(verdict: Verdict): void {
    if (this.#state === 'half-open') {
      this.#probeUntil = undefined
      if (verdict === 'ill') this.#open(Math.min(this.#rest * 2, this.#limits.longestRest))
      if (verdict === 'well') this.#close()
    } else if (verdict === 'well') this.#window.success(CircuitState.Closed)
    else if (verdict === 'ill' && this.#window.failure(CircuitState.Closed)) this.#open(this.#limits.rest)
  }

  #open(rest: Millis): void {
    this.#rest = rest
    this.#openUntil = this.#clock.now() + rest
    this.#become('open')
  }

  #close(): void {
    this.#window = newWindow(this.#limits)
    this.#become('closed')
  }

  #become(state: BreakerState): void {
    this.#state = state
    this.#period++
  }
}

const newWindow = ({ threshold, window, fewest }: BreakerLimits): CountBreaker =>
  new CountBreaker({ threshold, size: window, minimumNumberOfCalls: fewest })
