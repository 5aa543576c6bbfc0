import type { Clock, Instant, Millis } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { WriterId } from '../../core/ids.ts'
import type { Phase, RowOutcome } from '../../core/lineage.ts'
import { type Arm, armOf, type AskedArm, isLanding } from './arm.ts'
import { asAuthor, isShielded } from './author-guard.ts'
import { Bodies, type BodyHost, type RowParts } from './bodies.ts'
import { AttemptLost, codeOfAuthorsError, RunFailure, settlementOf } from './failures.ts'
import type { SegmentLimits } from './limits.ts'
import { type LoadedRow, type LoadedRun, type Log, type NewRow, type RunFlags, timedOut } from './ports.ts'
import type { FinalState, RunContext, RunHandler, RunOutcome, Settlement } from './ports.ts'
import { RunLength } from './run-length.ts'
import { RowOrder } from './row-order.ts'
import { type Asked, type Children, contextOf } from './run-context.ts'

/**
 * Owns: one segment of a run: it replays the log, goes on live, then parks or ends. Does not own: when a segment runs (scheduler), what a
 * step does (corridor), how a row is sealed and kept (log), in which order rows become known (row order).
 *
 * 1. A row reaches the author strictly in row order, once durable, one at a time, with microtasks drained between (E1).
 * 2. A step is asked for only in the turn after a delivery or the start (E1).
 * 3. Nothing is written after a row that may be missing; who finds a position taken has lost (E16).
 * 4. The clock is read once a turn (E11).
 * 5. The state in the end comes from the cancel row, not from how the body ended (E5).
 */
export interface SegmentOptions {
  readonly loaded: LoadedRun
  readonly log: Log
  readonly clock: Clock
  readonly writer: WriterId
  readonly limits: SegmentLimits
  readonly children: Children
  /** A body of this process is deaf to its abort (E8). */
  readonly retire?: (step: string) => void
  /** The run has half the length that a run may have (E24). */
  readonly warn?: (message: string) => void
}

export type SegmentEnd =
  | { readonly type: 'ended'; readonly outcome: RunOutcome; readonly ringsParent: boolean }
  | { readonly type: 'parked'; readonly after: Millis | undefined; readonly bell: number }
  | { readonly type: 'paused' }

/** `pause`: effects in flight land first (E19). `drain`: whatever is under way lands, and another process goes on. */
type Stop = 'pause' | 'drain'

export class Segment implements BodyHost, Asked {
  readonly run: LoadedRun
  readonly clock: Clock
  readonly writer: WriterId
  readonly limits: SegmentLimits
  readonly children: Children
  readonly retire: (step: string) => void
  readonly open = new Map<string, Arm>()
  isCancelled = false
  isDead = false
  readonly #log: Log
  readonly #bodies: Bodies
  readonly #rows: RowOrder
  readonly #length: RunLength
  readonly #context: RunContext
  readonly #ordinals = new Map<string, number>()
  /** Arms that are told no more: cancelled, or waits that the author's return left open. Their rows are skipped (E17). */
  readonly #dropped = new Set<string>()
  /** What `$cancel` dropped, until the last landing effect has settled (E5). */
  #doomed: Arm[] | undefined
  #closing = 0
  #bell: number
  #time: Instant
  readonly #base: number
  #mayAsk = false
  #cancelAsked: boolean
  #cancelWritten = false
  #stop: Stop | undefined
  #done: Settlement | undefined
  #failure: Error | undefined
  #wake: (() => void) | undefined

  constructor(options: SegmentOptions) {
    const { loaded, log, clock, writer, limits, children, retire = () => {} } = options
    this.run = loaded
    this.clock = clock
    this.writer = writer
    this.limits = limits
    this.children = children
    this.retire = retire
    this.#log = log
    this.#bodies = new Bodies(this)
    this.#context = contextOf(this)
    this.#rows = new RowOrder({
      log,
      next: loaded.rows.length,
      isDead: () => this.isDead,
      moved: () => this.nudge(),
      lost: () => this.kill(), // E16: the attempt has lost
      failed: (error) => {
        this.giveUp(error)
        this.kill() // E16: nothing after a row that may be missing
      },
    })
    this.#length = new RunLength({ ...options, rows: loaded.rows.length })
    this.#bell = loaded.bell
    this.#time = loaded.started
    this.#base = loaded.now - clock.now() // the database's time, carried on by a monotonic clock (E11)
    this.#cancelAsked = loaded.cancel
  }

  /** The recorded time of the last row that reached the author. */
  get recordedNow(): Instant {
    return this.#time
  }

  /** What the process's poll has read, or a neighbour in this process has done (E19). */
  poke(flags: Partial<RunFlags>): void {
    if (flags.cancel) this.#cancelAsked = true
    if (flags.state === 'paused') this.#stop = 'pause'
    if (flags.state === 'killed') return this.kill()
    if (flags.bell !== undefined && flags.bell > this.#bell) {
      this.#bell = flags.bell
      for (const arm of this.open.values()) if (arm.type === 'wait') arm.mustLook = true
    }
    this.nudge()
  }

  /** Begins nothing more: what is under way lands, then the attempt is over. */
  drain(): void {
    this.#stop ??= 'drain'
    this.nudge()
  }

  /** The attempt is over: nothing of it counts any more. */
  kill(): void {
    this.isDead = true
    for (const arm of this.open.values())
      if (arm.type === 'step') arm.abort?.abort(new AttemptLost('the attempt is over'))
    this.nudge()
  }

  nudge(): void {
    this.#wake?.()
  }

  giveUp(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
    this.nudge()
  }

  /** Nothing moves: attempts have failed, and the next is not due yet. */
  get isBackingOff(): boolean {
    const arms = [...this.open.values()]
    return arms.some((arm) => arm.type === 'step' && arm.failures > 0) && arms.every((arm) => !arm.isBusy)
  }

  // ---------------------------------------------------------------- the loop

  async drive(handler: RunHandler): Promise<SegmentEnd> {
    try {
      this.#begin(handler)
      for (const row of this.run.rows) {
        await this.#turn()
        if (this.isDead) throw new AttemptLost('the attempt is over')
        this.#deliver(row, row.left, row.writer)
      }
      return await this.#live()
    } finally {
      this.kill()
    }
  }

  #begin(handler: RunHandler): void {
    this.#mayAsk = true
    const author = {
      now: () => this.#time,
      random: () => this.#context.random(),
      fail: (error: Error) => this.#failAuthor(error),
    }
    void asAuthor(author, async () => handler(this.#context)).then(
      (value) => this.#finish({ ok: value ?? null }),
      (error: unknown) => this.#failAuthor(error),
    )
  }

  /** E7: the author's exception outside a step is terminal at once. */
  #failAuthor(error: unknown): void {
    const { error: said } = settlementOf(error)
    this.#finish({ error: { ...said, code: codeOfAuthorsError(error) } })
  }

  #finish(settlement: Settlement): void {
    this.#done ??= settlement
    this.nudge()
  }

  /** E24: what has an intent lands and gets its row; all else is dropped, and its author is told nothing more. */
  #cutShort(): void {
    const { rows, inline } = this.limits
    this.#finish(settlementOf(new MillraceError('run/too-long', { run: this.run.run, rows, bytes: inline })))
    for (const arm of this.open.values()) if (!isLanding(arm)) this.#drop(arm, 'dropped')
  }

  async #turn(): Promise<void> {
    await this.clock.turn()
    this.#mayAsk = false
  }

  async #live(): Promise<SegmentEnd> {
    await this.#turn()
    for (;;) {
      if (this.#failure) throw this.#failure
      if (this.isDead) throw new AttemptLost('the attempt is over')
      if (this.#deliverNext()) {
        await this.#turn() // E1: one at a time, with microtasks drained between
        continue
      }
      if (this.#writeCancel()) continue
      if (!this.#done && !this.isCancelled && this.#length.isOver(this.#rows.next)) this.#cutShort()
      if (this.#stop && this.#isStill && this.#hasLanded(this.#stop)) {
        if (this.#stop === 'pause') return { type: 'paused' }
        throw new AttemptLost('this process is going down')
      }
      if (this.#done && this.#isStill && this.#settleRest()) return await this.#end(this.#done)
      if (!this.#done && this.#isStill && this.open.size === 0 && !this.#doomed) {
        this.#finish(settlementOf(this.#foreign(this.run.rows.at(-1)?.key ?? 'its start'))) // E1: an await of something foreign
        continue
      }
      const now = this.clock.now() // E11: once a turn
      const isIdle = this.#bodies.begin(now, this.#onlyWhat())
      const left = this.#nextDeadline(now)
      if (isIdle && this.#isStill && !this.#stop && !(left <= this.limits.linger))
        return { type: 'parked', after: left === Infinity ? undefined : left, bell: this.#bell } // E6
      await this.#sleep(left)
    }
  }

  get #isStill(): boolean {
    return this.#rows.pending === 0 && this.#closing === 0
  }

  /** What may begin: everything; before a stop or a `$cancel` only effects whose intent is durable. */
  #onlyWhat(): ((arm: Arm) => boolean) | undefined {
    if (this.#stop) return (arm) => isLanding(arm) && arm.type === 'step' && arm.intentBy === this.writer
    return this.#cancelAsked && !this.isCancelled ? isLanding : undefined
  }

  #hasLanded(stop: Stop): boolean {
    for (const arm of this.open.values()) {
      if (arm.isBusy && (stop === 'drain' || isLanding(arm))) return false
      if (arm.type === 'step' && arm.intentBy === this.writer) return false
    }
    return true
  }

  #nextDeadline(now: Millis): Millis {
    let nearest = Infinity
    for (const arm of this.open.values())
      if (arm.due !== undefined && arm.due > now && arm.due < nearest) nearest = arm.due
    return nearest - now
  }

  /** Until something moves, or the nearest deadline; the timer is set anew each turn, since one may fire early (E11). */
  async #sleep(left: Millis): Promise<void> {
    const cancelTimer = left < Infinity ? this.clock.after(left, () => this.nudge()) : undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      if (this.#failure || this.isDead || this.#rows.isReady) resolve()
    })
    this.#wake = undefined
    cancelTimer?.()
  }

  /** When the author's function has returned, open steps still run and open waits are closed (E20). True: nothing is left. */
  #settleRest(): boolean {
    if (this.#doomed) return false
    for (const arm of this.open.values()) if (arm.type === 'wait' && !arm.isBusy) this.#drop(arm, 'dropped')
    return this.open.size === 0 && this.#closing === 0
  }

  #drop(arm: Arm, why: 'cancelled' | 'dropped'): void {
    this.#dropped.add(arm.key)
    this.open.delete(arm.key)
    if (arm.type === 'step') return arm.abort?.abort(cancelled())
    if (!arm.options) return
    this.#closing++
    this.#bodies.close(arm, why).then(
      () => {
        this.#closing--
        this.nudge()
      },
      (error: unknown) => this.giveUp(error),
    )
  }

  async #end(settlement: Settlement): Promise<SegmentEnd> {
    const state: FinalState = this.isCancelled ? 'cancelled' : 'error' in settlement ? 'failed' : 'succeeded'
    const row = endRow({ settlement, state, seq: this.#rows.next })
    const written = await this.#log.append({ ...this.#row(row), seq: this.#rows.next }, () => this.isDead)
    if (written === 'taken' || this.isDead) throw new AttemptLost('the position of the end is taken')
    return { type: 'ended', outcome: { state, settlement }, ringsParent: written.ringsParent === true }
  }

  // ---------------------------------------------------------------- rows

  #row<P extends object>(parts: P): P & Pick<NewRow, 'run' | 'writer' | 'at'> {
    const at = Math.round(this.#base + this.clock.now()) // the database's time as this segment knows it
    return { ...parts, run: this.run.run, writer: this.writer, at }
  }

  /** Appends a row of an arm; it reaches the author in its turn, once durable. */
  write(arm: Arm, phase: Phase, outcome: RowOutcome, parts: RowParts = {}): void {
    const { settlement, evidence, dueIn, ms, effect } = parts
    const isFirst = !arm.hasRow // E17: a step's first row carries its arguments
    arm.hasRow = true
    this.#rows.append(
      this.#row({
        key: arm.key,
        kind: arm.kind,
        phase,
        outcome,
        ...(settlement && { settlement }),
        ...(evidence && { evidence }),
        ...(dueIn !== undefined && { dueIn }),
        ...(ms !== undefined && { ms: Math.round(ms) }),
        ...(effect && { effect: { ...effect, argumentsDigest: arm.digest } }),
        ...(isFirst && { argumentsDigest: arm.digest }),
      }),
    )
  }

  #deliverNext(): boolean {
    const next = this.#rows.take()
    if (next) this.#deliver({ ...next.row, at: next.at }, next.left, this.writer)
    return next !== undefined
  }

  #writeCancel(): boolean {
    if (!this.#cancelAsked || this.#cancelWritten) return false
    this.#cancelWritten = true
    this.#rows.append(this.#row({ key: '$cancel', kind: 'run', phase: 'end', outcome: 'cancelled' }))
    return true
  }

  #deliver(row: LoadedRow, left: Millis | undefined, writer: WriterId): void {
    this.#time = Math.max(this.#time, row.at)
    if (row.key === '$cancel') return this.#cancel()
    const arm = this.open.get(row.key)
    if (!arm) {
      if (this.#dropped.has(row.key)) return
      throw this.#diverged(row.key, 'the log has a step that the code did not ask for')
    }
    if (row.kind !== arm.kind)
      throw this.#diverged(row.key, `the log has a ${row.kind} where the code asks for a ${arm.kind}`)
    if (row.argumentsDigest !== undefined && row.argumentsDigest !== arm.digest)
      throw this.#diverged(row.key, 'the code asks with other arguments')
    arm.hasRow = true
    arm.isBusy = false
    if (left !== undefined) arm.due = this.clock.now() + left
    if (row.phase === 'intent' && arm.type === 'step') arm.intentBy = writer
    else if (row.phase === 'open' && arm.type === 'wait') arm.isOpen = arm.mustLook = true
    else if (row.phase.startsWith('try') && arm.type === 'step') {
      arm.failures = Number(row.phase.slice(3))
      arm.intentBy = undefined
      arm.due ??= this.clock.now()
    } else if (row.phase === 'end' && row.settlement) this.#settle(arm, row.settlement)
    else throw this.#diverged(row.key, `the log has a row ${row.phase} that a ${arm.kind} does not write`)
  }

  #settle(arm: Arm, settlement: Settlement): void {
    this.open.delete(arm.key)
    this.#mayAsk = true
    if ('error' in settlement)
      arm.reject(new RunFailure(settlement.error.code, settlement.error.message, settlement.error.details))
    else
      arm.resolve(
        ('ok' in settlement ? settlement.ok : arm.type === 'wait' && !arm.options ? undefined : timedOut) as never,
      )
    this.#tellDoomed()
  }

  /** E5: what has an intent lands first; all else is aborted at once, but told only when the last such effect has settled. */
  #cancel(): void {
    this.isCancelled = this.#cancelWritten = true
    const doomed = [...this.open.values()].filter((arm) => !isLanding(arm))
    this.#doomed = doomed
    for (const arm of doomed) this.#drop(arm, 'cancelled')
    this.#tellDoomed()
  }

  #tellDoomed(): void {
    if (!this.#doomed || [...this.open.values()].some(isLanding)) return
    const doomed = this.#doomed
    this.#doomed = undefined
    this.#mayAsk = true
    for (const arm of doomed) arm.reject(cancelled())
  }

  #diverged(step: string, difference: string): MillraceError {
    return new MillraceError('run/diverged', { run: this.run.run, step, difference })
  }

  #foreign(step: string): MillraceError {
    return new MillraceError('run/foreign-await', { run: this.run.run, step })
  }

  // ---------------------------------------------------------------- what the author asks for

  ask<T>(name: string, make: (key: string) => AskedArm): Promise<T> {
    if (this.isDead) return new Promise(() => {})
    if (!this.#mayAsk) {
      // E1: asked for after an await of something foreign. Refused before anything of it runs.
      const error = this.#foreign(name)
      this.#finish(settlementOf(error))
      return refusal(error)
    }
    if (this.#done)
      return refusal(new RunFailure('run/over', 'The pipeline has returned: it can ask for nothing more.'))
    if (this.isCancelled && !isShielded()) return refusal(cancelled()) // E5
    const ordinal = this.#ordinals.get(name) ?? 0
    this.#ordinals.set(name, ordinal + 1)
    const key = `${name}#${ordinal}`
    const promise = new Promise<T>((resolve, reject) => {
      this.open.set(key, armOf(key, make(key), { resolve, reject }))
    }).catch((error: unknown) => {
      if (!(error instanceof TypeError)) throw error
      throw new RunFailure('step/not-json', `The arguments of ${key} are not JSON: ${error.message}.`)
    })
    promise.catch(() => {}) // a step that nobody awaits is no unhandled rejection
    this.nudge()
    return promise
  }
}

const cancelled = (): RunFailure => new RunFailure('run/cancelled', 'The run was cancelled.')

/** A rejection that is no unhandled one when nobody awaits it. */
function refusal<T>(error: Error): Promise<T> {
  const refused = Promise.reject<T>(error)
  refused.catch(() => {})
  return refused
}

/** The last row of a run: declares the number of its rows (L6). */
export function endRow({
  settlement,
  state,
  seq,
}: {
  settlement: Settlement
  state: FinalState
  seq: number
}): Pick<NewRow, 'key' | 'kind' | 'phase' | 'outcome' | 'settlement' | 'final'> {
  const outcome: RowOutcome = state === 'succeeded' ? 'done' : state === 'failed' ? 'failed' : 'cancelled'
  return { key: '$end', kind: 'run', phase: 'end', outcome, settlement, final: { state, rows: seq + 1 } }
}
