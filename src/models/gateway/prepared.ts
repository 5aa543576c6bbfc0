import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Bounds } from '../cost/price.ts'
import type { Adapter } from '../dialects/adapters/adapter.ts'
import type { Dialect, ModelRequest } from '../dialects/dialect.ts'
import { dialects } from '../dialects/dialects.ts'
import type { Headers } from '../providers/headers.ts'
import { type ModelVersion, nameOf } from '../routes/model-version.ts'
import type { RouteVersion } from '../routes/route-version.ts'
import { boundsOf } from './bounds.ts'
import { wayTo } from './endpoint.ts'

/** A request as it goes to one model. */
export interface Prepared {
  /** The provider's. */
  readonly dialect: Dialect
  /** In the provider's dialect. */
  readonly request: ModelRequest
  readonly body: Buffer
  readonly headers: Headers
  /** Absent: both sides speak the same. */
  readonly adapter?: Adapter
  /** Fields that were dropped on the way. */
  readonly dropped: readonly string[]
  /** Usage is asked for by us alone. */
  readonly hidesUsage: boolean
  readonly bounds: Bounds
  /** The same way for another request in the provider's dialect. */
  again(request: ModelRequest): Prepared
}

const nothing: ReadonlySet<string> = new Set()

/**
 * The request for a model: with its name there, what its version sets and the client did not, a cap where there is none, carried into its dialect.
 * Errors: `model/refused-by-constraint` where no way leads to its dialect; `model/foreign-field`.
 */
export function prepare(
  { headers, route }: { readonly headers: Headers; readonly route: RouteVersion },
  model: ModelVersion,
  request: ModelRequest,
  lacksResponses = false,
): Prepared {
  const way = wayTo(model, request.dialect, lacksResponses)
  if (!way) throw unspoken(route, model, `does not speak ${request.dialect}`)
  const defaults = new Map(Object.entries(model.parameters).map(([name, value]) => [name, JSON.stringify(value)]))
  const capField = model.provider === 'openai-compatible' ? 'max_tokens' : 'max_completion_tokens'
  const outputCap = capIn(model) ?? route.policy.outputCap
  const finished = (base: Omit<Prepared, 'request' | 'body' | 'bounds' | 'again'>, there: ModelRequest): Prepared => ({
    ...base,
    request: there,
    body: base.dialect.bodyFor(there, {
      model: model.upstream,
      includeUsage: there.isStream && !there.asksUsage,
      outputCap,
      capField,
      defaults,
    }),
    bounds: boundsOf(there, outputCap),
    again: (other) => finished(base, other),
  })
  if (way === 'as-it-is') {
    const hidesUsage = request.isStream && !request.asksUsage
    return finished({ dialect: dialects[request.dialect], headers, dropped: [], hidesUsage }, request)
  }
  // What only its issuer can read is of no use in another dialect.
  if (request.isBound) throw unspoken(route, model, 'did not issue what the conversation holds, and could not read it')
  const { body, dropped } = way.request(request, route.policy.dropUnmapped ? 'all' : nothing)
  const dialect = dialects[way.to]
  // The client's headers are in its own dialect's words.
  return finished({ dialect, headers: {}, adapter: way, dropped, hidesUsage: false }, dialect.read(body))
}

/** A cap that the model's version sets: it is sent in the place of the route's. */
function capIn({ parameters }: ModelVersion): number | undefined {
  const caps = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'].map((name) => parameters[name])
  return caps.find((cap) => typeof cap === 'number' && Number.isSafeInteger(cap) && cap > 0) as number | undefined
}

const unspoken = (route: RouteVersion, model: ModelVersion, why: string): MillraceError =>
  new MillraceError('model/refused-by-constraint', {
    route: route.route,
    constraint: 'dialect',
    why: `${nameOf(model)} ${why}`,
  })
