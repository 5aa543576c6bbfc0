import type { Millis } from '../../core/clock.ts'
import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import { type CallId, mintId } from '../../core/ids.ts'
import { worstOf } from '../cost/price.ts'
import type { Dialect, ModelRequest } from '../dialects/dialect.ts'
import { dialects } from '../dialects/dialects.ts'
import { needsOf } from '../dialects/needs.ts'
import type { Said } from '../dialects/said.ts'
import type { Headers } from '../providers/headers.ts'
import type { CallRecord } from '../routes/call-record.ts'
import type { RequestFacts } from '../routes/facts.ts'
import type { LiveRoutes } from '../routes/live-routes.ts'
import { type ModelVersion, nameOf } from '../routes/model-version.ts'
import { type Plan, planRoute } from '../routes/plan-route.ts'
import { whyNobody } from '../routes/refused.ts'
import { WithoutResponses } from '../responses/without-responses.ts'
import { type RouteVersion, versionIn } from '../routes/route-version.ts'
import { checkOf } from '../structured/check-of.ts'
import { Asker, type AskerParts } from './asking.ts'
import { boundsOf } from './bounds.ts'
import type { Call } from './call.ts'
import type { CallOutcome } from './call-outcome.ts'
import type { Caller } from './caller.ts'
import { CallDiary } from './diary.ts'
import type { CacheHit } from '../caches/answer-cache.ts'
import { wayTo } from './endpoint.ts'
import { KeptAnswers, type KeptParts } from './kept-answers.ts'
import { tellable } from './live-stream.ts'
import { type Ending, outcomeOf } from './outcome.ts'
import { priceFor } from './price-for.ts'
import { recordOf } from './record.ts'
import { type ShadowComparison, Shadows } from './shadows.ts'
import { Silences } from './silence.ts'
import { walk, type Walked } from './walk.ts'

/** No attempt begins later than this after its call. */
const longestCall: Millis = 600_000

export interface GatewayParts extends Omit<AskerParts, 'silences' | 'withoutResponses'>, KeptParts {
  readonly routes: Pick<LiveRoutes, 'get'>
  /** Takes what is kept of a call, when all of it has ended. It may not throw. */
  readonly record?: (record: CallRecord, outcome: CallOutcome) => void
  /** Hears of every call, when its answer has ended. It may not throw. */
  readonly onCall?: (outcome: CallOutcome) => void
  readonly onShadow?: (comparison: ShadowComparison) => void
  /** Budgets with every level above them. */
  readonly levelsOf?: (budgets: readonly string[]) => readonly string[]
  /** A keyed hash. */
  readonly commit?: (bytes: Buffer) => string
}

/** What the client gets. */
export interface GatewayAnswer {
  readonly call: CallId
  readonly status: number
  readonly headers: Record<string, string | string[]>
  /** A stream ends its attempt itself: read it to its end, or `return()` it. */
  readonly body: Buffer | AsyncGenerator<Buffer, void, undefined>
  /** Which version answered; absent of a stream that was opened before anyone had. */
  readonly by?: ModelVersion
  /** What became of the call, when its answer has ended and is booked. */
  readonly outcome: Promise<CallOutcome>
}

/**
 * Owns: one call from its request to its answer and its record. Does not own: what a plan is (routes), which of its versions are asked (walk.ts) and how
 * (asking.ts), what an attempt costs (cost), how it is sent (providers), what the bytes say (dialects).
 *
 * 1. A call goes to versions alone that a way leads to from its dialect, and that the route's constraints let pass.
 * 2. Every attempt has its own durable reservation before it is sent (C3).
 * 3. Another target takes over until the first content has come, and never after it.
 * 4. What a provider said to the last attempt reaches the client as it was said.
 * 5. Every call that was planned is recorded once, whatever became of it.
 */
export class Gateway {
  readonly #parts: GatewayParts
  readonly #silences: Silences
  readonly #asker: Asker
  readonly #shadows: Shadows
  readonly #kept: KeptAnswers
  readonly #open = new Set<Promise<unknown>>()
  readonly #failed = new WeakMap<object, Promise<CallOutcome>>()

  constructor(parts: GatewayParts) {
    this.#parts = parts
    this.#silences = new Silences(parts.clock)
    this.#asker = new Asker({
      ...parts,
      silences: this.#silences,
      withoutResponses: new WithoutResponses(() => parts.clock.now()),
    })
    this.#kept = new KeptAnswers(parts, (work) => this.#track(work))
    this.#shadows = new Shadows(this.#asker, (comparison) => parts.onShadow?.(comparison))
  }

  /**
   * Errors: `model/no-such-route`, `model/bad-schema`, `model/refused-field`, `whyNobody`, `model/foreign-field`, `cost/…` where a budget has no room,
   * `model/upstream-…`, `model/unmet-schema`.
   */
  async call(
    request: ModelRequest,
    caller: Caller,
    { headers, signal }: { readonly headers: Headers; readonly signal: AbortSignal },
  ): Promise<GatewayAnswer> {
    const previous = await this.#kept.previous(caller, request)
    const call = this.#begin(previous?.request ?? request, caller, { headers, signal, pinned: previous?.version })
    const answered = Promise.withResolvers<Ending>()
    const outcome = this.#end(call, answered.promise)
    const walked = this.#walk(call, outcome, answered)
    if (!request.isStream) return walked
    const early = await this.#silences.or(walked)
    if (early !== 'silent') return early
    const common = { call: call.id, status: 200, outcome }
    return { ...common, headers: { ...eventStream, [callHeader]: call.id }, body: this.#late(call, walked) }
  }

  /** What became of the call that ended with this error; undefined: it was refused before anything was planned. */
  outcomeOf(error: unknown): Promise<CallOutcome> | undefined {
    return typeof error === 'object' && error !== null ? this.#failed.get(error) : undefined
  }

  /** When everything that was begun has ended and is handed to the record. */
  async idle(): Promise<void> {
    while (this.#open.size > 0) await Promise.allSettled(this.#open)
  }

  #begin(
    request: ModelRequest,
    caller: Caller,
    o: { readonly headers: Headers; readonly signal: AbortSignal; readonly pinned: string | undefined },
  ): Call {
    const { headers, pinned, signal } = o
    const { clock, random, routes, targets } = this.#parts
    const route = routes.get(request.model)
    if (caller.routes && !caller.routes.includes(route.route))
      throw new MillraceError('model/no-such-route', {
        route: request.model.slice(0, 200),
        known: caller.routes.join(', ') || 'none',
      })
    if (request.hasHostedTools && caller.budgets.length > 0)
      throw new MillraceError('model/refused-field', {
        dialect: request.dialect,
        field: 'tools',
        why: 'tools that the provider runs are billed apart from tokens, and a budget could not hold their cost',
      })
    if (request.isBound && pinned === undefined && issuersOf(route, request.dialect).size > 1)
      throw new MillraceError('model/refused-by-constraint', {
        route: route.route,
        constraint: 'issuer',
        why: 'the conversation holds what only its issuer can read, and the route leads to several that may have issued it',
      })
    const version = pinned ?? (request.version === undefined ? undefined : versionIn(route, request.version))
    const at = clock.today()
    const needs = needsOf(request)
    const facts: RequestFacts = {
      draw: random.bytes(8).toString('hex'),
      dataClass: caller.dataClass,
      ...(caller.key !== undefined && { key: caller.key }),
      ...(needs.length > 0 && { needs }),
      ...(version !== undefined && { pinned: version }),
    }
    const bounds = boundsOf(request, route.policy.outputCap)
    const illnesses = targets.illnesses()
    return {
      id: mintId('cal', at, random),
      startedAt: at,
      request,
      dialect: dialects[request.dialect],
      check: checkOf(request),
      route,
      caller,
      headers,
      signal,
      bounds,
      facts,
      health: Object.fromEntries(Object.entries(illnesses).filter(([digest]) => Object.hasOwn(route.models, digest))),
      worst: this.#worstCases(route, bounds, caller.budgets),
      deadline: clock.now() + longestCall,
      diary: new CallDiary(),
    }
  }

  #worstCases(route: RouteVersion, bounds: Call['bounds'], budgets: readonly string[]): Call['worst'] {
    return Object.fromEntries(
      Object.values(route.models).flatMap((model) => {
        const price = priceFor(this.#parts, model, budgets)
        const nano = price && worstOf(price, bounds)
        return price && nano !== undefined ? [[model.digest, { nano, currency: price.currency }] as const] : []
      }),
    )
  }

  async #walk(
    call: Call,
    outcome: Promise<CallOutcome>,
    answered: { readonly resolve: (ending: Ending) => void },
  ): Promise<GatewayAnswer> {
    const { facts, health, route, worst } = call
    try {
      const plan = planRoute({ route, facts, health, worst })
      const [first] = plan.stages[0]?.attempts ?? []
      if (!first) throw whyNobody(route, plan)
      call.diary.drawn = { arm: first.arm, version: first.version }
      const question = this.#kept.question(call, plan)
      const hit = question && (await this.#kept.find(question))
      if (hit) {
        answered.resolve({ status: hit.status, hit })
        return { call: call.id, status: hit.status, headers: headersOf(call, hit), body: hit.body, outcome }
      }
      const found = walk(call, plan, this.#asker, plan.shadows.length > 0)
      this.#shadow(call, plan, found)
      const walked = await found
      if ('error' in walked) {
        const { by, error, said } = walked
        answered.resolve({ status: said?.status ?? error.status, error })
        if (!said || said.status >= 500) throw error
        const headers = { ...said.headers, [callHeader]: call.id }
        return { ...said, headers, ...(by && { by }), call: call.id, outcome }
      }
      const { answer, planned } = walked
      answered.resolve({ status: answer.status, walked: { answer, planned } })
      const headers = { ...answer.headers, [callHeader]: call.id, [modelHeader]: nameOf(answer.by) }
      const body = await this.#kept.deliver(call, walked, { question, outcome })
      return { call: call.id, status: answer.status, headers, body, by: answer.by, outcome }
    } catch (error) {
      answered.resolve({
        status: isMillraceError(error) ? error.status : 500,
        ...(isMillraceError(error) && { error }),
      })
      if (typeof error === 'object' && error !== null) this.#failed.set(error, outcome)
      throw error
    }
  }

  /** Nobody has said anything yet: the client's connection is kept open, and targets may still take over from each other. */
  async *#late({ dialect }: Call, walked: Promise<GatewayAnswer>): AsyncGenerator<Buffer, void, undefined> {
    let answer: GatewayAnswer | 'silent' = 'silent'
    try {
      while (answer === 'silent') {
        yield Buffer.from(dialect.keepAlive)
        answer = await this.#silences.or(walked)
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

  #shadow(call: Call, { shadows }: Plan, found: Promise<Walked | { readonly error: MillraceError }>): void {
    if (shadows.length === 0) return
    const said = async (): Promise<Said | undefined> => {
      const walked = await found.catch(() => undefined)
      if (!walked || 'error' in walked) return undefined
      const { outcome } = await walked.answer.attempt.ended
      return outcome === 'answered' ? walked.answer.said : undefined
    }
    call.diary.expect(this.#shadows.start(call, shadows, said()))
  }

  /** What became of the call: told when its answer is booked, recorded when its shadows are too. */
  #end(call: Call, answered: Promise<Ending>): Promise<CallOutcome> {
    const { levelsOf = (budgets) => budgets, onCall, record } = this.#parts
    const told = (async () => {
      const ending = await answered
      const attempts = await call.diary.attempts()
      const outcome = outcomeOf(call, ending, attempts, this.#parts.commit?.(call.request.raw))
      onCall?.(outcome)
      return outcome
    })()
    this.#track(
      told.then(async (outcome) => {
        const shadows = await call.diary.shadows()
        const budgets = levelsOf(call.caller.budgets)
        const isCached = outcome.cache !== undefined
        record?.(recordOf(call, { attempts: outcome.attempts, shadows, budgets, isCached }), outcome)
      }),
    )
    return told
  }

  #track(work: Promise<unknown>): void {
    const tracked = work.catch(() => {}).finally(() => this.#open.delete(tracked))
    this.#open.add(tracked)
  }
}

const eventStream = { 'content-type': 'text/event-stream' }
/** Of every answer: the call's id, under which its record is found, and the version that answered. */
const callHeader = 'millrace-call'
const modelHeader = 'millrace-model'
/** Of an answer that stood for this one's: how it was found, and the call that it was given to. */
const headersOf = ({ id }: Call, { from, headers, kind }: CacheHit): GatewayAnswer['headers'] => ({
  ...headers,
  [callHeader]: id,
  'millrace-cache': kind,
  'millrace-cache-from': from,
})

/** Whom what a client sends back may come from: whoever speaks its dialect, by account. */
const issuersOf = ({ models }: RouteVersion, dialect: ModelRequest['dialect']): ReadonlySet<string> =>
  new Set(
    Object.values(models)
      .filter((model) => wayTo(model, dialect) === 'as-it-is')
      .map(({ provider, url }) => `${provider} ${url ?? ''}`),
  )

/** The client left before anybody answered: what comes nevertheless ends at once. */
async function leave(walked: Promise<GatewayAnswer>): Promise<void> {
  const answer = await walked.catch(() => undefined)
  if (answer && !Buffer.isBuffer(answer.body)) await answer.body.return()
}

/** An error in the client's dialect. */
export const errorAnswer = (dialect: Dialect, error: MillraceError): { status: number; body: string } => ({
  status: error.status,
  body: dialect.errorBody(tellable(error)),
})
