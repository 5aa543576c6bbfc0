import { MillraceError } from '../../../core/errors/millrace-error.ts'
import { openaiUsage } from '../openai-usage.ts'
import { type JsonObject, objectOf, objectsOf, textOf, wordOf } from '../unknown-json.ts'
import { choiceFields, completionAnswer, completionMessage, lose } from './answer-fields.ts'
import { messageUsage } from './answer-usage.ts'
import type { Crossing } from './crossing.ts'
import { exactObject } from './exact-json.ts'

const reasons: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
}

/** Why it ended, in Anthropic's words. Some servers say `stop` for calls too. */
export function reasonOf(o: {
  readonly finish: unknown
  readonly hasCalls: boolean
  readonly isRefused: boolean
}): string {
  const reason = reasons[textOf(o.finish) ?? ''] ?? 'end_turn'
  if (o.isRefused) return 'refusal'
  return o.hasCalls && reason === 'end_turn' ? 'tool_use' : reason
}

export const stopDetails = (reason: string): JsonObject | null =>
  reason === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null

/** The first words of every message: what stands in `message_start`, and around the content of a whole one. */
export const messageHead = (completion: JsonObject): JsonObject => ({
  id: completion['id'],
  type: 'message',
  role: 'assistant',
  model: completion['model'],
  container: null,
  diagnostics: null,
  stop_sequence: null,
})

export const messageTier = (completion: JsonObject): JsonObject => ({
  service_tier: { default: 'standard', priority: 'priority' }[wordOf(completion['service_tier']) ?? ''] ?? null,
  cache_creation: null,
  inference_geo: null,
  speed: null,
})

/** A call's id; some servers give none, and the result must name one. */
export const idOf = (id: unknown, completion: JsonObject, index: number): string =>
  wordOf(id) ?? `${wordOf(completion['id']) ?? 'call'}_${index}`

/** A call's arguments as the object that Anthropic's clients expect. Errors: `model/malformed-answer`. */
export const inputOf = (json: string): JsonObject =>
  exactObject(json === '' ? '{}' : json) ?? malformed('no JSON object')

export const nameOf = (name: unknown): string => wordOf(name) ?? malformed('no name')

const malformed = (what: string): never => {
  throw new MillraceError('model/malformed-answer', {
    dialect: 'openai-chat',
    why: `a call of a tool has ${what}`,
  })
}

/** An answer of OpenAI's chat as Anthropic's message. */
export function messageOf(completion: JsonObject, crossing: Crossing): JsonObject {
  const choice = objectsOf(completion['choices'])[0] ?? {}
  const message = objectOf(choice['message']) ?? {}
  lose(completion, completionAnswer, crossing, '')
  lose(choice, choiceFields, crossing, 'choices.*.')
  lose(message, completionMessage, crossing, 'choices.*.message.')
  const text = (textOf(message['content']) ?? '') + (textOf(message['refusal']) ?? '')
  const calls = objectsOf(message['tool_calls']).map((call, i) => {
    const called = objectOf(call['function']) ?? {}
    const input = inputOf(textOf(called['arguments']) ?? '')
    return {
      type: 'tool_use',
      id: idOf(call['id'], completion, i),
      name: nameOf(called['name']),
      input,
      caller: { type: 'direct' },
    }
  })
  const isRefused = wordOf(message['refusal']) !== undefined
  const reason = reasonOf({ finish: choice['finish_reason'], hasCalls: calls.length > 0, isRefused })
  return {
    ...messageHead(completion),
    content: [...(text === '' ? [] : [{ type: 'text', text, citations: null }]), ...calls],
    stop_reason: reason,
    stop_details: stopDetails(reason),
    usage: { ...messageUsage(openaiUsage(completion['usage'], undefined)), ...messageTier(completion) },
  }
}
