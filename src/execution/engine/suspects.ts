import type { Clock, Millis } from '../../core/clock.ts'
import type { RunId } from '../../core/ids.ts'
import { AttemptLost } from './failures.ts'

/** So many processes died under a run's claim, with no row of it between: it is driven alone. One such death may be anybody's. */
export const claimsOfSuspect = 2
/** With so many it is poison: alone as well, its process died. */
export const claimsOfPoison = 3
/** A process that has not beaten for so long has died. It beats every second. */
export const deadAfter: Millis = 5000

/** How long other suspects wait for the one that is driven. */
const longestTurn: Millis = 30_000

interface Waiting {
  readonly run: RunId
  readonly begin: (end: () => void) => void
  readonly refuse: (error: AttemptLost) => void
}
interface Turn {
  readonly run: RunId
  isLong: boolean
}

/**
 * Owns: which suspect may be driven (E7). One at a time, first come first served, so that a death of the process tells who did it, and those
 * that were live with a poisonous run are not taken for it. Runs that are no suspects go on beside it.
 *
 * 1. Who waits has no claim: no death counts against it.
 * 2. A turn holds the others up for 30 s at most. Then the next one begins beside it, and it loses its claim: a death would tell nothing.
 *
 * Rejected: every run that was live when a process died is driven alone (a hundred runs one after the other, after any crash); a turn without
 * an end (one slow model call holds up all of them).
 */
export class Suspects {
  readonly #clock: Clock
  readonly #unclaim: (run: RunId) => Promise<void>
  readonly #turns = new Set<Turn>()
  readonly #waiting = new Set<Waiting>()
  #isBeginning = false

  /** `unclaim`: the log forgets that this process has the run. */
  constructor(options: { readonly clock: Clock; readonly unclaim: (run: RunId) => Promise<void> }) {
    this.#clock = options.clock
    this.#unclaim = options.unclaim
  }

  /** Waits for the run's turn; the answer ends it. Errors: AttemptLost when the attempt is over before that, or the process goes down. */
  turn(run: RunId, over: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => waiting.refuse(new AttemptLost('the attempt is over'))
      const waiting: Waiting = {
        run,
        begin: (end) => {
          over.removeEventListener('abort', leave)
          resolve(end)
        },
        refuse: (error) => {
          over.removeEventListener('abort', leave)
          this.#waiting.delete(waiting)
          reject(error)
        },
      }
      this.#waiting.add(waiting)
      over.addEventListener('abort', leave, { once: true })
      if (over.aborted) return leave()
      void this.#next()
    })
  }

  /** The process goes down: nobody's turn comes any more. */
  refuseAll(): void {
    for (const waiting of this.#waiting) waiting.refuse(new AttemptLost('this process is going down'))
  }

  async #next(): Promise<void> {
    if (this.#isBeginning || this.#waiting.size === 0 || [...this.#turns].some((turn) => !turn.isLong)) return
    this.#isBeginning = true
    await Promise.all([...this.#turns].map(({ run }) => this.#unclaim(run).catch(() => {}))) // at worst a person resumes it
    this.#isBeginning = false
    const [first] = this.#waiting
    if (!first) return
    this.#waiting.delete(first)
    const turn: Turn = { run: first.run, isLong: false }
    this.#turns.add(turn)
    const cancelTimer = this.#clock.after(longestTurn, () => {
      turn.isLong = true
      void this.#next()
    })
    first.begin(() => {
      cancelTimer()
      this.#turns.delete(turn)
      void this.#next()
    })
  }
}
