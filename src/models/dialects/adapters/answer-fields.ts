import type { JsonObject } from '../unknown-json.ts'
import type { Crossing } from './crossing.ts'

/** What becomes of an answer's fields. An answer is paid for, so nothing of it is refused: what cannot be told is dropped, and named. */
export interface AnswerField {
  readonly fate: 'mapped' | 'dropped'
  readonly says: string
}
export type AnswerFields = Readonly<Record<string, AnswerField>>

const to = (says: string): AnswerField => ({ fate: 'mapped', says })
const lost = (says: string): AnswerField => ({ fate: 'dropped', says })
const noThinking = lost('thinking goes to a client of its issuer only')

export const messageAnswer: AnswerFields = {
  id: to('`id`'),
  type: to('`object`'),
  role: to('`choices.0.message.role`'),
  model: to('`model`'),
  content: to('`choices.0.message`'),
  stop_reason: to('`choices.0.finish_reason`; `refusal` as `content_filter`'),
  stop_details: to('`choices.0.message.refusal`'),
  usage: to('`usage`, `service_tier`; what was read from or written to a cache inside `prompt_tokens`'),
  stop_sequence: lost('OpenAI does not tell which one ended it'),
  container: lost('only its issuer has the container'),
  context_management: lost('OpenAI’s chat edits no context'),
  diagnostics: lost('OpenAI has no such field'),
}

export const messageBlocks: AnswerFields = {
  text: to('`content`, joined'),
  tool_use: to('`tool_calls`; arguments as JSON, every digit kept'),
  thinking: noThinking,
  redacted_thinking: noThinking,
}

/** Beside the text of a block of text. */
export const textFields: AnswerFields = {
  type: to('—'),
  text: to('`content`'),
  citations: lost('OpenAI’s annotations are of another kind'),
}

export const completionAnswer: AnswerFields = {
  id: to('`id`'),
  object: to('`type`'),
  created: to('nothing: Anthropic dates no answer'),
  model: to('`model`'),
  choices: to('`content`, `stop_reason`'),
  usage: to('`usage`; cached tokens outside `input_tokens`'),
  service_tier: to('`usage.service_tier`'),
  system_fingerprint: lost('Anthropic has no such field'),
  moderation: lost('Anthropic has no such field'),
}

export const choiceFields: AnswerFields = {
  index: to('nothing: there is one'),
  message: to('`content`'),
  delta: to('events of `content`'),
  finish_reason: to('`stop_reason`; `content_filter` as `refusal`'),
  logprobs: lost('Anthropic tells no probabilities'),
}

export const completionMessage: AnswerFields = {
  role: to('`role`'),
  content: to('a block of text'),
  refusal: to('a block of text, with `stop_reason: refusal`'),
  tool_calls: to('blocks of `tool_use`, one after the other'),
  annotations: lost('Anthropic’s citations are of another kind'),
  audio: lost('Anthropic answers in text'),
  function_call: lost('it is the old form of `tool_calls`'),
  reasoning_content: noThinking,
  reasoning: noThinking,
  reasoning_details: noThinking,
}

const noField = lost('a response has no such field')

/** A chat's answer as a response. */
export const responseAnswer: AnswerFields = {
  id: to('`id`, unless the gateway has one'),
  object: to('`object`'),
  created: to('`created_at`, by the gateway’s clock'),
  model: to('`model`'),
  choices: to('`output`, `status`'),
  usage: to('`usage`'),
  service_tier: to('`service_tier`'),
  system_fingerprint: noField,
  moderation: noField,
}

export const responseChoice: AnswerFields = {
  index: to('nothing: there is one'),
  message: to('items of `output`'),
  delta: to('events of items'),
  finish_reason: to('`status`; `length` and `content_filter` in `incomplete_details`'),
  logprobs: lost('probabilities are not carried'),
}

export const responseMessage: AnswerFields = {
  role: to('`role`'),
  content: to('a part `output_text` of a message'),
  refusal: to('a part `refusal` of a message'),
  tool_calls: to('items `function_call`'),
  annotations: lost('a chat’s annotations name other places'),
  audio: lost('the gateway carries text'),
  function_call: lost('it is the old form of `tool_calls`'),
  reasoning_content: noThinking,
  reasoning: noThinking,
  reasoning_details: noThinking,
}

/** Names what is lost of an object: all that is there and has no counterpart, unknown fields too. */
export function lose(fields: JsonObject, known: AnswerFields, crossing: Crossing, path: string): void {
  for (const [key, value] of Object.entries(fields)) {
    const isThere = value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0)
    const isKept = Object.hasOwn(known, key) && known[key]?.fate === 'mapped'
    if (isThere && !isKept) crossing.lose(path + key.slice(0, 60))
  }
}
