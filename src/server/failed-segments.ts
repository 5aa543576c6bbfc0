import type { Clock, Millis } from '../core/clock.ts'
import type { RunId } from '../core/ids.ts'
import { type Say, traceOf } from './log.ts'

/** An outage fails every segment again and again: one line in this time says it. */
const sayEvery: Millis = 10_000

/** Owns: telling people of segments that failed and will be tried again, without drowning them. Does not own: trying again (scheduler). */
export class FailedSegments {
  readonly #clock: Clock
  readonly #say: Say
  #said = Number.NEGATIVE_INFINITY
  #silent = 0

  constructor(options: { clock: Clock; say: Say }) {
    this.#clock = options.clock
    this.#say = options.say
  }

  note(run: RunId, error: unknown): void {
    const now = this.#clock.now()
    if (now - this.#said < sayEvery) return void this.#silent++
    const others = this.#silent > 0 ? ` (and ${this.#silent} more since the last line)` : ''
    const { code, at } = traceOf(error)
    const message = error instanceof Error ? error.message : String(error)
    this.#say(`a segment of ${run} failed and will be tried again${others}: ${message.slice(0, 500)}`, {
      event: 'segment-failed',
      level: 'warn',
      run,
      code,
      at,
      unsaid: this.#silent,
    })
    this.#said = now
    this.#silent = 0
  }
}
