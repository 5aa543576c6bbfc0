import type { Clock, Millis } from '../../core/clock.ts'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import type { WriterId } from '../../core/ids.ts'
import type { Json } from '../../core/json.ts'
import type { Phase, RowOutcome } from '../../core/lineage.ts'
import { type Arm, isLanding, type StepArm, type WaitArm } from './arm.ts'
import { outsideAuthor } from './author-guard.ts'
import { AttemptLost, isTerminal, settlementOf, StepFailure } from './failures.ts'
import type { SegmentLimits } from './limits.ts'
import type { Doorbell, Evidence, IfUnknown, LoadedRun, NewRow, Settled, Settlement } from './ports.ts'
import { tokenOf } from './token.ts'

/** What a row of an arm says besides its place. */
export interface RowParts {
  readonly settlement?: Settlement
  readonly evidence?: Evidence | undefined
  readonly dueIn?: Millis | undefined
  readonly ms?: Millis
  readonly effect?: Pick<NonNullable<NewRow['effect']>, 'actionDigest' | 'token'>
}

/** What bodies need of the segment that they run for. */
export interface BodyHost {
  readonly run: LoadedRun
  readonly writer: WriterId
  readonly clock: Clock
  readonly limits: SegmentLimits
  readonly open: ReadonlyMap<string, Arm>
  readonly isDead: boolean
  /** Appends a row of an arm. */
  write(arm: Arm, phase: Phase, outcome: RowOutcome, parts?: RowParts): void
  /** What is not the author's doing went wrong: the attempt fails and is tried again. */
  giveUp(error: unknown): void
  nudge(): void
  /** A body is deaf to its abort: this process should be replaced (E8). */
  retire(step: string): void
}

/**
 * Owns: what runs for a segment: bodies of steps, and the opening, reading and closing of waits. Does not own: the order in which their
 * rows reach the author (segment).
 *
 * 1. At most `limits.bodies` at once, begun in the order asked for (E20).
 * 2. An effect's body runs only after its intent is durable (L1); an intent of another writer is treated as `ifUnknown` says (E17).
 * 3. No second body of a step overlaps the first (E8).
 */
export class Bodies {
  readonly #host: BodyHost
  #running = 0
  /** Something could not begin for want of a place. */
  #isFull = false

  constructor(host: BodyHost) {
    this.#host = host
  }

  /** Begins what may begin, of what `only` lets through. True: nothing is under way, and nothing waits for a free place. */
  begin(now: Millis, only?: (arm: Arm) => boolean): boolean {
    let isIdle = true
    for (const arm of this.#host.open.values()) {
      if (arm.isBusy) {
        isIdle = false
        continue
      }
      if ((only && !only(arm)) || !this.#isReady(arm, now)) continue
      isIdle = false
      if (this.#running >= this.#host.limits.bodies) {
        this.#isFull = true // E20
        continue
      }
      arm.isBusy = true
      this.#running++
      const work = arm.type === 'step' ? this.#step(arm) : this.#wait(arm, now)
      work
        .catch((error: unknown) => this.#host.giveUp(error))
        .finally(() => this.#ended(arm))
        .catch(() => {})
    }
    return isIdle
  }

  /** The loop is woken when it has something to do; a row that was written wakes it when it is durable. */
  #ended(arm: Arm): void {
    this.#running--
    if (!this.#isFull && arm.isBusy && !this.#isGone(arm)) return
    this.#isFull = false
    this.#host.nudge()
  }

  #isReady(arm: Arm, now: Millis): boolean {
    const isDue = arm.due !== undefined && arm.due <= now
    if (arm.type === 'wait') return !arm.isOpen || arm.mustLook || isDue
    if (arm.intentBy === undefined) return arm.due === undefined || isDue
    // E17: before an intent's deadline another writer neither repeats nor looks, unless the target honours tokens.
    return (
      arm.intentBy === this.#host.writer ||
      isDue ||
      (arm.options.effect !== false && arm.options.effect.ifUnknown.kind === 'token-is-idempotent')
    )
  }

  #isGone(arm: Arm): boolean {
    return this.#host.isDead || this.#host.open.get(arm.key) !== arm
  }

  // ---------------------------------------------------------------- steps

  async #step(arm: StepArm): Promise<void> {
    const { effect } = arm.options
    if (!effect) return this.#attempt(arm)
    if (arm.intentBy === undefined) return this.#intend(arm)
    // Another writer's attempt: whether it landed is not known here (E17).
    if (arm.intentBy !== this.#host.writer && effect.ifUnknown.kind !== 'token-is-idempotent')
      return this.#settleUnknown(arm, effect.ifUnknown)
    return this.#attempt(arm)
  }

  /** L1: what is attempted is durable before it is. */
  #intend(arm: StepArm): void {
    const { effect, timeout } = arm.options
    if (!effect) return
    const token = tokenOf(this.#host.run.root, arm.key)
    this.#host.write(arm, 'intent', 'pending', {
      dueIn: timeout + this.#host.limits.grace,
      evidence: { factors: [effect.action] },
      effect: { actionDigest: effect.action.digest, token },
    })
  }

  async #attempt(arm: StepArm): Promise<void> {
    const { timeout, effect } = arm.options
    const { clock } = this.#host
    const token = tokenOf(this.#host.run.root, arm.key)
    const abort = (arm.abort = new AbortController())
    let late: StepFailure | undefined
    const cancelTimer = clock.after(timeout, () => abort.abort((late = tooLate(timeout))))
    const since = clock.now()
    const attempt = { token, attempt: arm.failures + 1 }
    const settled = await this.#within(
      abort.signal,
      outsideAuthor(async () => arm.body(abort.signal, attempt)),
    )
    cancelTimer()
    const ms = clock.now() - since
    if (this.#isGone(arm)) return
    if (settled.type === 'value') return this.#record(arm, settled.value, ms)
    if (settled.error instanceof AttemptLost) throw settled.error
    const error = late && !(settled.error instanceof StepFailure) ? late : settled.error
    if (codeOf(error) === 'step/unsettled') this.#host.retire(arm.key)
    // E2: a repetition under the same token is harmless, or it is not known whether the effect landed.
    if (effect && effect.ifUnknown.kind !== 'token-is-idempotent' && !isDefinite(error))
      return this.#settleUnknown(arm, effect.ifUnknown)
    this.#fail(arm, error, ms, arm.options.retry)
  }

  /** What an attempt left open: a look decides, or a person does. */
  async #settleUnknown(arm: StepArm, ifUnknown: Exclude<IfUnknown, { kind: 'token-is-idempotent' }>): Promise<void> {
    const found = ifUnknown.kind === 'lookup' ? await this.#lookUp(arm, ifUnknown.find) : undefined
    if (this.#isGone(arm)) return
    if (found?.type === 'landed') return this.#record(arm, found.settled, 0)
    if (found?.type === 'not-landed') return this.#intend(arm) // under an intent of its own, with a deadline of its own
    this.#host.write(arm, 'end', 'failed', { settlement: unknownOutcome })
  }

  /** Asks the target what became of an attempt, as often as the step's policy has attempts; then nobody knows. */
  async #lookUp(
    arm: StepArm,
    find: Extract<IfUnknown, { kind: 'lookup' }>['find'],
  ): Promise<{ type: 'landed'; settled: Settled<Json> } | { type: 'not-landed' } | undefined> {
    const { timeout, retry } = arm.options
    const { clock, run } = this.#host
    for (let tries = 0; tries < retry.attempts; tries++) {
      const abort = new AbortController()
      const cancelTimer = clock.after(timeout, () => abort.abort(tooLate(timeout)))
      const token = tokenOf(run.root, arm.key)
      const got = await this.#within(
        abort.signal,
        outsideAuthor(async () => find(token, abort.signal)),
      )
      cancelTimer()
      if (this.#isGone(arm)) return undefined
      if (got.type === 'value')
        return got.value === undefined ? { type: 'not-landed' } : { type: 'landed', settled: got.value }
      await new Promise<void>((resolve) => clock.after(backoffOf(retry, tries), resolve))
      if (this.#isGone(arm)) return undefined
    }
    return undefined
  }

  /** A body that is deaf to its abort is given up after a while: a result that comes later counts no more (E8). */
  async #within<T>(
    signal: AbortSignal,
    body: Promise<T>,
  ): Promise<{ type: 'value'; value: T } | { type: 'threw'; error: unknown }> {
    let cancelTimer: (() => void) | undefined
    try {
      const value = await new Promise<T>((resolve, reject) => {
        const giveUp = (): void => {
          cancelTimer = this.#host.clock.after(this.#host.limits.unsettled, () => reject(unsettled()))
        }
        signal.addEventListener('abort', giveUp, { once: true })
        body.then(resolve, reject)
      })
      return { type: 'value', value }
    } catch (error) {
      return { type: 'threw', error }
    } finally {
      cancelTimer?.()
    }
  }

  #record(arm: StepArm, settled: Settled<Json>, ms: Millis): void {
    const text = JSON.stringify(settled.value ?? null)
    const problem = problemOf(text, this.#host.limits.result)
    if (problem) return this.#fail(arm, problem, ms) // E8: terminal, and the body does not run again
    // Parsed back, so that the author sees live what a replay shows.
    this.#host.write(arm, 'end', 'done', {
      settlement: { ok: JSON.parse(text) as Json },
      evidence: settled.evidence,
      ms,
    })
  }

  #fail(arm: StepArm, error: unknown, ms: Millis, retry?: StepArm['options']['retry']): void {
    const failure = error instanceof StepFailure ? error : undefined
    const evidence = failure?.evidence
    if (retry && !isTerminal(error) && arm.failures + 1 < retry.attempts) {
      const dueIn = failure?.retryAfter ?? backoffOf(retry, arm.failures)
      const parts = { settlement: settlementOf(error), evidence, dueIn, ms }
      return this.#host.write(arm, `try${arm.failures + 1}`, 'failed', parts)
    }
    const isUnknown = failure?.code === 'step/unsettled' && isLanding(arm)
    const outcome: RowOutcome = failure?.isDenial ? 'denied' : failure?.code === 'step/timeout' ? 'timed-out' : 'failed'
    const settlement = isUnknown ? unknownOutcome : settlementOf(error)
    this.#host.write(arm, 'end', outcome, { settlement, evidence, ms })
  }

  // ---------------------------------------------------------------- waits

  #bell(arm: WaitArm): Doorbell {
    return { run: this.#host.run.run, key: arm.key }
  }

  async #wait(arm: WaitArm, now: Millis): Promise<void> {
    arm.mustLook = false
    if (!arm.isOpen) return this.#open(arm)
    const isLate = arm.due !== undefined && arm.due <= now // looked at before the decision is read: a decision in time wins
    const { options } = arm
    const found = options && (await this.#bounded(outsideAuthor(async () => options.read(this.#bell(arm)))))
    if (this.#isGone(arm)) return
    const won = found ?? (isLate ? await this.close(arm, 'timeout') : undefined) // E20
    if (this.#isGone(arm)) return
    if (won) this.#host.write(arm, 'end', 'done', { settlement: { ok: won.value }, evidence: won.evidence })
    else if (isLate)
      this.#host.write(arm, 'end', arm.options ? 'timed-out' : 'done', { settlement: { timedOut: true } })
    else arm.isBusy = false
  }

  async #open(arm: WaitArm): Promise<void> {
    const { options } = arm
    try {
      const opening = options && this.#bounded(outsideAuthor(async () => options.open(this.#bell(arm))))
      arm.opening = opening
      const evidence = await opening
      if (!this.#isGone(arm)) this.#host.write(arm, 'open', 'pending', { evidence, dueIn: arm.until })
    } catch (error) {
      if (!isTerminal(error)) throw error
      const parts = {
        settlement: settlementOf(error),
        ...(error instanceof StepFailure && { evidence: error.evidence }),
      }
      const outcome = error instanceof StepFailure && error.isDenial ? 'denied' : 'failed'
      if (!this.#isGone(arm)) this.#host.write(arm, 'end', outcome, parts)
    }
  }

  /**
   * Closes the item, or answers the decision that won (E20). Also where no row says that it was opened: an earlier attempt, or the one
   * under way, may have opened it.
   */
  async close(arm: WaitArm, why: 'timeout' | 'cancelled' | 'dropped'): Promise<Settled<Json> | undefined> {
    const { options } = arm
    if (!options) return undefined
    await arm.opening?.catch(() => {}) // who began to open it hears of its failure
    return this.#bounded(outsideAuthor(async () => options.close(this.#bell(arm), why)))
  }

  /** E8: no port is waited for without end. What comes later counts no more. */
  async #bounded<T>(work: Promise<T>): Promise<T> {
    const { clock, limits } = this.#host
    let cancelTimer: (() => void) | undefined
    const tooSlow = new Promise<never>((_resolve, reject) => {
      cancelTimer = clock.after(limits.port, () => reject(new Error(`no answer within ${limits.port} ms`)))
    })
    try {
      return await Promise.race([work, tooSlow])
    } finally {
      cancelTimer?.()
    }
  }
}

const backoffOf = (retry: StepArm['options']['retry'], failures: number): Millis =>
  Math.min(retry.most, retry.first * retry.factor ** failures)

const codeOf = (error: unknown): string | undefined => (error instanceof StepFailure ? error.code : undefined)

/** True: the attempt certainly changed nothing, for whoever failed says so. Any other exception of an effect may have come after it landed. */
const isDefinite = (error: unknown): boolean =>
  error instanceof StepFailure
    ? !error.isOutcomeUnknown && error.code !== 'step/timeout' && error.code !== 'step/unsettled'
    : isMillraceError(error)

function problemOf(text: string, most: number): StepFailure | undefined {
  const bytes = Buffer.byteLength(text)
  if (bytes > most)
    return new StepFailure(
      'step/too-large',
      `The result has ${bytes} bytes of JSON, more than the ${most} that a step may keep. Return a reference to it instead.`,
      { terminal: true },
    )
  if (/(?<!\\)(?:\\\\)*\\ud[89a-f]/i.test(text))
    return new StepFailure(
      'step/not-json',
      'The result holds half of a surrogate pair, which JSON cannot keep. Clean the text before it is returned.',
      { terminal: true },
    )
  return undefined
}

const tooLate = (timeout: Millis): StepFailure =>
  new StepFailure(
    'step/timeout',
    `The step took longer than ${timeout} ms and was aborted. Its target is slow or does not answer; raise the step's timeout if that is expected.`,
  )

const unsettled = (): StepFailure =>
  new StepFailure(
    'step/unsettled',
    'The body went on after it was aborted, and was given up. It must end when its signal aborts.',
    { terminal: true },
  )

const unknownOutcome: Settlement = {
  error: {
    code: 'step/outcome-unknown',
    message:
      'The effect was begun, and whether it landed is not known: the process or the connection ended between. A person must look before it is done again.',
  },
}
