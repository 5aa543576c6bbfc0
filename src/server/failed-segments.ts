import type { Clock, Millis } from '../core/clock.ts'
import type { RunId } from '../core/ids.ts'

/** An outage fails every segment again and again: one line in this time says it. */
const sayEvery: Millis = 10_000

/** Owns: telling people of segments that failed and will be tried again, without drowning them. Does not own: trying again (scheduler). */
export class FailedSegments {
  readonly #clock: Clock
  readonly #say: (text: string) => void
  #said = Number.NEGATIVE_INFINITY
  #silent = 0

  constructor(options: { clock: Clock; say: (text: string) => void }) {
    this.#clock = options.clock
    this.#say = options.say
  }

  note(run: RunId, message: string): void {
    const now = this.#clock.now()
    if (now - this.#said < sayEvery) return void this.#silent++
    const others = this.#silent > 0 ? ` (and ${this.#silent} more since the last line)` : ''
    this.#say(`a segment of ${run} failed and will be tried again${others}: ${message}`)
    this.#said = now
    this.#silent = 0
  }
}
