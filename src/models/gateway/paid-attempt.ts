import type { Clock, Millis } from '../../core/clock.ts'
import { failureKindOf } from '../../core/errors/failure-kind.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Admission, Attempt, Ended, Reservation } from '../cost/reservation.ts'
import type { SpendLedger } from '../cost/spend-ledger.ts'
import { noUsage, type Usage } from '../cost/usage.ts'
import type { Priority } from '../providers/admission.ts'
import type { Answered, Limits } from '../providers/exchange.ts'
import { errorOf, type Failure } from '../providers/failure.ts'
import type { Secret } from '../providers/secret.ts'
import type { Passage, Target } from '../providers/targets.ts'
import type { Upstream, UpstreamRequest } from '../providers/upstream.ts'
import { type ModelVersion, nameOf } from '../routes/model-version.ts'
import type { AttemptOutcome } from './call-outcome.ts'

/** What a provider said with an error's status: for the client who asked, never for a log. */
export interface SaidByProvider {
  readonly status: number
  readonly headers: Record<string, string | string[]>
  readonly body: Buffer
}

export type Sent =
  /** Headers of success have come; whoever has it ends the attempt. */
  | { readonly kind: 'answered'; readonly answer: Answered }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly said: SaidByProvider | undefined }

export type Admitted =
  | { readonly kind: 'admitted'; readonly attempt: PaidAttempt }
  /** Nothing was sent and nothing is held. `downgrade`: a cheaper way may be taken. */
  | { readonly kind: 'refused'; readonly by: 'target' | 'budget' | 'downgrade'; readonly error: MillraceError }

export interface AttemptOrder {
  readonly target: Target
  readonly model: ModelVersion
  readonly priority: Priority
  readonly reserve: Attempt
  readonly signal: AbortSignal
  readonly spend: SpendLedger
  readonly clock: Clock
}

/**
 * Owns: one attempt with its place at the target and its reservation, from before it is sent until both have ended.
 *
 * 1. Nothing is sent before its reservation is durable (C3), and nothing is reserved for what has no place to go.
 * 2. Both end once: settled by what was used, assumed where that cannot be told, released only if provably nothing was sent (C4).
 * 3. Its place is free at once when it ends; it is booked behind that, and `ended` tells how. A process that dies before has it assumed by another.
 */
export class PaidAttempt {
  /** How it was booked. It never rejects. */
  readonly ended: Promise<AttemptOutcome>
  readonly reservation: Reservation
  readonly #order: AttemptOrder
  readonly #passage: Passage
  readonly #startedAt: number
  readonly #begun: Millis
  #firstByte: Millis | undefined
  #firstContent: Millis | undefined
  #reported: string | undefined
  #resolve: (outcome: AttemptOutcome) => void = () => {}
  #isOver = false

  private constructor(order: AttemptOrder, passage: Passage, reservation: Reservation) {
    this.#order = order
    this.#passage = passage
    this.reservation = reservation
    this.#startedAt = order.clock.today()
    this.#begun = order.clock.now()
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** `isHedge`: it takes a free place or none. */
  static async admit(order: AttemptOrder, isHedge = false): Promise<Admitted> {
    const { priority, reserve, signal, spend, target } = order
    const passage = await target.pass({ priority, signal, isHedge })
    if (passage.kind === 'refusal') return { kind: 'refused', by: 'target', error: passage.error }
    let admission: Admission
    try {
      admission = await spend.reserve(reserve)
    } catch (error) {
      passage.end('unsent')
      throw error
    }
    if (admission.outcome === 'admitted')
      return { kind: 'admitted', attempt: new PaidAttempt(order, passage, admission.reservation) }
    passage.end('unsent')
    const by = admission.outcome === 'downgrade' ? 'downgrade' : 'budget'
    return { kind: 'refused', by, error: admission.error }
  }

  async send(
    upstream: Upstream,
    request: (key: Secret | undefined) => UpstreamRequest,
    limits: Limits,
    signal: AbortSignal,
  ): Promise<Sent> {
    const outcome = await upstream.send(request(this.#passage.key), limits, signal)
    this.#firstByte = outcome.timings.headers
    if (outcome.kind === 'answered') {
      this.#passage.answered()
      return { kind: 'answered', answer: outcome }
    }
    // What is refused is not billed.
    this.failed(outcome.failure, outcome.failure.kind === 'status' ? noUsage : undefined)
    return { kind: 'failed', failure: outcome.failure, said: outcome.said }
  }

  /** The model that says it answers. */
  reports(model: string | undefined): void {
    this.#reported ??= model
  }

  /** The first content of a stream is here. */
  began(): void {
    this.#firstContent ??= this.#order.clock.now() - this.#begun
  }

  /** The whole answer has come. Without a word on its use that cannot be told. `problem`: it is of no use all the same. */
  answered(usage: Usage | undefined, problem?: MillraceError): void {
    if (!this.#end('well')) return
    const { spend } = this.#order
    const booked = usage ? spend.settle(this.reservation, usage) : spend.assume(this.reservation, 'usage-not-told')
    void this.#book(booked, usage, problem)
  }

  /** It came to nothing after success was told: an error inside it, a cut, a client that left. `usage`: what was told of it nevertheless. */
  failed(failure: Failure, usage?: Usage): void {
    if (!this.#end(failure)) return
    const { model, spend } = this.#order
    const { reservation } = this
    const booked = !failure.isSent
      ? spend.release(reservation, failure.kind)
      : usage
        ? spend.settle(reservation, usage)
        : spend.assume(reservation, failure.kind)
    void this.#book(booked, usage, errorOf(failure, nameOf(model)))
  }

  /** Admitted, and never sent. */
  unsent(): void {
    if (!this.#end('unsent')) return
    const error = new MillraceError('model/upstream-aborted', { target: nameOf(this.#order.model) })
    void this.#book(this.#order.spend.release(this.reservation, 'unsent'), undefined, error)
  }

  #end(how: Failure | 'well' | 'unsent'): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#passage.end(how)
    return true
  }

  async #book(booked: Promise<Ended>, usage: Usage | undefined, error: MillraceError | undefined): Promise<void> {
    const { clock, model, reserve } = this.#order
    const { held, id, price } = this.reservation
    const total = clock.now() - this.#begun
    // A booking that fails for good leaves the reservation held: it is assumed when this process ends.
    const ended = await booked.catch(() => undefined)
    const nano = ended ? ended.cost : held
    this.#resolve({
      reservation: id,
      kind: reserve.facts.kind,
      version: model.digest,
      model: model.model,
      provider: model.provider,
      startedAt: this.#startedAt,
      ...(this.#firstByte !== undefined && { firstByte: this.#firstByte }),
      ...(this.#firstContent !== undefined && { firstContent: this.#firstContent }),
      total,
      ...(this.#reported !== undefined && { reported: this.#reported.slice(0, 200) }),
      outcome: error ? 'failed' : 'answered',
      ...(error && { error: error.code, failure: failureKindOf(error.code) }),
      ...(usage && { usage }),
      ...(nano !== undefined && price && { cost: { nano, currency: price.currency } }),
      ...(price && { price: price.version }),
    })
  }
}
