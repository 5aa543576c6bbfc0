import { setImmediate as turn, setTimeout as realTime } from 'node:timers/promises'
import type { Clock, Instant, Millis } from '../../core/clock.ts'

interface Timer {
  readonly at: Instant
  readonly order: number
  readonly then: () => void
  /** Belongs to the process that may crash; the scheduler's own timers survive. */
  readonly isMortal: boolean
}

/** How many real milliseconds a body may work before time is taken to stand still. */
const patience = 200

/**
 * Owns: virtual time. It stands still while anything moves, and skips to the next timer when nothing can: a three-day approval takes
 * milliseconds. Everything that moves says so with `moved`.
 */
export class VirtualClock implements Clock {
  #time: Instant
  #moves = 0
  #order = 0
  readonly #timers = new Set<Timer>()

  constructor(start: Instant = Date.UTC(2026, 0, 5, 9)) {
    this.#time = start
  }

  now(): Millis {
    return this.#time
  }

  today(): Instant {
    return this.#time
  }

  after(ms: Millis, then: () => void): () => void {
    return this.#at(ms, then, true)
  }

  /** A timer that outlives a crash. */
  afterCrashes(ms: Millis, then: () => void): () => void {
    return this.#at(ms, then, false)
  }

  #at(ms: Millis, then: () => void, isMortal: boolean): () => void {
    const timer: Timer = { at: this.#time + Math.max(0, ms), order: this.#order++, then, isMortal }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  turn(): Promise<void> {
    this.#moves++
    return turn()
  }

  moved(): void {
    this.#moves++
  }

  /** For scripted bodies: resolves when so much virtual time has gone by. */
  delay(ms: Millis): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve))
  }

  /** The process died: its timers are gone. */
  crash(): void {
    for (const timer of this.#timers) if (timer.isMortal) this.#timers.delete(timer)
    this.#moves++
  }

  /** Goes on until nothing can move any more. `onTurn` may crash things. */
  settle(onTurn?: () => void, isWorking?: () => boolean): Promise<void> {
    return this.settleUntil(() => false, onTurn, isWorking)
  }

  /** Goes on until `isOver`, or until nothing can move any more. */
  async settleUntil(isOver: () => boolean, onTurn?: () => void, isWorking?: () => boolean): Promise<void> {
    for (;;) {
      for (let still = 0, seen = this.#moves; still < 6; still++) {
        await turn()
        onTurn?.()
        if (isOver()) return
        if (seen === this.#moves) continue
        seen = this.#moves
        still = -1
      }
      if (isWorking && (await this.#waitFor(isWorking))) continue
      const next = this.#next()
      if (!next) return
      this.#timers.delete(next)
      this.#time = Math.max(this.#time, next.at)
      this.#moves++
      next.then()
    }
  }

  /** Work that no virtual clock drives, such as a native library's, gets a little real time. True: something moved. */
  async #waitFor(isWorking: () => boolean): Promise<boolean> {
    const seen = this.#moves
    for (let waited = 0; waited < patience && isWorking(); waited++) {
      await realTime(1)
      if (seen !== this.#moves) return true
    }
    return false
  }

  #next(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers)
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    return first
  }
}
