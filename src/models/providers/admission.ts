import type { Clock, Millis } from '../../core/clock.ts'

/** The most urgent first, as runs have it. */
export type Priority = 0 | 1 | 2 | 3

export interface AdmissionLimits {
  /** Calls that run at once. */
  readonly atOnce: number
  /** Calls that wait; the memory that a slow target can take. */
  readonly mostWaiting: number
  /** A call that waited so long is shed: its caller has stopped waiting, or should. */
  readonly longestWait: Millis
}

/** A thousand streams at once are a load that one process carries; a model server that takes fewer says so with 429. */
const defaultAdmissionLimits: AdmissionLimits = { atOnce: 1024, mostWaiting: 256, longestWait: 30_000 }

export interface Slot {
  readonly kind: 'slot'
  /** The call is over, its body read or abandoned. Counts once. */
  leave(): void
}

/** 429 with `Retry-After`, in milliseconds; `left`: the caller itself gave up, and hears nothing. */
export interface Shed {
  readonly kind: 'shed'
  readonly why: 'full' | 'displaced' | 'waited-too-long' | 'left'
  readonly retryAfter: Millis
}

export interface AdmissionHealth {
  readonly running: number
  readonly waiting: number
  /** By priority, since the start; who left by itself is not counted. */
  readonly shed: readonly number[]
}

interface Waiter {
  readonly priority: Priority
  readonly settle: (outcome: Slot | Shed) => void
}

const retryBounds = { least: 1000, most: 60_000 }
/** How fast the mean of how long calls take follows them. */
const weightOfLast = 0.1

/**
 * Owns: which calls of ONE target run and which wait. Each target has its own, so that one that slows down fills its own queue and nobody else's.
 *
 * Invariants:
 * 1. At most `atOnce` run and `mostWaiting` wait, whatever comes.
 * 2. A place goes to the most urgent that waits, among equals to the first; nobody overtakes by coming when a place is free.
 * 3. When the queue is full, the least urgent is shed: the newest that waits below the newcomer, or else the newcomer.
 * 4. Every call is settled once, and every place is given back once. A shed is counted.
 */
export class Admission {
  readonly #clock: Clock
  readonly #limits: AdmissionLimits
  readonly #queues: readonly [Waiter[], Waiter[], Waiter[], Waiter[]] = [[], [], [], []]
  readonly #shed = [0, 0, 0, 0]
  #running = 0
  #waiting = 0
  #meanHold: Millis = 1000

  constructor(clock: Clock, limits: AdmissionLimits = defaultAdmissionLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  /** Resolves with a place, at once or after a wait, or with the refusal. Never rejects. */
  enter(priority: Priority, signal?: AbortSignal): Promise<Slot | Shed> {
    if (signal?.aborted) return Promise.resolve(this.#refusal('left'))
    const slot = this.enterNow()
    if (slot) return Promise.resolve(slot)
    if (this.#waiting >= this.#limits.mostWaiting) {
      const displaced = this.#lastBelow(priority)
      if (!displaced) return Promise.resolve(this.#shedOne(priority, 'full'))
      displaced.settle(this.#shedOne(displaced.priority, 'displaced'))
    }
    return this.#wait(priority, signal)
  }

  /** A place only if one is free: for a hedge, which must not wait. While somebody waits none is: `leave` hands it on. */
  enterNow(): Slot | undefined {
    return this.#running < this.#limits.atOnce ? this.#slot() : undefined
  }

  health(): AdmissionHealth {
    return { running: this.#running, waiting: this.#waiting, shed: [...this.#shed] }
  }

  #wait(priority: Priority, signal: AbortSignal | undefined): Promise<Slot | Shed> {
    return new Promise((resolve) => {
      const leave = (): void => waiter.settle(this.#refusal('left'))
      const waiter: Waiter = {
        priority,
        settle: (outcome) => {
          cancel()
          signal?.removeEventListener('abort', leave)
          this.#remove(waiter)
          resolve(outcome)
        },
      }
      const cancel = this.#clock.after(this.#limits.longestWait, () =>
        waiter.settle(this.#shedOne(priority, 'waited-too-long')),
      )
      signal?.addEventListener('abort', leave, { once: true })
      this.#queues[priority].push(waiter)
      this.#waiting++
    })
  }

  #remove(waiter: Waiter): void {
    const queue = this.#queues[waiter.priority]
    const at = queue.indexOf(waiter)
    if (at < 0) return
    queue.splice(at, 1)
    this.#waiting--
  }

  #slot(): Slot {
    this.#running++
    const since = this.#clock.now()
    let isOver = false
    return {
      kind: 'slot',
      leave: () => {
        if (isOver) return
        isOver = true
        this.#running--
        this.#meanHold += (this.#clock.now() - since - this.#meanHold) * weightOfLast
        const next = this.#queues.find((queue) => queue.length > 0)?.[0]
        if (next) next.settle(this.#slot())
      },
    }
  }

  #lastBelow(priority: Priority): Waiter | undefined {
    return this.#queues
      .slice(priority + 1)
      .findLast((queue) => queue.length > 0)
      ?.at(-1)
  }

  #shedOne(priority: Priority, why: Shed['why']): Shed {
    this.#shed[priority] = (this.#shed[priority] ?? 0) + 1
    return this.#refusal(why)
  }

  /** When those who wait now will have had their turn, if calls go on taking as long as they did. */
  #refusal(why: Shed['why']): Shed {
    const turns = (this.#waiting + 1) / this.#limits.atOnce
    const retryAfter = Math.round(Math.min(Math.max(turns * this.#meanHold, retryBounds.least), retryBounds.most))
    return { kind: 'shed', why, retryAfter }
  }
}
