import type { Millis } from '../../core/clock.ts'
import type { Json } from '../../core/json.ts'
import type { RowOutcome } from '../../core/lineage.ts'
import { type Arm, isLanding, type StepArm, type WaitArm } from './arm.ts'
import { outsideAuthor } from './author-guard.ts'
import { AttemptLost, isTerminal, settlementOf, StepFailure } from './failures.ts'
import type { Doorbell, Settled, Settlement } from './ports.ts'
import type { Segment } from './segment.ts'
import { tokenOf } from './token.ts'

/**
 * Owns: what runs for a segment: bodies of steps, and the opening, reading and closing of waits. Does not own: the order in which their
 * rows reach the author (segment).
 *
 * 1. At most `limits.bodies` at once, begun in the order asked for (E20).
 * 2. An effect's body runs only after its intent is durable (L1); an intent of another writer is treated as `ifUnknown` says (E17).
 * 3. No second body of a step overlaps the first (E8).
 */
export class Bodies {
  readonly #segment: Segment
  #running = 0

  constructor(segment: Segment) {
    this.#segment = segment
  }

  /** Begins what may begin. True: nothing is under way, and nothing waits for a free place. */
  begin(now: Millis): boolean {
    let isIdle = true
    for (const arm of this.#segment.open.values()) {
      if (arm.isBusy) {
        isIdle = false
        continue
      }
      if (!this.#isReady(arm, now)) continue
      isIdle = false
      if (this.#running >= this.#segment.limits.bodies) continue
      arm.isBusy = true
      this.#running++
      const work = arm.type === 'step' ? this.#step(arm) : this.#wait(arm, now)
      work
        .catch((error: unknown) => this.#segment.giveUp(error))
        .finally(() => {
          this.#running--
          this.#segment.nudge()
        })
        .catch(() => {})
    }
    return isIdle
  }

  #isReady(arm: Arm, now: Millis): boolean {
    const isDue = arm.due !== undefined && arm.due <= now
    if (arm.type === 'wait') return !arm.isOpen || arm.mustLook || isDue
    if (arm.intentBy === undefined) return arm.due === undefined || isDue
    // E17: before an intent's deadline another writer neither repeats nor looks, unless the target honours tokens.
    return (
      arm.intentBy === this.#segment.writer ||
      isDue ||
      (arm.options.effect !== false && arm.options.effect.ifUnknown.kind === 'token-is-idempotent')
    )
  }

  // ---------------------------------------------------------------- steps

  async #step(arm: StepArm): Promise<void> {
    const { effect, timeout } = arm.options
    const token = tokenOf(this.#segment.run.root, arm.key)
    if (effect && arm.intentBy === undefined) {
      const dueIn = timeout + this.#segment.limits.grace
      return this.#segment.write(arm, 'intent', 'pending', {
        dueIn,
        evidence: { factors: [effect.action] },
        effect: { actionDigest: effect.action.digest, token },
      })
    }
    if (effect && arm.intentBy !== this.#segment.writer && (await this.#settleUnknown(arm, token))) return
    await this.#attempt(arm, token)
  }

  /** What an earlier attempt left open. True: it is settled now; false: the body may run (again). */
  async #settleUnknown(arm: StepArm, token: string): Promise<boolean> {
    const effect = arm.options.effect
    if (!effect || effect.ifUnknown.kind === 'token-is-idempotent') return false
    if (effect.ifUnknown.kind === 'lookup') {
      const found = await this.#within(arm, effect.ifUnknown.find(token, AbortSignal.timeout(arm.options.timeout)))
      if (found.type === 'threw') throw found.error // nobody knows yet: asked again
      if (found.value === undefined) return false
      this.#record(arm, found.value, 0)
      return true
    }
    this.#segment.write(arm, 'end', 'failed', { settlement: unknownOutcome, evidence: { factors: [effect.action] } })
    return true
  }

  async #attempt(arm: StepArm, token: string): Promise<void> {
    const { timeout, retry } = arm.options
    arm.abort = new AbortController()
    const { signal } = arm.abort
    const late = new StepFailure(
      'step/timeout',
      `The step took longer than ${timeout} ms and was aborted. Its target is slow or does not answer; raise the step's timeout if that is expected.`,
    )
    const cancelTimer = this.#segment.clock.after(timeout, () => arm.abort?.abort(late))
    const since = this.#segment.clock.now()
    const settled = await this.#within(
      arm,
      outsideAuthor(async () => arm.body(signal, { token, attempt: arm.failures + 1 })),
    )
    cancelTimer()
    const ms = this.#segment.clock.now() - since
    if (this.#isGone(arm)) return
    if (settled.type === 'value') return this.#record(arm, settled.value, ms)
    const isUnknown = settled.error instanceof StepFailure && settled.error.isOutcomeUnknown
    if (isUnknown && (await this.#settleUnknown(arm, token))) return
    const error =
      signal.aborted && signal.reason === late && !(settled.error instanceof StepFailure) ? late : settled.error
    if (error instanceof AttemptLost) throw error
    this.#fail(arm, error, ms, retry)
  }

  /** A body that is deaf to its abort is given up after a while: a result that comes later counts no more (E8). */
  async #within<T>(
    arm: StepArm,
    body: Promise<T>,
  ): Promise<{ type: 'value'; value: T } | { type: 'threw'; error: unknown }> {
    let cancelTimer: (() => void) | undefined
    const deaf = new Promise<never>((_resolve, reject) => {
      const give = (): void => {
        cancelTimer = this.#segment.clock.after(this.#segment.limits.unsettled, () =>
          reject(
            new StepFailure(
              'step/unsettled',
              'The body went on after it was aborted, and was given up. It must end when its signal aborts.',
              { terminal: true },
            ),
          ),
        )
      }
      arm.abort?.signal.addEventListener('abort', give, { once: true })
    })
    try {
      return { type: 'value', value: await Promise.race([body, deaf]) }
    } catch (error) {
      return { type: 'threw', error }
    } finally {
      cancelTimer?.()
    }
  }

  #record(arm: StepArm, settled: Settled<Json>, ms: Millis): void {
    const text = JSON.stringify(settled.value ?? null)
    const problem =
      text.length > this.#segment.limits.result
        ? new StepFailure(
            'step/too-large',
            `The result has ${text.length} characters, more than the ${this.#segment.limits.result} that a step may keep. Return a reference to it instead.`,
            { terminal: true },
          )
        : /\\ud[89a-f]/i.test(text)
          ? new StepFailure(
              'step/not-json',
              'The result holds half of a surrogate pair, which JSON cannot keep. Clean the text before it is returned.',
              { terminal: true },
            )
          : undefined
    if (problem) return this.#fail(arm, problem, ms)
    // Parsed back, so that the author sees live what a replay shows.
    this.#segment.write(arm, 'end', 'done', {
      settlement: { ok: JSON.parse(text) as Json },
      evidence: settled.evidence,
      ms,
    })
  }

  #fail(arm: StepArm, error: unknown, ms: Millis, retry?: StepArm['options']['retry']): void {
    const failure = error instanceof StepFailure ? error : undefined
    const evidence = failure?.evidence
    if (retry && !isTerminal(error) && arm.failures + 1 < retry.attempts) {
      const dueIn = failure?.retryAfter ?? Math.min(retry.most, retry.first * retry.factor ** arm.failures)
      return this.#segment.write(arm, `try${arm.failures + 1}`, 'failed', {
        settlement: settlementOf(error),
        evidence,
        dueIn,
        ms,
      })
    }
    const isUnknown = failure?.code === 'step/unsettled' && isLanding(arm)
    const outcome: RowOutcome = failure?.isDenial ? 'denied' : failure?.code === 'step/timeout' ? 'timed-out' : 'failed'
    this.#segment.write(arm, 'end', outcome, {
      settlement: isUnknown ? unknownOutcome : settlementOf(error),
      evidence,
      ms,
    })
  }

  #isGone(arm: Arm): boolean {
    return this.#segment.isDead || this.#segment.open.get(arm.key) !== arm
  }

  // ---------------------------------------------------------------- waits

  #bell(arm: WaitArm): Doorbell {
    return { run: this.#segment.run.run, key: arm.key }
  }

  async #wait(arm: WaitArm, now: Millis): Promise<void> {
    arm.mustLook = false
    if (!arm.isOpen) return this.#open(arm)
    const isLate = arm.due !== undefined && arm.due <= now // looked at before the decision is read: a decision in time wins
    const found = await arm.options?.read(this.#bell(arm))
    if (this.#isGone(arm)) return
    const won = found ?? (isLate ? await this.close(arm, 'timeout') : undefined)
    if (this.#isGone(arm)) return
    if (won) this.#segment.write(arm, 'end', 'done', { settlement: { ok: won.value }, evidence: won.evidence })
    else if (isLate)
      this.#segment.write(arm, 'end', arm.options ? 'timed-out' : 'done', { settlement: { timedOut: true } })
    else arm.isBusy = false
  }

  async #open(arm: WaitArm): Promise<void> {
    try {
      const evidence = await arm.options?.open(this.#bell(arm))
      if (!this.#isGone(arm)) this.#segment.write(arm, 'open', 'pending', { evidence, dueIn: arm.until })
    } catch (error) {
      if (!isTerminal(error)) throw error
      if (!this.#isGone(arm)) this.#segment.write(arm, 'end', 'failed', { settlement: settlementOf(error) })
    }
  }

  /** Closes the item, or answers the decision that won (E20). */
  async close(arm: WaitArm, why: 'timeout' | 'cancelled' | 'dropped'): Promise<Settled<Json> | undefined> {
    return arm.options?.close(this.#bell(arm), why)
  }
}

const unknownOutcome: Settlement = {
  error: {
    code: 'step/outcome-unknown',
    message:
      'The effect was begun, and whether it landed is not known: the process or the connection ended between. A person must look before it is done again.',
  },
}
