import { z } from 'zod'
import type { Dialect, ModelRequest, ProviderFailure } from './dialect.ts'
import { inputBound } from './input-bound.ts'
import { hasIssued } from './issued.ts'
import { defaultsFor } from './defaults.ts'
import { membersOf, withMembers } from './json-members.ts'
import { OpenaiChatStream } from './openai-chat-stream.ts'
import { openaiError } from './openai-errors.ts'
import { openaiUsage } from './openai-usage.ts'
import { partsIn } from './parts.ts'
import { failureIn, malformed } from './provider-failure.ts'
import { readBody } from './reading.ts'
import { CompletionListener, saidInCompletion } from './said.ts'
import { flag, message, metadata, model, tokens, tools, word, wordsIn } from './shape.ts'
import { objectOf, wordOf } from './unknown-json.ts'

const name = 'openai-chat'

const shape = z.looseObject({
  model,
  messages: z.array(message).min(1),
  stream: flag,
  stream_options: z.looseObject({ include_usage: flag }).nullish(),
  max_tokens: tokens,
  max_completion_tokens: tokens,
  n: z.int().min(1).max(128).nullish(),
  tools,
  functions: z.array(z.unknown()).nullish(),
  user: word,
  safety_identifier: word,
  service_tier: word,
  metadata,
})

/** OpenAI's chat completions, and the many servers that speak it. */
export const openaiChat: Dialect = {
  name,
  read: (raw) => {
    const { json, fields, members } = readBody(name, raw, shape)
    const outputCap = capOf(fields.max_completion_tokens, fields.max_tokens)
    const parts = partsIn(json['messages'])
    const hasTools = (fields.tools?.length ?? 0) + (fields.functions?.length ?? 0) > 0
    const endUser = fields.safety_identifier || fields.user
    return {
      dialect: name,
      model: fields.model,
      isStream: fields.stream === true,
      ...(outputCap !== undefined && { outputCap }),
      answers: fields.n ?? 1,
      hasTools,
      hasHostedTools: objectOf(json['web_search_options']) !== undefined,
      ...(endUser && { endUser }),
      metadata: wordsIn(fields.metadata),
      inputBound: inputBound({ bytes: raw.length, parts, hasTools }),
      isBound: hasIssued(parts),
      asksUsage: fields.stream_options?.include_usage === true,
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
      values.set(change.capField ?? 'max_completion_tokens', `${change.outputCap}`)
    if (change.includeUsage && request.isStream && !request.asksUsage)
      values.set('stream_options', streamOptions(request))
    return withMembers(request.raw, request.members, values)
  },
  usageOf: (answer) => openaiUsage(objectOf(answer)?.['usage'], objectOf(answer)?.['service_tier']),
  modelOf: (answer) => wordOf(objectOf(answer)?.['model']),
  failureOf: (answer, status) => failureOf(answer, status, 'choices'),
  saidIn: saidInCompletion,
  listener: () => new CompletionListener(),
  stream: (options) => new OpenaiChatStream(options),
  keepAlive: ': keep-alive\n\n',
  errorBody: (error) => JSON.stringify(openaiError(error)),
  errorEvent: (error) => `data: ${JSON.stringify(openaiError(error))}\n\n`,
}

/** OpenAI refuses two caps; who takes both may obey either. */
const capOf = (...caps: readonly (number | null | undefined)[]): number | undefined => {
  const set = caps.filter((cap) => typeof cap === 'number')
  return set.length === 0 ? undefined : Math.max(...set)
}

function streamOptions({ raw, members }: ModelRequest): string {
  const member = members.find(({ key }) => key === 'stream_options')
  const text = member && raw.subarray(member.valueStart, member.valueEnd)
  if (text === undefined || text.toString() === 'null') return '{"include_usage":true}'
  return withMembers(text, membersOf(text), new Map([['include_usage', 'true']])).toString()
}

/** Of OpenAI's interfaces: an `error`, or a 200 without the list that every answer has. */
export function failureOf(answer: unknown, status: number, list: string): ProviderFailure | undefined {
  const fields = objectOf(answer)
  const error = fields?.['error']
  if (error !== undefined && error !== null) return failureIn(error, status < 400 ? undefined : status)
  if (status >= 400) return failureIn(fields?.['message'] ?? fields?.['detail'] ?? answer, status)
  return Array.isArray(fields?.[list]) ? undefined : malformed(`the answer has no ${list}`)
}
