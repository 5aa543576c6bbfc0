import type { Millis } from '../../core/clock.ts'
import type { RunId } from '../../core/ids.ts'
import type { Scheduler } from './ports.ts'
import type { VirtualClock } from './virtual-clock.ts'

interface Place {
  isActive: boolean
  isWanted: boolean
  failures: number
}

/** One segment of a run at a time, wakes that queue behind it, retries with backoff: Restate's promises, in memory, over virtual time. */
export class MemoryScheduler implements Scheduler {
  readonly #clock: VirtualClock
  readonly #places = new Map<RunId, Place>()
  #segment: ((run: RunId, over: AbortSignal) => Promise<void>) | undefined
  #over = new AbortController()
  #life = 0

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  async wake(run: RunId, after?: Millis): Promise<void> {
    if (after) this.#clock.afterCrashes(after, () => this.#wake(run))
    else this.#wake(run)
  }

  #wake(run: RunId): void {
    this.#clock.moved()
    const place = this.#places.get(run) ?? { isActive: false, isWanted: false, failures: 0 }
    this.#places.set(run, place)
    place.isWanted = true
    if (this.#segment && !place.isActive) this.#drive(run, place, this.#segment)
  }

  #drive(run: RunId, place: Place, segment: (run: RunId, over: AbortSignal) => Promise<void>): void {
    place.isActive = true
    place.isWanted = false
    const life = this.#life
    segment(run, this.#over.signal).then(
      () => this.#ended(run, place, life, true),
      () => this.#ended(run, place, life, false),
    )
  }

  #ended(run: RunId, place: Place, life: number, isDone: boolean): void {
    if (life !== this.#life) return
    this.#clock.moved()
    place.isActive = false
    place.failures = isDone ? 0 : place.failures + 1
    if (!isDone) this.#clock.afterCrashes(Math.min(10_000, 50 * 2 ** place.failures), () => this.#wake(run))
    else if (place.isWanted) this.#wake(run)
  }

  async serve(segment: (run: RunId, over: AbortSignal) => Promise<void>): Promise<AsyncDisposable> {
    this.#segment = segment
    for (const [run, place] of this.#places) if (place.isWanted && !place.isActive) this.#wake(run)
    return {
      [Symbol.asyncDispose]: async () => {
        this.#segment = undefined
        this.#over.abort()
      },
    }
  }

  /** The process died: its segments count no more, and the runs that they drove are woken again. */
  crash(): void {
    this.#life++
    this.#over.abort()
    this.#over = new AbortController()
    this.#segment = undefined
    for (const place of this.#places.values()) {
      if (place.isActive) place.isWanted = true
      place.isActive = false
    }
  }
}
