import type { ReservationId } from '../../core/ids.ts'
import type { Limits } from '../providers/exchange.ts'
import { defaultLimits, type UpstreamRequest } from '../providers/upstream.ts'
import { requestHeaders, type Headers } from '../providers/headers.ts'
import { credential, type Secret } from '../providers/secret.ts'
import type { Adapter } from '../dialects/adapters/adapter.ts'
import { adapterFor } from '../dialects/adapters/adapters.ts'
import { embeddingsOverInference, type TensorNames } from '../dialects/adapters/embeddings-over-inference.ts'
import type { DialectName } from '../dialects/dialect.ts'
import { wireBody } from '../dialects/open-inference.ts'
import { kserveParameters } from '../../sdk/models.ts'
import { type ModelVersion, nameOf, type ProviderKind } from '../routes/model-version.ts'
import type { RouteTarget } from '../routes/route-version.ts'

const paths: Readonly<Record<Exclude<DialectName, 'open-inference'>, string>> = {
  'openai-chat': '/chat/completions',
  'openai-responses': '/responses',
  'openai-embeddings': '/embeddings',
  'anthropic-messages': '/v1/messages',
}
const openai: ReadonlySet<DialectName> = new Set(['openai-chat', 'openai-responses', 'openai-embeddings'])
const spoken: Readonly<Partial<Record<ProviderKind, ReadonlySet<DialectName>>>> = {
  openai,
  'openai-compatible': openai,
  anthropic: new Set<DialectName>(['anthropic-messages']),
  onnx: new Set<DialectName>(['openai-embeddings', 'open-inference']),
  'kserve-v2': new Set<DialectName>(['open-inference']),
}
const own: Readonly<Partial<Record<ProviderKind, string>>> = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com',
}
/** The version of Anthropic's interface that a call gets which names none. */
const anthropicVersion = '2023-06-01'

/** How a request comes to a model: as it is, or carried into another dialect. */
export type Way = 'as-it-is' | Adapter

/** Undefined: there is none. `lacksResponses`: its server was found to have no `/v1/responses`. */
export function wayTo(model: ModelVersion, dialect: DialectName, lacksResponses = false): Way | undefined {
  const { provider } = model
  const known = [...(spoken[provider] ?? [])].filter((one) => !lacksResponses || one !== 'openai-responses')
  if (known.includes(dialect)) return 'as-it-is'
  if (provider === 'kserve-v2' && dialect === 'openai-embeddings') return embeddingsOverInference(tensorsOf(model))
  return known.map((to) => adapterFor(dialect, to)).find((adapter) => adapter !== undefined)
}

/** What a declaration says of a server's tensors; what it leaves out is named as our own models name theirs. */
function tensorsOf(model: ModelVersion): TensorNames {
  const { input = 'text', isColumn = false, output = 'embedding', width } = kserveParameters.parse(model.parameters)
  return { model: nameOf(model), input, output, width, isColumn }
}

export interface AttemptRequest {
  /** The attempt's reservation: with it, a provider's log can be held against ours. */
  readonly id: ReservationId
  readonly dialect: DialectName
  readonly body: Buffer
  readonly headers: Headers
  readonly key: Secret | undefined
}

/** The request for one attempt. The client's own headers go along, but for its credentials and what belongs to the connection. */
export function requestTo(model: ModelVersion, { id, dialect, body, headers, key }: AttemptRequest): UpstreamRequest {
  const isAnthropic = model.provider === 'anthropic'
  const isInference = dialect === 'open-inference'
  return {
    url: new URL((model.url ?? own[model.provider] ?? '') + (isInference ? inferPath(model) : paths[dialect])),
    headers: {
      'x-client-request-id': id,
      ...(isAnthropic && { 'anthropic-version': anthropicVersion }),
      ...requestHeaders(headers),
      'content-type': 'application/json',
      ...(key && credential(isAnthropic ? 'x-api-key' : 'bearer', key)),
    },
    body: isInference ? wireBody(body) : body,
    accepts: ['application/json', 'text/event-stream'],
  }
}

/** Of the Open Inference Protocol: model and version stand in the address. */
function inferPath({ parameters, upstream }: ModelVersion): string {
  const { version } = kserveParameters.parse(parameters)
  const ofVersion = version === undefined ? '' : `/versions/${encodeURIComponent(version)}`
  return `/v2/models/${encodeURIComponent(upstream)}${ofVersion}/infer`
}

export const limitsOf = ({ timeouts }: Pick<RouteTarget, 'timeouts'>): Limits => ({
  ...defaultLimits,
  ...given(timeouts),
})

const given = (timeouts: RouteTarget['timeouts']): Partial<Limits> =>
  Object.fromEntries(Object.entries(timeouts).filter(([, limit]) => limit !== undefined))
