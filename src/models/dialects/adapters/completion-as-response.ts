import { contextOf, type Usage } from '../../cost/usage.ts'
import { openaiUsage } from '../openai-usage.ts'
import { type JsonObject, objectOf, objectsOf, textOf, wordOf } from '../unknown-json.ts'
import type { AnswerFacts } from './adapter.ts'
import { lose, responseAnswer, responseChoice, responseMessage } from './answer-fields.ts'
import { idOf, nameOf } from './completion-as-message.ts'
import type { Crossing } from './crossing.ts'

/** A response's id: the gateway's where it has one for the call, since servers of chats may repeat theirs. */
export const responseId = (completion: JsonObject, facts: AnswerFacts): string =>
  facts.id ?? `resp_${(wordOf(completion['id']) ?? 'chat').replace(/^chatcmpl-/, '')}`

/** What stands around the output of every response. What its request said is not repeated: an answer does not know it. */
export const responseHead = (id: string, completion: JsonObject, { created }: AnswerFacts): JsonObject => ({
  id,
  object: 'response',
  created_at: created,
  model: completion['model'],
  error: null,
  instructions: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  temperature: null,
  tool_choice: 'auto',
  tools: [],
  top_p: null,
  ...(wordOf(completion['service_tier']) !== undefined && { service_tier: completion['service_tier'] }),
})

/** A chat's reason to stop, in a response's words. */
export function endOf(finish: unknown): JsonObject {
  const reason = { length: 'max_output_tokens', content_filter: 'content_filter' }[textOf(finish) ?? '']
  return reason === undefined
    ? { status: 'completed', incomplete_details: null }
    : { status: 'incomplete', incomplete_details: { reason } }
}

export const responseUsage = (usage: Usage): JsonObject => ({
  input_tokens: contextOf(usage),
  input_tokens_details: {
    cached_tokens: usage.cacheRead,
    cache_write_tokens: usage.cacheWrite + usage.cacheWriteLong,
  },
  output_tokens: usage.output + usage.reasoning,
  output_tokens_details: { reasoning_tokens: usage.reasoning },
  total_tokens: contextOf(usage) + usage.output + usage.reasoning,
})

const tail = (id: string): string => id.replace(/^resp_/, '')
export const messageId = (id: string): string => `msg_${tail(id)}`
export const callItemId = (id: string, index: number): string => `fc_${tail(id)}_${index}`

export const textPart = (text: string): JsonObject => ({ type: 'output_text', text, annotations: [], logprobs: [] })
export const refusalPart = (refusal: string): JsonObject => ({ type: 'refusal', refusal })

export const messageItem = (id: string, status: unknown, content: readonly JsonObject[]): JsonObject => ({
  id: messageId(id),
  type: 'message',
  role: 'assistant',
  status,
  content,
})

/** An answer of OpenAI's chat as a response. */
export function responseOf(completion: JsonObject, crossing: Crossing, facts: AnswerFacts): JsonObject {
  const choice = objectsOf(completion['choices'])[0] ?? {}
  const message = objectOf(choice['message']) ?? {}
  lose(completion, responseAnswer, crossing, '')
  lose(choice, responseChoice, crossing, 'choices.*.')
  lose(message, responseMessage, crossing, 'choices.*.message.')
  const id = responseId(completion, facts)
  const end = endOf(choice['finish_reason'])
  const text = wordOf(message['content'])
  const refusal = wordOf(message['refusal'])
  const parts = [
    ...(text === undefined ? [] : [textPart(text)]),
    ...(refusal === undefined ? [] : [refusalPart(refusal)]),
  ]
  const calls = objectsOf(message['tool_calls']).map((call, i) => {
    const called = objectOf(call['function']) ?? {}
    return {
      id: callItemId(id, i),
      type: 'function_call',
      status: end['status'],
      call_id: idOf(call['id'], completion, i),
      name: nameOf(called['name']),
      arguments: textOf(called['arguments']) ?? '',
    }
  })
  const usage = openaiUsage(completion['usage'], undefined)
  return {
    ...responseHead(id, completion, facts),
    ...end,
    output: [...(parts.length > 0 ? [messageItem(id, end['status'], parts)] : []), ...calls],
    usage: usage ? responseUsage(usage) : null,
  }
}
