import type { Clock, Millis } from '../../core/clock.ts'
import { LatencyWindow } from './latency-window.ts'
import { race, type Race, type Raced } from './race.ts'

export interface HedgeLimits {
  /** Of a target's calls, how many may have a second attempt: 0.05 is one in twenty. */
  readonly share: number
  /** Second attempts that may be saved up while nothing is slow. */
  readonly most: number
  /** The observed latency at which the first attempt counts as slow. */
  readonly quantile: number
}

const defaultHedgeLimits: HedgeLimits = { share: 0.05, most: 10, quantile: 0.95 }

export interface HedgedCall<T, R> extends Omit<Race<T, R>, 'clock' | 'after'> {
  /** A call with tools may set things going at the provider or be answered with other calls each time: it is sent once. */
  readonly hasTools: boolean
}

/**
 * Owns: of ONE target, how long its calls took lately and how many second attempts it may still have. A second attempt starts at the observed P95,
 * within a budget that calls earn (as gRPC throttles retries): when everything is slow, hedging stops instead of doubling the load.
 *
 * Invariants:
 * 1. Second attempts never exceed `share` of the calls so far, and `most` in a row.
 * 2. A call with tools has none, and neither has one before enough calls were seen.
 * 3. What a first attempt had taken when it lost counts as its latency: forgetting the slow ones would lower the P95 with every hedge.
 */
export class Hedging {
  readonly #clock: Clock
  readonly #limits: HedgeLimits
  readonly #latency: LatencyWindow
  #saved = 0

  constructor(clock: Clock, limits: HedgeLimits = defaultHedgeLimits) {
    this.#clock = clock
    this.#limits = limits
    this.#latency = new LatencyWindow(clock)
  }

  async run<T, R>(call: HedgedCall<T, R>): Promise<Raced<T>> {
    this.#saved = Math.min(this.#saved + this.#limits.share, this.#limits.most)
    const begun = this.#clock.now()
    const raced = await race<T, R>({
      clock: this.#clock,
      signal: call.signal,
      after: call.hasTools ? undefined : this.slowAfter,
      first: (signal) => call.first(signal),
      permit: () => this.#spend(call),
      second: (reservation, signal) => call.second(reservation, signal),
      release: (reservation) => call.release(reservation),
      isAnswer: (outcome) => call.isAnswer(outcome),
      lose: (outcome, which) => call.lose(outcome, which),
    })
    if (call.isAnswer(raced.outcome)) this.#latency.record(this.#clock.now() - begun)
    return raced
  }

  /** Milliseconds after which a first attempt counts as slow; undefined: too little is known. */
  get slowAfter(): Millis | undefined {
    return this.#latency.quantile(this.#limits.quantile)
  }

  async #spend<T, R>(call: HedgedCall<T, R>): Promise<R | undefined> {
    if (this.#saved < 1) return undefined
    this.#saved--
    return call.permit()
  }
}
