import type { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Admission, Attempt, Reservation } from '../cost/reservation.ts'
import type { SpendLedger } from '../cost/spend-ledger.ts'
import { noUsage, type Usage } from '../cost/usage.ts'
import type { Answered, Limits } from '../providers/exchange.ts'
import type { Failure } from '../providers/failure.ts'
import type { Passage, Target } from '../providers/targets.ts'
import type { Upstream, UpstreamRequest } from '../providers/upstream.ts'
import type { Priority } from '../providers/admission.ts'
import type { Secret } from '../providers/secret.ts'

/** What a provider said with an error's status: for the client who asked, never for a log. */
export interface SaidByProvider {
  readonly status: number
  readonly headers: Record<string, string | string[]>
  readonly body: Buffer
}

export type AttemptOutcome =
  /** Headers of success have come; whoever has it ends it. */
  | { readonly kind: 'answered'; readonly attempt: PaidAttempt; readonly answer: Answered }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly said: SaidByProvider | undefined }
  /** Nothing was sent: the target had no place or key, or a budget no room. */
  | { readonly kind: 'refused'; readonly by: 'target' | 'budget'; readonly error: MillraceError }

export interface AttemptOrder {
  readonly target: Target
  readonly priority: Priority
  readonly reserve: Attempt
  readonly request: (key: Secret | undefined) => UpstreamRequest
  readonly limits: Limits
  readonly signal: AbortSignal
}

/**
 * Owns: one attempt with its place at the target and its reservation, from before it is sent until both have ended.
 *
 * 1. Nothing is sent before its reservation is durable (C3), and nothing is reserved for what has no place to go.
 * 2. Both end once: settled by what was used, assumed where that cannot be told, released only if provably nothing was sent (C4).
 */
export class PaidAttempt {
  readonly #spend: SpendLedger
  readonly #passage: Passage
  readonly #reservation: Reservation
  #isOver = false

  private constructor(spend: SpendLedger, passage: Passage, reservation: Reservation) {
    this.#spend = spend
    this.#passage = passage
    this.#reservation = reservation
  }

  static async send(spend: SpendLedger, upstream: Upstream, order: AttemptOrder): Promise<AttemptOutcome> {
    const passage = await order.target.pass({ priority: order.priority, signal: order.signal })
    if (passage.kind === 'refusal') return { kind: 'refused', by: 'target', error: passage.error }
    let admission: Admission
    try {
      admission = await spend.reserve(order.reserve)
    } catch (error) {
      passage.end('unsent')
      throw error
    }
    if (admission.outcome !== 'admitted') {
      passage.end('unsent')
      return { kind: 'refused', by: 'budget', error: admission.error }
    }
    const attempt = new PaidAttempt(spend, passage, admission.reservation)
    const outcome = await upstream.send(order.request(passage.key), order.limits, order.signal)
    if (outcome.kind === 'answered') {
      passage.answered()
      return { kind: 'answered', attempt, answer: outcome }
    }
    await attempt.#ended(outcome.failure, outcome.failure.kind === 'status' ? noUsage : undefined) // what is refused is not billed
    return { kind: 'failed', failure: outcome.failure, said: outcome.said }
  }

  /** The whole answer has come. Without a word on its use that cannot be told. */
  async answered(usage: Usage | undefined): Promise<void> {
    if (!this.#end('well')) return
    if (usage) await this.#spend.settle(this.#reservation, usage)
    else await this.#spend.assume(this.#reservation, 'usage-not-told')
  }

  /** It came to nothing after success was told: an error inside it, a cut, a client that left. `usage`: what was told of it nevertheless. */
  failed(failure: Failure, usage?: Usage): Promise<void> {
    return this.#ended(failure, usage)
  }

  async #ended(failure: Failure, usage: Usage | undefined): Promise<void> {
    if (!this.#end(failure)) return
    if (!failure.isSent) await this.#spend.release(this.#reservation, failure.kind)
    else if (usage) await this.#spend.settle(this.#reservation, usage)
    else await this.#spend.assume(this.#reservation, failure.kind)
  }

  #end(how: Failure | 'well'): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#passage.end(how)
    return true
  }
}
