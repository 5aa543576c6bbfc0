import type { Clock, Millis } from '../../core/clock.ts'
import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import { type CallId, mintId } from '../../core/ids.ts'
import type { Random } from '../../core/random.ts'
import type { PriceBook } from '../cost/price-book.ts'
import { type Bounds, type Price, worstOf } from '../cost/price.ts'
import type { Attempt, AttemptKind } from '../cost/reservation.ts'
import type { SpendLedger } from '../cost/spend-ledger.ts'
import { dialects } from '../dialects/dialects.ts'
import type { Dialect, ModelRequest } from '../dialects/dialect.ts'
import { mediaTypeOf, type Headers } from '../providers/headers.ts'
import { errorOf, type Failure, failureOf } from '../providers/failure.ts'
import { defaultRetryLimits, nextMove as moveAfter } from '../providers/next-move.ts'
import type { Target, Targets } from '../providers/targets.ts'
import type { Upstream } from '../providers/upstream.ts'
import type { RequestFacts } from '../routes/facts.ts'
import { nextMove, type Taken } from '../routes/follow.ts'
import type { LiveRoutes } from '../routes/live-routes.ts'
import { type ModelVersion, nameOf } from '../routes/model-version.ts'
import { type Plan, type PlannedAttempt, planRoute } from '../routes/plan-route.ts'
import { whyNobody } from '../routes/refused.ts'
import { modelOf, type RouteVersion } from '../routes/route-version.ts'
import type { Caller } from './caller.ts'
import { limitsOf, requestTo, speaks } from './endpoint.ts'
import { LiveStream, orSilence, tellable } from './live-stream.ts'
import { PaidAttempt, type SaidByProvider } from './paid-attempt.ts'

/** Set where the client set none, so that the worst case is known: what models of this day write at most in one answer. */
const usualCap = 4096
/** No attempt begins later than this after its call. */
const longestCall: Millis = 600_000

export interface GatewayParts {
  readonly routes: Pick<LiveRoutes, 'get'>
  readonly targets: Targets
  readonly upstream: Upstream
  readonly prices: PriceBook
  readonly spend: SpendLedger
  /** Where the keys of a model's version come from: they are no part of it. */
  readonly keysOf: (model: ModelVersion) => readonly string[]
  readonly clock: Clock
  readonly random: Random
}

/** What the client gets. */
export interface GatewayAnswer {
  readonly status: number
  readonly headers: Record<string, string | string[]>
  /** A stream ends its attempt itself: read it to its end, or `return()` it. */
  readonly body: Buffer | AsyncGenerator<Buffer, void, undefined>
  /** Which version answered; absent of a stream that was opened before anyone had. */
  readonly by?: ModelVersion
}

interface Call {
  readonly id: CallId
  readonly request: ModelRequest
  readonly dialect: Dialect
  readonly route: RouteVersion
  readonly caller: Caller
  readonly headers: Headers
  readonly signal: AbortSignal
  readonly bounds: Bounds
  readonly deadline: number
  attempts: number
}

type Tried =
  | { readonly kind: 'answered'; readonly answer: GatewayAnswer }
  | {
      readonly kind: 'failed'
      readonly error: MillraceError
      readonly said: SaidByProvider | undefined
      readonly isFinal: boolean
    }

/**
 * Owns: one call from its request to its answer: a route's plan, walked attempt by attempt, each paid for. Does not own: what a plan is
 * (routes), what an attempt costs (cost), how it is sent (providers), what the bytes say (dialects).
 *
 * 1. A call goes to versions alone that speak its dialect, and that the route's constraints let pass.
 * 2. Every attempt has its own durable reservation before it is sent (C3).
 * 3. Another target takes over until the first content has come, and never after it.
 * 4. What a provider said to the last attempt reaches the client as it was said.
 */
export class Gateway {
  readonly #parts: GatewayParts

  constructor(parts: GatewayParts) {
    this.#parts = parts
  }

  /** Errors: those of `Dialect.read`, `model/no-such-route`, `whyNobody`, `cost/…` where a budget has no room, `model/upstream-…`. */
  async call(
    request: ModelRequest,
    caller: Caller,
    { headers, signal }: { readonly headers: Headers; readonly signal: AbortSignal },
  ): Promise<GatewayAnswer> {
    const { clock, random, routes } = this.#parts
    const route = routes.get(request.model)
    const bounds: Bounds = {
      inputBound: request.inputBound,
      outputCap: request.dialect === 'openai-embeddings' ? 0 : (request.outputCap ?? usualCap),
      answers: request.answers,
      hasTools: request.hasTools,
      ...(request.tier !== undefined && { tier: request.tier }),
    }
    const call: Call = {
      id: mintId('cal', clock.today(), random),
      request,
      dialect: dialects[request.dialect],
      route,
      caller,
      headers,
      signal,
      bounds,
      deadline: clock.now() + longestCall,
      attempts: 0,
    }
    const walked = this.#walk(call, this.#plan(call))
    if (!request.isStream) return walked
    const early = await orSilence(walked, clock)
    return early === 'silent' ? { status: 200, headers: eventStream, body: this.#late(call, walked) } : early
  }

  /** Nobody has said anything yet: the client's connection is kept open, and targets may still take over from each other. */
  async *#late({ dialect }: Call, walked: Promise<GatewayAnswer>): AsyncGenerator<Buffer, void, undefined> {
    let answer: GatewayAnswer | 'silent' = 'silent'
    try {
      while (answer === 'silent') {
        yield Buffer.from(dialect.keepAlive)
        answer = await orSilence(walked, this.#parts.clock)
      }
      if (Buffer.isBuffer(answer.body)) yield answer.body
      else yield* answer.body
    } catch (error) {
      if (!isMillraceError(error)) throw error
      yield Buffer.from(dialect.errorEvent(tellable(error)))
    } finally {
      if (answer === 'silent') void leave(walked)
    }
  }

  #plan({ bounds, caller, request, route }: Call): Plan {
    const { clock, prices, random, targets } = this.#parts
    const at = clock.today()
    const facts: RequestFacts = {
      draw: random.bytes(8).toString('hex'),
      dataClass: caller.dataClass,
      ...(caller.key !== undefined && { key: caller.key }),
      ...(request.hasTools && { needs: ['tools'] }),
    }
    const worst = Object.values(route.models).flatMap((model) => {
      const price = prices.priceOf({ provider: model.provider, model: model.upstream, at })
      const nano = price && worstOf(price, bounds)
      return price && nano !== undefined ? [[model.digest, { nano, currency: price.currency }] as const] : []
    })
    const plan = planRoute({ route, facts, health: targets.illnesses(), worst: Object.fromEntries(worst) })
    if (plan.stages.length === 0) throw whyNobody(route, plan)
    return plan
  }

  async #walk(call: Call, plan: Plan): Promise<GatewayAnswer> {
    const taken: Taken[] = []
    let last: (Extract<Tried, { kind: 'failed' }> & { readonly version: string }) | undefined
    for (;;) {
      const move = nextMove(plan, taken)
      if (move.kind !== 'ask') break
      const { version } = move.attempt
      const left = plan.stages.flatMap(({ attempts }) => attempts).length - taken.length - 1
      const tried = await this.#try(call, move.attempt, { isFirst: taken.length === 0, left })
      if (tried.kind === 'answered') return tried.answer
      last = { ...tried, version }
      if (tried.isFinal) break
      taken.push({ version, outcome: 'failed' })
    }
    if (!last) throw new TypeError('a plan with a stage asks somebody')
    const { error, said, version } = last
    // The provider's own words, if they are in the client's language, say more than ours.
    if (said && said.status < 500) return { ...said, by: modelOf(call.route, version) }
    throw error
  }

  /** One version, as often as its failures allow. */
  async #try(call: Call, planned: PlannedAttempt, o: { isFirst: boolean; left: number }): Promise<Tried> {
    const { clock, random, targets } = this.#parts
    const model = modelOf(call.route, planned.version)
    const name = nameOf(model)
    if (!speaks(model, call.request.dialect)) {
      const error = new MillraceError('model/refused-by-constraint', {
        route: call.route.route,
        constraint: 'dialect',
        why: `${name} does not speak ${call.request.dialect}`,
      })
      return { kind: 'failed', error, said: undefined, isFinal: false }
    }
    const target = targets.of({ digest: model.digest, name, keys: this.#parts.keysOf(model) })
    for (let onTarget = 1; ; onTarget++) {
      const kind: AttemptKind = onTarget > 1 ? 'retry' : o.isFirst ? 'first' : 'fallback'
      const once = await this.#once(call, planned, { model, name, target, kind })
      if (once.kind !== 'failed') return once.kind === 'refused' ? { ...once, kind: 'failed' } : once
      const { failure, said } = once
      const move = moveAfter({
        failure,
        history: {
          attempts: call.attempts,
          onTarget,
          hasPassedContent: false,
          targetsLeft: o.left,
          keysLeft: Math.max(0, target.keyring.usable - 1),
        },
        now: clock.now(),
        limits: { ...defaultRetryLimits, deadline: call.deadline },
        draw: random.bytes(4).readUInt32BE() / 2 ** 32,
      })
      const error = errorOf(failure, name)
      if (move.move !== 'repeat') return { kind: 'failed', error, said, isFinal: move.move === 'stop' }
      await new Promise<void>((resolve) => clock.after(move.after, resolve))
    }
  }

  async #once(
    call: Call,
    planned: PlannedAttempt,
    { kind, model, name, target }: { model: ModelVersion; name: string; target: Target; kind: AttemptKind },
  ): Promise<
    | { kind: 'answered'; answer: GatewayAnswer }
    | { kind: 'failed'; failure: Failure; said: SaidByProvider | undefined }
    | { kind: 'refused'; error: MillraceError; said: undefined; isFinal: boolean }
  > {
    const { clock, spend, upstream } = this.#parts
    const { caller, dialect, headers, request, signal } = call
    const hidesUsage = request.isStream && !request.asksUsage
    const body = dialect.bodyFor(request, {
      model: model.upstream,
      includeUsage: hidesUsage,
      ...(request.dialect !== 'openai-embeddings' && { outputCap: usualCap }),
    })
    const outcome = await PaidAttempt.send(spend, upstream, {
      target,
      priority: caller.priority,
      reserve: this.#reserve(call, model, kind),
      request: (key) => requestTo(model, { dialect: request.dialect, body, headers, key }),
      limits: limitsOf(planned),
      signal,
    })
    if (outcome.kind === 'refused')
      return { kind: 'refused', error: outcome.error, said: undefined, isFinal: outcome.by === 'budget' }
    call.attempts++
    if (outcome.kind === 'failed') return outcome
    const { answer, attempt } = outcome
    const common = { status: answer.status, headers: answer.headers, by: model }
    if (mediaTypeOf(answer.headers) === 'text/event-stream') {
      const { onHangUp } = planned
      const stream = new LiveStream({ dialect, attempt, answer, hidesUsage, target: name, onHangUp, clock })
      const failure = await stream.begin()
      if (failure) return { kind: 'failed', failure, said: undefined }
      return { kind: 'answered', answer: { ...common, body: stream.pass() } }
    }
    const whole = await wholeOf(answer.body)
    if ('failure' in whole) {
      await attempt.failed(whole.failure)
      return { kind: 'failed', failure: whole.failure, said: undefined }
    }
    const json = parsed(whole.bytes)
    const inside = dialect.failureOf(json, answer.status)
    if (inside) {
      const failure: Failure = { kind: 'status', isSent: true, status: inside.status }
      await attempt.failed(failure, dialect.usageOf(json))
      return { kind: 'failed', failure, said: undefined }
    }
    await attempt.answered(dialect.usageOf(json))
    return { kind: 'answered', answer: { ...common, body: whole.bytes } }
  }

  #reserve({ bounds, caller, id }: Call, model: ModelVersion, kind: AttemptKind): Attempt {
    const { clock, prices } = this.#parts
    const { budgets, facts, tenant } = caller
    const at = clock.today()
    const price: Price | undefined = prices.priceOf({ provider: model.provider, model: model.upstream, at })
    return {
      tenant,
      budgets,
      provider: model.provider,
      model: model.upstream,
      price,
      worst: price && worstOf(price, bounds),
      facts: { ...facts, kind, call: id },
    }
  }
}

const eventStream = { 'content-type': 'text/event-stream' }

/** The client left before anybody answered: what comes nevertheless ends at once. */
async function leave(walked: Promise<GatewayAnswer>): Promise<void> {
  const answer = await walked.catch(() => undefined)
  if (answer && !Buffer.isBuffer(answer.body)) await answer.body.return()
}

async function wholeOf(body: { whole(): Promise<Buffer> }): Promise<{ bytes: Buffer } | { failure: Failure }> {
  try {
    return { bytes: await body.whole() }
  } catch (error) {
    const failure = failureOf(error)
    if (!failure) throw error
    return { failure }
  }
}

/** Undefined is no answer in any dialect. */
function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown
  } catch {
    return undefined
  }
}

/** An error in the client's dialect. */
export const errorAnswer = (dialect: Dialect, error: MillraceError): { status: number; body: string } => ({
  status: error.status,
  body: dialect.errorBody(tellable(error)),
})
