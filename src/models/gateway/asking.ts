import type { Clock } from '../../core/clock.ts'
import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import type { Random } from '../../core/random.ts'
import { worstOf } from '../cost/price.ts'
import type { Usage } from '../cost/usage.ts'
import type { Attempt, AttemptKind } from '../cost/reservation.ts'
import type { SpendLedger } from '../cost/spend-ledger.ts'
import type { ModelRequest } from '../dialects/dialect.ts'
import type { Said } from '../dialects/said.ts'
import { parsed } from '../dialects/unknown-json.ts'
import type { Priority } from '../providers/admission.ts'
import { errorOf } from '../providers/failure.ts'
import { defaultRetryLimits, nextMove as moveAfter } from '../providers/next-move.ts'
import type { Target, Targets } from '../providers/targets.ts'
import type { Upstream } from '../providers/upstream.ts'
import type { WithoutResponses } from '../responses/without-responses.ts'
import { loweredTier } from '../routes/budget-replay.ts'
import { type ModelVersion, nameOf } from '../routes/model-version.ts'
import type { PlannedAttempt } from '../routes/plan-route.ts'
import { modelOf, type RouteTarget } from '../routes/route-version.ts'
import { tiers } from '../../sdk/models.ts'
import { unmet } from '../structured/check-of.ts'
import { repairOf } from '../structured/repair-of.ts'
import { type Answer, type Read, readAnswer } from './answer.ts'
import type { Call } from './call.ts'
import type { Manner } from './manner.ts'
import { limitsOf, requestTo } from './endpoint.ts'
import { tellableFailure } from './live-stream.ts'
import { PaidAttempt, type SaidByProvider } from './paid-attempt.ts'
import { priceFor, type PriceParts } from './price-for.ts'
import { type Prepared, prepare } from './prepared.ts'
import type { Silences } from './silence.ts'

export interface AskerParts extends PriceParts {
  readonly targets: Targets
  readonly upstream: Upstream
  readonly spend: SpendLedger
  /** Where the keys of a model's version come from: they are no part of it. */
  readonly keysOf: (model: ModelVersion) => readonly string[]
  readonly clock: Clock
  readonly random: Random
  readonly silences: Silences
  readonly withoutResponses: WithoutResponses
  /** Models within this process. */
  readonly local?: LocalAnswers
}

/** Answers of a model within this process. Errors: those of the dictionary, and nothing was used then. */
export interface LocalAnswers {
  answer(
    model: ModelVersion,
    request: ModelRequest,
    manner: { readonly priority: Priority; readonly signal: AbortSignal },
  ): Promise<{
    readonly status: number
    readonly headers: Record<string, string>
    readonly body: Buffer
    readonly usage: Usage
    readonly said?: Said | undefined
  }>
}

export type Asked =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | {
      readonly kind: 'failed'
      readonly error: MillraceError
      readonly said: SaidByProvider | undefined
      /** No other version would do better. `downgrade`: a cheaper one may be asked. */
      readonly then: 'next' | 'stop' | 'downgrade'
    }

/** What comes of one attempt. */
type Once =
  | Read
  | { readonly kind: 'refused'; readonly by: 'target' | 'budget' | 'downgrade'; readonly error: MillraceError }

/**
 * Owns: how one version is asked: its retries, a hedge beside a slow attempt, one repair of an answer that does not fit. Does not own: which version
 * comes next (walk.ts).
 *
 * 1. Every attempt has its own durable reservation before it is sent (C3).
 * 2. An answer that does not fit its schema is asked for once more, in the same words and with what was wrong; a stream is not.
 * 3. A call with tools is never hedged.
 */
export class Asker {
  readonly #parts: AskerParts

  constructor(parts: AskerParts) {
    this.#parts = parts
  }

  /** As often as its failures allow. `left`: versions that may be asked after it. */
  async ask(
    call: Call,
    planned: PlannedAttempt,
    o: { readonly isFirst: boolean; readonly left: number } & Pick<Manner, 'wantsWhole' | 'isChecked' | 'listens'>,
  ): Promise<Asked> {
    const { clock, random } = this.#parts
    const model = modelOf(call.route, planned.version)
    const target = this.#target(model)
    const name = nameOf(model)
    let prepared: Prepared
    try {
      prepared = this.#prepare(call, model, call.request)
    } catch (error) {
      if (!isMillraceError(error)) throw error
      return { kind: 'failed', error, said: undefined, then: 'next' }
    }
    const signal = planned.onHangUp === 'drain' ? new AbortController().signal : call.signal
    let kind: AttemptKind = o.isFirst ? 'first' : 'fallback'
    for (let onTarget = 1; ; onTarget++) {
      const manner: Manner = { ...o, request: call.request, kind, priority: call.caller.priority, signal }
      const once = await this.#raced(call, planned, { model, target, prepared, manner })
      if (once.kind === 'answered') return once
      if (once.kind === 'refused') {
        const then = once.by === 'target' ? 'next' : once.by === 'budget' ? 'stop' : 'downgrade'
        return { kind: 'failed', error: once.error, said: undefined, then }
      }
      if (once.kind === 'unfit') return this.#repaired(call, planned, { model, target, prepared, manner }, once)
      const { failure } = once
      const said = once.said && inWordsOf(call, prepared, once.said)
      if (once.said && this.#hasNoResponses(model, prepared, once.said)) {
        prepared = this.#prepare(call, model, call.request)
        kind = 'retry'
        continue
      }
      const error = errorOf(failure, name)
      if (call.signal.aborted) return { kind: 'failed', error, said, then: 'stop' }
      const move = moveAfter({
        failure,
        history: {
          attempts: call.diary.sent,
          onTarget,
          hasPassedContent: false,
          targetsLeft: o.left,
          keysLeft: Math.max(0, target.keyring.usable - 1),
        },
        now: clock.now(),
        limits: { ...defaultRetryLimits, deadline: call.deadline },
        draw: random.bytes(4).readUInt32BE() / 2 ** 32,
      })
      if (move.move !== 'repeat') return { kind: 'failed', error, said, then: move.move === 'stop' ? 'stop' : 'next' }
      await new Promise<void>((resolve) => clock.after(move.after, resolve))
      kind = 'retry'
    }
  }

  /** Once, without retries: a shadow, a sample, a judge. `note` is told of the attempt before it is sent. */
  async once(
    call: Call,
    planned: Pick<RouteTarget, 'version' | 'timeouts' | 'onHangUp'>,
    manner: Manner,
    note: (attempt: PaidAttempt) => void,
  ): Promise<Once> {
    const model = modelOf(call.route, planned.version)
    const prepared = this.#prepare(call, model, manner.request)
    const target = this.#target(model)
    const admitted = await PaidAttempt.admit(this.#order(call, { model, target, prepared, manner }, manner.kind))
    if (admitted.kind === 'refused') return admitted
    note(admitted.attempt)
    return this.#read(call, planned, { model, target, prepared, manner }, admitted.attempt, manner.signal)
  }

  #prepare(call: Call, model: ModelVersion, request: ModelRequest): Prepared {
    return prepare(call, model, request, this.#parts.withoutResponses.has(model.digest))
  }

  /** Many servers that speak OpenAI's chat have no `/v1/responses`, and none says so before it is asked: then its chat is. */
  #hasNoResponses(model: ModelVersion, { adapter, dialect }: Prepared, said: SaidByProvider): boolean {
    if (adapter || dialect.name !== 'openai-responses' || model.provider !== 'openai-compatible') return false
    return this.#parts.withoutResponses.hear(model.digest, said)
  }

  #target(model: ModelVersion): Target {
    return this.#parts.targets.of({ digest: model.digest, name: nameOf(model), keys: this.#parts.keysOf(model) })
  }

  /** One attempt, or two of which the sooner answer counts. */
  async #raced(call: Call, planned: PlannedAttempt, asked: AskedOf): Promise<Once> {
    const { manner, target } = asked
    const admitted = await PaidAttempt.admit(this.#order(call, asked, manner.kind))
    if (admitted.kind === 'refused') {
      if (admitted.by === 'budget') call.diary.stoppedBy = budgetIn(admitted.error)
      if (admitted.by === 'downgrade') call.diary.downgradedBy = budgetIn(admitted.error)
      return admitted
    }
    call.diary.note(admitted.attempt)
    if (!call.route.policy.hedge) return this.#read(call, planned, asked, admitted.attempt, manner.signal)
    const raced = await target.hedging.run<Once, PaidAttempt>({
      hasTools: manner.request.hasTools,
      signal: manner.signal,
      first: (signal) => this.#read(call, planned, asked, admitted.attempt, signal),
      permit: async () => {
        const hedge = await PaidAttempt.admit(this.#order(call, asked, 'hedge'), true)
        if (hedge.kind === 'refused') return undefined
        call.diary.note(hedge.attempt)
        return hedge.attempt
      },
      second: (attempt, signal) => this.#read(call, planned, asked, attempt, signal),
      release: (attempt) => attempt.unsent(),
      isAnswer: ({ kind }) => kind === 'answered',
      lose: (outcome) => void left(outcome),
    })
    return raced.outcome
  }

  async #repaired(
    call: Call,
    planned: PlannedAttempt,
    asked: AskedOf,
    unfit: Extract<Once, { kind: 'unfit' }>,
  ): Promise<Asked> {
    const failed = (error: MillraceError): Asked => ({ kind: 'failed', error, said: undefined, then: 'stop' })
    const prepared = asked.prepared.again(repairOf(asked.prepared.request, unfit.answer, unfit.problems))
    const manner: Manner = { ...asked.manner, kind: 'repair' }
    const again = await this.#raced(call, planned, { ...asked, prepared, manner })
    if (again.kind === 'answered') return again
    if (again.kind === 'refused') return failed(again.error)
    return failed(again.kind === 'unfit' ? unmet(again.problems) : errorOf(again.failure, nameOf(asked.model)))
  }

  async #read(
    call: Call,
    { onHangUp, timeouts }: Pick<RouteTarget, 'timeouts' | 'onHangUp'>,
    { model, prepared, manner }: AskedOf,
    attempt: PaidAttempt,
    signal: AbortSignal,
  ): Promise<Once> {
    const { clock, silences, upstream } = this.#parts
    if (model.provider === 'onnx') return this.#within(model, prepared, manner, attempt, signal)
    const { body, dialect, headers } = prepared
    const sent = await attempt.send(
      upstream,
      (key) => requestTo(model, { id: attempt.reservation.id, dialect: dialect.name, body, headers, key }),
      limitsOf({ timeouts }),
      signal,
    )
    if (sent.kind === 'failed') return sent
    return readAnswer({ answer: sent.answer, attempt, call, clock, manner, model, onHangUp, prepared, silences })
  }

  async #within(
    model: ModelVersion,
    { request }: Prepared,
    { priority }: Manner,
    attempt: PaidAttempt,
    signal: AbortSignal,
  ): Promise<Once> {
    const { local } = this.#parts
    if (!local) throw new TypeError('a route leads to a model within this process, which has none')
    try {
      const { said, usage, ...answer } = await local.answer(model, request, { priority, signal })
      attempt.reports(nameOf(model))
      attempt.answered(usage)
      return { kind: 'answered', answer: { ...answer, by: model, attempt, isCarried: false, said } }
    } catch (error) {
      attempt.unsent()
      if (!isMillraceError(error)) throw error
      return { kind: 'refused', by: 'target', error }
    }
  }

  #order(call: Call, { manner, model, target, prepared }: AskedOf, kind: AttemptKind) {
    const { clock, spend } = this.#parts
    const { priority, signal } = manner
    return { target, model, priority, reserve: this.#reserve(call, model, prepared, kind), signal, spend, clock }
  }

  #reserve(call: Call, model: ModelVersion, { bounds }: Prepared, kind: AttemptKind): Attempt {
    const { budgets, facts, tenant } = call.caller
    const price = priceFor(this.#parts, model, budgets)
    return {
      tenant,
      budgets,
      provider: model.provider,
      model: model.upstream,
      price,
      worst: price && worstOf(price, bounds),
      facts: { ...facts, kind, call: call.id },
      mayDowngrade: isAbove(model, call),
    }
  }
}

interface AskedOf {
  readonly model: ModelVersion
  readonly target: Target
  readonly prepared: Prepared
  readonly manner: Manner
}

/** Whether the route has a cheaper tier than this model's. */
const isAbove = (model: ModelVersion, { route }: Call): boolean =>
  tiers.indexOf(model.tier) > tiers.indexOf(loweredTier(route))

const budgetIn = ({ details }: MillraceError): string | undefined => {
  const budget = 'budget' in details ? details.budget : undefined
  return typeof budget === 'string' ? budget : undefined
}

/** A provider's own words, in the client's dialect. */
function inWordsOf({ dialect }: Call, prepared: Prepared, said: SaidByProvider): SaidByProvider {
  if (!prepared.adapter) return said
  const failure = prepared.dialect.failureOf(parsed(said.body.toString('utf8')), said.status)
  const told = failure && tellableFailure(failure)
  const { 'retry-after': retryAfter } = said.headers
  return {
    status: said.status,
    headers: { 'content-type': 'application/json', ...(retryAfter !== undefined && { 'retry-after': retryAfter }) },
    body: Buffer.from(
      dialect.errorBody(
        told ?? {
          status: said.status,
          code: 'upstream_error',
          message: 'The provider refused the request, and did not say why.',
        },
      ),
    ),
  }
}

/** Nobody wants what comes: its attempt ends. */
async function left(outcome: Once): Promise<void> {
  if (outcome.kind === 'answered' && !Buffer.isBuffer(outcome.answer.body)) await outcome.answer.body.return()
}
