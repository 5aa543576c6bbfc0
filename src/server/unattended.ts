import type { Clock, Millis } from '../core/clock.ts'
import { repeat } from '../execution/engine/housekeeping.ts'
import type { EffectsHold } from './backup/effects-hold.ts'

/** How soon another process's release is noticed. */
const lookEvery: Millis = 1000

/** One thing that runs by itself; the answer ends it. */
export type Unattended = () => Promise<() => Promise<unknown>>

/**
 * Owns: whether what runs by itself runs (the engine's serving, the dispatcher, escalation): from the start, or after a restore only once the
 * hold is released, here or by another process. Does not own: the hold.
 *
 * 1. While the hold stands none of it is started: not stopped half-way, never started.
 * 2. It is started once, in order, and ended in the opposite order.
 */
export class UnattendedWork {
  readonly #hold: EffectsHold
  readonly #clock: Clock
  readonly #parts: readonly Unattended[]
  readonly #ends: (() => Promise<unknown>)[] = []
  #started: Promise<void> | undefined
  #stopLooking: (() => Promise<void>) | undefined
  #isClosed = false

  constructor(options: { hold: EffectsHold; clock: Clock; parts: readonly Unattended[] }) {
    this.#hold = options.hold
    this.#clock = options.clock
    this.#parts = options.parts
  }

  /** Starts it, unless it is held. Then it is started when the hold has gone. */
  async begin(): Promise<void> {
    if (!(await this.#hold.read())) return this.start()
    this.#stopLooking = repeat(this.#clock, lookEvery, async () => {
      if (!this.#started && !(await this.#hold.read())) await this.start()
    })
  }

  /** After a failure it may be called again: then all of it is started anew. */
  start(): Promise<void> {
    this.#started ??= this.#start().catch(async (error: unknown) => {
      this.#started = undefined
      await this.#end()
      throw error
    })
    return this.#started
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#stopLooking?.()
    await this.#started?.catch(() => {})
    await this.#end()
  }

  async #start(): Promise<void> {
    for (const part of this.#parts) {
      if (this.#isClosed) return
      this.#ends.unshift(await part())
    }
  }

  /** Each ends what it can: the next start does the rest. */
  async #end(): Promise<void> {
    for (const end of this.#ends.splice(0)) await end().catch(() => {})
  }
}
