import { anthropicUsage } from '../anthropic-usage.ts'
import { finishOf } from '../finish.ts'
import { type JsonObject, objectOf, objectsOf, textOf } from '../unknown-json.ts'
import type { AnswerFacts } from './adapter.ts'
import { lose, messageAnswer, messageBlocks, textFields } from './answer-fields.ts'
import { chatUsage } from './answer-usage.ts'
import type { Crossing } from './crossing.ts'

/** Why it was refused, for OpenAI's `refusal`. */
export const refusalOf = (reason: unknown, details: unknown): string | null =>
  reason === 'refusal' ? (textOf(objectOf(details)?.['explanation']) ?? null) : null

/** Anthropic's tier in OpenAI's words; a batch is none of a chat. */
export const chatTier = (usage: JsonObject | undefined): string | undefined =>
  ({ standard: 'default', priority: 'priority' })[textOf(usage?.['service_tier']) ?? '']

/** An answer of Anthropic as OpenAI's chat completion. */
export function completionOf(message: JsonObject, crossing: Crossing, { created }: AnswerFacts): JsonObject {
  lose(message, messageAnswer, crossing, '')
  const blocks = objectsOf(message['content'])
  for (const block of blocks) loseOfBlock(block, crossing)
  const calls = blocks.filter(({ type }) => type === 'tool_use').map(callOf)
  const text = blocks
    .filter(({ type }) => type === 'text')
    .map((block) => textOf(block['text']) ?? '')
    .join('')
  const usage = objectOf(message['usage'])
  const used = anthropicUsage(usage)
  const tier = chatTier(usage)
  return {
    id: message['id'],
    object: 'chat.completion',
    created,
    model: message['model'],
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text === '' && calls.length > 0 ? null : text,
          refusal: refusalOf(message['stop_reason'], message['stop_details']),
          ...(calls.length > 0 && { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: finishOf(message['stop_reason']),
      },
    ],
    ...(used && { usage: chatUsage(used) }),
    ...(tier !== undefined && { service_tier: tier }),
  }
}

const callOf = (block: JsonObject): JsonObject => ({
  id: block['id'],
  type: 'function',
  function: { name: block['name'], arguments: JSON.stringify(block['input'] ?? {}) },
})

/** What is not told of a block, whole or as it begins in a stream. */
export function loseOfBlock(block: JsonObject, crossing: Crossing): void {
  const type = textOf(block['type']) ?? 'unknown'
  if (type === 'text') lose(block, textFields, crossing, 'content.*.')
  else if (!Object.hasOwn(messageBlocks, type) || messageBlocks[type]?.fate === 'dropped')
    crossing.lose(`content.*:${type.slice(0, 60)}`)
}
