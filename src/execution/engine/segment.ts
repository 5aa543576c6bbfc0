import type { Clock, Instant, Millis } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { RunId, WriterId } from '../../core/ids.ts'
import type { Json } from '../../core/json.ts'
import type { Phase, RowOutcome, StepKind } from '../../core/lineage.ts'
import { type Arm, digestOfArm, isLanding, type StepArm, type WaitArm } from './arm.ts'
import { asAuthor, isShielded } from './author-guard.ts'
import { Bodies } from './bodies.ts'
import { AttemptLost, RunFailure, settlementOf } from './failures.ts'
import {
  type Evidence,
  type FinalState,
  type LoadedRow,
  type LoadedRun,
  type Log,
  type NewRow,
  type RunContext,
  type RunFlags,
  type RunHandler,
  type RunOutcome,
  type Settlement,
  timedOut,
} from './ports.ts'
import { contextOf } from './run-context.ts'

/**
 * Owns: one segment of a run: it replays the log, goes on live, then parks or ends. Does not own: when a segment runs (scheduler), what a
 * step does (corridor), how a row is sealed and kept (log).
 *
 * 1. A row reaches the author strictly in row order, once durable, one at a time, with microtasks drained between (E1).
 * 2. A step is asked for only in the turn after a delivery or the start (E1).
 * 3. Nothing is written after a row that may be missing; who finds a position taken has lost (E16).
 * 4. The clock is read once a turn (E11).
 * 5. The state in the end comes from the cancel flag, not from how the body ended (E5).
 */
export interface SegmentOptions {
  readonly loaded: LoadedRun
  readonly log: Log
  readonly clock: Clock
  readonly writer: WriterId
  readonly limits: SegmentLimits
  readonly children: Children
}

export interface SegmentLimits {
  /** Bodies at once (E20). */
  readonly bodies: number
  /** A deadline nearer than this is waited for; a longer one parks. */
  readonly linger: Millis
  /** The longest result, in characters of JSON (E8). */
  readonly result: number
  /** How long a body may go on after its abort (E8). */
  readonly unsettled: Millis
  /** What an intent's deadline has beyond the step's timeout (E17). */
  readonly grace: Millis
}

export const defaultLimits: SegmentLimits = {
  bodies: 64,
  linger: 1000,
  result: 16 * 1024 * 1024,
  unsettled: 10_000,
  grace: 5000,
}

/** What a `call` needs of the engine. */
export interface Children {
  start(run: import('./ports.ts').StartRun): Promise<unknown>
  outcome(run: RunId): Promise<RunOutcome | undefined>
  cancel(run: RunId): Promise<unknown>
}

export type SegmentEnd =
  | { readonly type: 'ended'; readonly outcome: RunOutcome }
  | { readonly type: 'parked'; readonly after: Millis | undefined; readonly bell: number }
  | { readonly type: 'paused' }

interface Written {
  readonly row: NewRow
  at: Instant
  left: Millis | undefined
  isDurable: boolean
}

export class Segment {
  readonly run: LoadedRun
  readonly clock: Clock
  readonly writer: WriterId
  readonly limits: SegmentLimits
  readonly children: Children
  readonly open = new Map<string, Arm>()
  readonly ordinals = new Map<string, number>()
  bell: number
  draws = 0
  isCancelled = false
  isDead = false
  readonly #log: Log
  readonly #bodies: Bodies
  readonly #dropped = new Set<string>()
  readonly #order: Written[] = []
  #seq: number
  #pending = 0
  #time: Instant
  readonly #base: number
  #mayAsk = false
  #cancelAsked: boolean
  #cancelWritten = false
  #pauseAsked = false
  #doomed: Arm[] | undefined
  #closing = 0
  #isReplaying = true
  #done: Settlement | undefined
  #failure: Error | undefined
  #wake: (() => void) | undefined

  constructor(options: SegmentOptions) {
    this.run = options.loaded
    this.clock = options.clock
    this.writer = options.writer
    this.limits = options.limits
    this.children = options.children
    this.#log = options.log
    this.#bodies = new Bodies(this)
    this.bell = options.loaded.bell
    this.#seq = options.loaded.rows.length
    this.#time = options.loaded.started
    this.#base = options.loaded.now - options.clock.now() // the database's time, carried on by a monotonic clock (E11)
    this.#cancelAsked = options.loaded.cancel
  }

  /** The database's time as this segment knows it. */
  get databaseNow(): Instant {
    return Math.round(this.#base + this.clock.now())
  }

  /** The recorded time of the last row that reached the author. */
  get recordedNow(): Instant {
    return this.#time
  }

  get isReplaying(): boolean {
    return this.#isReplaying
  }

  /** What the process's poll has read, or a neighbour in this process has done (E19). */
  poke(flags: Partial<RunFlags>): void {
    if (flags.cancel) this.#cancelAsked = true
    if (flags.state === 'paused') this.#pauseAsked = true
    if (flags.state === 'killed') return this.kill()
    if (flags.bell !== undefined && flags.bell > this.bell) {
      this.bell = flags.bell
      for (const arm of this.open.values()) if (arm.type === 'wait') arm.mustLook = true
    }
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

  /** What is not the author's doing went wrong: the attempt fails and is tried again. */
  giveUp(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
    this.nudge()
  }

  // ---------------------------------------------------------------- the loop

  async drive(handler: RunHandler): Promise<SegmentEnd> {
    try {
      this.#begin(handler)
      for (const row of this.run.rows) {
        await this.#turn()
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
      random: () => contextOf(this).random(),
      fail: (error: Error) => this.failAuthor(error),
    }
    void asAuthor(author, async () => handler(contextOf(this))).then(
      (value) => this.#finish({ ok: value ?? null }),
      (error: unknown) => this.failAuthor(error),
    )
  }

  /** The author's exception outside a step is terminal at once (E7). */
  failAuthor(error: unknown): void {
    const { error: said } = settlementOf(error)
    const code =
      said.code !== 'step/failed'
        ? said.code
        : error instanceof Error && 'code' in error && error.code === 'run/foreign-await'
          ? 'run/foreign-await'
          : 'run/exception'
    this.#finish({ error: { ...said, code } })
  }

  #finish(settlement: Settlement): void {
    this.#done ??= settlement
    this.nudge()
  }

  async #turn(): Promise<void> {
    await this.clock.turn()
    this.#mayAsk = false
  }

  async #live(): Promise<SegmentEnd> {
    for (;;) {
      await this.#turn()
      this.#isReplaying = false
      if (this.#failure) throw this.#failure
      if (this.isDead) throw new AttemptLost('the attempt is over')
      if (this.#deliverNext() || this.#writeCancel()) continue
      const arms = [...this.open.values()]
      if (this.#pauseAsked && this.#pending === 0 && !arms.some((arm) => isLanding(arm) && arm.isBusy))
        return { type: 'paused' }
      if (this.#done && this.#pending === 0 && this.#closing === 0 && this.#settleRest(arms))
        return await this.#end(this.#done)
      if (!this.#done && arms.length === 0 && this.#pending === 0 && !this.#doomed) {
        const run = this.run.run
        this.#finish(
          settlementOf(new MillraceError('run/foreign-await', { run, step: this.run.rows.at(-1)?.key ?? 'its start' })),
        )
        continue
      }
      const now = this.clock.now()
      const isIdle = this.#pauseAsked || this.#bodies.begin(now)
      if (this.#order[0]?.isDurable) continue
      const left = this.#nextDeadline(now)
      if (isIdle && this.#pending === 0 && this.#closing === 0 && !this.#pauseAsked && !(left <= this.limits.linger))
        return { type: 'parked', after: left === Infinity ? undefined : left, bell: this.bell }
      await this.#sleep(left)
    }
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
      if (this.#failure || this.isDead || this.#order[0]?.isDurable) resolve()
    })
    this.#wake = undefined
    cancelTimer?.()
  }

  /** When the author's function has returned, open steps still run and open waits are closed (E20). True: nothing is left. */
  #settleRest(arms: readonly Arm[]): boolean {
    if (this.#doomed) return false
    for (const arm of arms) if (arm.type === 'wait' && !arm.isBusy) this.#drop(arm, 'dropped')
    return this.open.size === 0 && this.#closing === 0
  }

  #drop(arm: Arm, why: 'cancelled' | 'dropped'): void {
    this.#dropped.add(arm.key)
    this.open.delete(arm.key)
    if (arm.type === 'step') return arm.abort?.abort(new RunFailure('run/cancelled', 'The run was cancelled.'))
    if (!arm.options || !arm.isOpen) return
    this.#closing++
    this.#bodies.close(arm, why).then(
      () => {
        this.#closing--
        this.#tellDoomed()
        this.nudge()
      },
      (error: unknown) => this.giveUp(error),
    )
  }

  async #end(settlement: Settlement): Promise<SegmentEnd> {
    const state: FinalState = this.isCancelled ? 'cancelled' : 'error' in settlement ? 'failed' : 'succeeded'
    const outcome: RowOutcome = state === 'succeeded' ? 'done' : state === 'cancelled' ? 'cancelled' : 'failed'
    const seq = this.#seq++
    const row = this.#row({
      seq,
      key: '$end',
      kind: 'run',
      phase: 'end',
      outcome,
      settlement,
      final: { state, rows: seq + 1 },
    })
    const written = await this.#log.append(row, () => this.isDead)
    if (written === 'taken' || this.isDead) throw new AttemptLost('the position of the end is taken')
    return { type: 'ended', outcome: { state, settlement } }
  }

  // ---------------------------------------------------------------- rows

  #row(parts: Omit<NewRow, 'run' | 'writer' | 'at'>): NewRow {
    return { ...parts, run: this.run.run, writer: this.writer, at: this.databaseNow }
  }

  /** Appends a row of an arm; it reaches the author in its turn, once durable. */
  write(
    arm: Arm,
    phase: Phase,
    outcome: RowOutcome,
    parts: {
      settlement?: Settlement
      evidence?: Evidence | undefined
      dueIn?: Millis | undefined
      ms?: Millis
      effect?: NewRow['effect']
    } = {},
  ): void {
    const { settlement, evidence, dueIn, ms, effect } = parts
    const first = arm.hasRow ? undefined : digestOfArm(arm) // E17: a step's first row carries its arguments
    arm.hasRow = true
    this.#append(
      this.#row({
        seq: this.#seq++,
        key: arm.key,
        kind: arm.kind,
        phase,
        outcome,
        ...(settlement && { settlement }),
        ...(evidence && { evidence }),
        ...(dueIn !== undefined && { dueIn }),
        ...(ms !== undefined && { ms: Math.round(ms) }),
        ...(effect && { effect }),
        ...(first !== undefined && { argumentsDigest: first }),
      }),
    )
  }

  #append(row: NewRow): void {
    const written: Written = { row, at: row.at, left: undefined, isDurable: false }
    this.#order.push(written)
    this.#pending++
    this.#log
      .append(row, () => this.isDead)
      .then(
        (got) => {
          this.#pending--
          if (got === 'taken') return this.kill() // E16: the attempt has lost
          written.at = got.at
          written.left = got.left
          written.isDurable = true
          this.nudge()
        },
        (error: unknown) => {
          this.giveUp(error) // nothing after a row that may be missing
          this.kill()
        },
      )
  }

  #deliverNext(): boolean {
    const next = this.#order[0]
    if (!next?.isDurable) return false
    this.#order.shift()
    const { key, kind, phase, seq, settlement, argumentsDigest } = next.row
    const row = {
      seq,
      key,
      kind,
      phase,
      writer: this.writer,
      at: next.at,
      ...(settlement && { settlement }),
      ...(argumentsDigest && { argumentsDigest }),
    }
    this.#deliver(row, next.left, this.writer)
    return true
  }

  #writeCancel(): boolean {
    if (!this.#cancelAsked || this.#cancelWritten) return false
    this.#cancelWritten = true
    this.#append(this.#row({ seq: this.#seq++, key: '$cancel', kind: 'run', phase: 'end', outcome: 'cancelled' }))
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
    if (row.argumentsDigest !== undefined && row.argumentsDigest !== digestOfArm(arm))
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
    for (const arm of doomed) arm.reject(new RunFailure('run/cancelled', 'The run was cancelled.'))
  }

  #diverged(step: string, difference: string): MillraceError {
    return new MillraceError('run/diverged', { run: this.run.run, step, difference })
  }

  // ---------------------------------------------------------------- what the author asks for

  /** Registers what `make` describes under `name` and its ordinal; resolves or rejects when its settlement is delivered. */
  ask<T>(name: string, make: (key: string) => AskedArm): Promise<T> {
    if (this.isDead) return new Promise(() => {})
    if (!this.#mayAsk) return this.#refuse(name)
    if (this.#done)
      return Promise.reject(new RunFailure('run/over', 'The pipeline has returned: it can ask for nothing more.'))
    if (this.isCancelled && !isShielded())
      return Promise.reject(new RunFailure('run/cancelled', 'The run was cancelled.'))
    const ordinal = this.ordinals.get(name) ?? 0
    this.ordinals.set(name, ordinal + 1)
    const key = `${name}#${ordinal}`
    const promise = new Promise<T>((resolve, reject) => {
      const arm = {
        ...make(key),
        key,
        isBusy: false,
        due: undefined,
        digest: undefined,
        hasRow: false,
        resolve,
        reject,
      } as StepArm | WaitArm // `make` gives what its type needs
      this.open.set(key, arm)
      this.nudge()
    })
    promise.catch(() => {}) // a step that nobody awaits is no unhandled rejection
    return promise
  }

  /** E1: asked for after an await of something foreign. Refused before anything of it runs. */
  #refuse<T>(name: string): Promise<T> {
    const error = new MillraceError('run/foreign-await', { run: this.run.run, step: name })
    this.#finish(settlementOf(error))
    const refused = Promise.reject<T>(error)
    refused.catch(() => {})
    return refused
  }
}

export type AskedArm =
  | Pick<StepArm, 'type' | 'kind' | 'arguments' | 'body' | 'options' | 'failures' | 'intentBy' | 'abort'>
  | Pick<WaitArm, 'type' | 'kind' | 'arguments' | 'options' | 'until' | 'isOpen' | 'mustLook'>

export type { RunContext, Json, StepKind }
