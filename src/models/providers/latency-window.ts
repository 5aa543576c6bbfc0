import { DDSketch } from '@datadog/sketches-js'
import type { Clock, Millis } from '../../core/clock.ts'

const accuracy = 0.01
/** Long enough for a quantile, short enough that this morning's latency does not decide this afternoon's. */
const windowLength: Millis = 300_000
/** Below this a P95 is one or two calls. */
const fewest = 50

/** Owns: how long calls of one target took lately, in the present window and the one before (DDSketch, within 1%). */
export class LatencyWindow {
  readonly #clock: Clock
  #present = new DDSketch({ relativeAccuracy: accuracy })
  #before = new DDSketch({ relativeAccuracy: accuracy })
  #since: Millis

  constructor(clock: Clock) {
    this.#clock = clock
    this.#since = clock.now()
  }

  record(ms: Millis): void {
    this.#turn()
    this.#present.accept(Math.max(0, ms))
  }

  /** Of the present window when it has enough calls, else of the one before; undefined when neither has. */
  quantile(q: number): Millis | undefined {
    this.#turn()
    const sketch = this.#present.count >= fewest ? this.#present : this.#before
    return sketch.count >= fewest ? sketch.getValueAtQuantile(q) : undefined
  }

  #turn(): void {
    const past = Math.floor((this.#clock.now() - this.#since) / windowLength)
    if (past < 1) return
    const empty = (): DDSketch => new DDSketch({ relativeAccuracy: accuracy })
    this.#before = past === 1 ? this.#present : empty()
    this.#present = empty()
    this.#since += past * windowLength
  }
}
