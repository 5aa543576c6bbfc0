import { z } from 'zod'
import { AnthropicStream } from './anthropic-stream.ts'
import { anthropicUsage } from './anthropic-usage.ts'
import type { Dialect, ProviderFailure, TellableError } from './dialect.ts'
import { inputBound } from './input-bound.ts'
import { hasIssued } from './issued.ts'
import { defaultsFor } from './defaults.ts'
import { withMembers } from './json-members.ts'
import { partsIn } from './parts.ts'
import { failureIn, malformed } from './provider-failure.ts'
import { readBody } from './reading.ts'
import { MessageListener, saidInMessage } from './said.ts'
import { flag, message, model, tokens, tools, word } from './shape.ts'
import { listOf, objectOf, wordOf } from './unknown-json.ts'

const name = 'anthropic-messages'

const shape = z.looseObject({
  model,
  messages: z.array(message).min(1),
  stream: flag,
  max_tokens: tokens,
  tools,
  mcp_servers: z.array(z.unknown()).nullish(),
  metadata: z.looseObject({ user_id: word }).nullish(),
  service_tier: word,
})

/** What the client runs itself, by the beginning of its type; a tool without a type, or of the type `custom`, is the client's own. */
const ownTools = /^(?:custom$|bash_|text_editor_|computer_|memory_|browser_)/

/** Anthropic's messages. */
export const anthropicMessages: Dialect = {
  name,
  read: (raw) => {
    const { json, fields, members } = readBody(name, raw, shape)
    const parts = partsIn([...listOf(json['messages']), { content: json['system'] }])
    const hosted = fields.tools?.some(({ type }) => typeof type === 'string' && !ownTools.test(type)) === true
    const hasServers = (fields.mcp_servers?.length ?? 0) > 0
    const hasTools = (fields.tools?.length ?? 0) > 0 || hasServers
    const endUser = fields.metadata?.user_id
    return {
      dialect: name,
      model: fields.model,
      isStream: fields.stream === true,
      ...(typeof fields.max_tokens === 'number' && { outputCap: fields.max_tokens }),
      answers: 1,
      hasTools,
      hasHostedTools: hosted || hasServers,
      ...(endUser && { endUser }),
      metadata: {},
      inputBound: inputBound({ bytes: raw.length, parts, hasTools }),
      isBound: hasIssued(parts) || (json['container'] ?? null) !== null,
      asksUsage: true, // its stream always has it
      ...(fields.service_tier && { tier: fields.service_tier }),
      json,
      raw,
      members,
    }
  },
  bodyFor: (request, change) => {
    const values = defaultsFor(request, change)
    if (change.model !== request.model) values.set('model', JSON.stringify(change.model))
    if (change.outputCap !== undefined && request.outputCap === undefined)
      values.set('max_tokens', `${change.outputCap}`)
    return withMembers(request.raw, request.members, values)
  },
  usageOf: (answer) => anthropicUsage(objectOf(objectOf(answer)?.['usage'])),
  modelOf: (answer) => wordOf(objectOf(answer)?.['model']),
  failureOf,
  saidIn: saidInMessage,
  listener: () => new MessageListener(),
  stream: () => new AnthropicStream(),
  keepAlive: 'event: ping\ndata: {"type":"ping"}\n\n',
  errorBody: (error) => JSON.stringify(anthropicError(error)),
  errorEvent: (error) => `event: error\ndata: ${JSON.stringify(anthropicError(error))}\n\n`,
}

function failureOf(answer: unknown, status: number): ProviderFailure | undefined {
  const fields = objectOf(answer)
  if (fields?.['type'] === 'error' || objectOf(fields?.['error']) !== undefined)
    return failureIn(fields?.['error'], status < 400 ? undefined : status)
  if (status >= 400) return failureIn(answer, status)
  return Array.isArray(fields?.['content']) ? undefined : malformed('the answer has no content')
}

const types: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

const anthropicError = ({ status, code, message }: TellableError): object => ({
  type: 'error',
  error: { type: types[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error'), message, code },
})
