import { type JsonObject, listOf, objectOf, textOf } from '../unknown-json.ts'
import { as, cross, type Crossing, droppable, known, mapped, only, refused, type Rules } from './crossing.ts'
import { conversation } from './responses-to-chat-content.ts'
import { choice, functionTools } from './responses-to-chat-tools.ts'

const nothing = (value: unknown): boolean => value === 0 || value === false

/** Every field of a request for a response, and what becomes of it before a chat. What is refused of every such request stands in the dialect itself. */
export const responseFields: Rules = {
  model: as('model'),
  instructions: mapped('the first of `messages`', (value, { out }) => {
    out['messages'] = [{ role: 'system', content: value }, ...listOf(out['messages'])]
  }),
  input: mapped('`messages`', (value, { crossing, out }) => {
    const said = typeof value === 'string' ? [{ role: 'user', content: value }] : conversation(listOf(value), crossing)
    out['messages'] = [...listOf(out['messages']), ...said]
  }),
  max_output_tokens: as('max_completion_tokens'),
  stream: as('stream'),
  stream_options: known('padding is not needed'),
  temperature: as('temperature'),
  top_p: as('top_p'),
  tools: mapped('`tools`', (value, { crossing, path, out }) => {
    const list = functionTools(listOf(value), { crossing, path })
    if (list.length > 0) out['tools'] = list
  }),
  tool_choice: mapped('`tool_choice`', (value, { crossing, path, out }) => {
    out['tool_choice'] = choice(value, { crossing, path })
  }),
  parallel_tool_calls: as('parallel_tool_calls'),
  text: mapped('`response_format`, `verbosity`', (value, place) => {
    cross(objectOf(value) ?? {}, textFields, place)
  }),
  reasoning: mapped('`reasoning_effort`', (value, place) => void cross(objectOf(value) ?? {}, reasoningFields, place)),
  service_tier: as('service_tier'),
  user: as('user'),
  safety_identifier: as('safety_identifier'),
  metadata: known('the gateway has read them; a chat takes them with what it stores alone'),
  prompt_cache_key: as('prompt_cache_key'),
  prompt_cache_options: as('prompt_cache_options'),
  prompt_cache_retention: as('prompt_cache_retention'),
  store: known('the gateway keeps the answer itself'),
  max_tool_calls: known('it limits tools that run at the provider; there are none'),
  background: only((value) => value === false, 'an answer is given in its own request', 'refused'),
  previous_response_id: refused('the gateway puts the conversation in its place, where it holds it'),
  include: only((value) => listOf(value).length === 0, 'a chat’s answer has none of it', 'droppable'),
  top_logprobs: only(nothing, 'probabilities are not carried', 'droppable'),
  truncation: only((value) => value === 'disabled', 'a chat’s conversation is not cut by itself', 'droppable'),
  moderation: droppable('a chat has no such setting'),
  access_programs: refused('they belong to the provider’s account'),
  image: droppable('a chat makes no pictures'),
}

/** The fields of `text`. */
export const textFields: Rules = {
  format: mapped('`response_format`', (value, { crossing, path, out }) => {
    const { type, ...schema } = objectOf(value) ?? {}
    const kind = textOf(type)
    if (kind === 'json_object') out['response_format'] = { type }
    else if (kind === 'json_schema') out['response_format'] = { type, json_schema: schema }
    else if (kind !== 'text') crossing.refuse(`${path}.type`, 'the gateway knows no such format')
  }),
  verbosity: as('verbosity'),
}

/** The fields of `reasoning`. */
export const reasoningFields: Rules = {
  effort: as('reasoning_effort'),
  summary: droppable('a chat tells no summary of its thinking'),
  generate_summary: droppable('a chat tells no summary of its thinking'),
}

export function responsesToChat(request: JsonObject, crossing: Crossing): JsonObject {
  const out = cross(request, responseFields, { crossing, path: '', out: {} })
  // A chat refuses a choice where there is nothing to choose.
  if (out['tools'] === undefined) {
    delete out['tool_choice']
    delete out['parallel_tool_calls']
  }
  return out
}
