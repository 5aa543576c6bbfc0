import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import type { Random } from '../../core/random.ts'
import type { DataClass } from '../../sdk/models.ts'
import { dialects } from '../dialects/dialects.ts'
import type { ModelRequest } from '../dialects/dialect.ts'
import { estimateTokens } from '../dialects/token-estimate.ts'
import type { Headers } from '../providers/headers.ts'
import { planRoute } from '../routes/plan-route.ts'
import { modelOf, type RouteVersion } from '../routes/route-version.ts'
import type { FreeAnswer, FreeCalls } from './free-calls.ts'

/** Set where nobody who has the tokenizer was asked. */
const estimateHeader = 'millrace-estimate'

export interface CountParts {
  readonly routes: { get(name: string): RouteVersion }
  readonly free: Pick<FreeCalls, 'send'>
  readonly random: Random
}

/**
 * `POST /v1/messages/count_tokens`. Where the route's constraints let an Anthropic model see the request, its provider counts; it bills nothing for that.
 * Else, and where it cannot be reached, the count is an estimate and says so in a header. Errors: `model/no-such-route`.
 */
export async function countTokens(
  { free, random, routes }: CountParts,
  request: ModelRequest,
  o: {
    readonly dataClass: DataClass
    /** The routes that the client may call; absent: all. */
    readonly allowed?: readonly string[] | undefined
    readonly headers: Headers
    readonly signal: AbortSignal
  },
): Promise<FreeAnswer> {
  const { allowed, dataClass, headers, signal } = o
  const route = routes.get(request.model)
  if (allowed && !allowed.includes(route.route))
    throw new MillraceError('model/no-such-route', {
      route: request.model.slice(0, 200),
      known: allowed.join(', ') || 'none',
    })
  const model = counterOf(route, dataClass, random)
  if (model === undefined) return estimate(request)
  const body = dialects[request.dialect].bodyFor(request, { model: model.upstream })
  try {
    return await free.send(model, {
      method: 'POST',
      dialect: 'anthropic-messages',
      path: '/count_tokens',
      body,
      headers,
      signal,
    })
  } catch (error) {
    if (isMillraceError(error)) return estimate(request)
    throw error
  }
}

/** The first of whom the route would ask that counts. */
function counterOf(route: RouteVersion, dataClass: DataClass, random: Random) {
  const currency = route.policy.constraints.mostCost?.currency ?? 'USD'
  const worst = Object.fromEntries(Object.keys(route.models).map((digest) => [digest, { nano: 0n, currency }]))
  const facts = { draw: random.bytes(8).toString('hex'), dataClass }
  return planRoute({ route, facts, health: {}, worst })
    .stages.flatMap(({ attempts }) => attempts)
    .map(({ version }) => modelOf(route, version))
    .find(({ provider }) => provider === 'anthropic')
}

const estimate = (request: ModelRequest): FreeAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json', [estimateHeader]: 'true' },
  body: Buffer.from(JSON.stringify({ input_tokens: estimateTokens(request) })),
})
