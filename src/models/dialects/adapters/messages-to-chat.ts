import { type JsonObject, listOf, objectOf, textOf } from '../unknown-json.ts'
import { as, cross, type Crossing, droppable, mapped, only, refused, type Rules } from './crossing.ts'
import { conversation, systemMessage } from './messages-to-chat-content.ts'
import { choice, tools } from './messages-to-chat-tools.ts'

const mostStops = 4
const thinkingOff = 'how much OpenAI’s models think is set by `output_config.effort`'

/** Every field of an Anthropic request, and what becomes of it before OpenAI's chat. */
export const messageFields: Rules = {
  model: as('model'),
  system: mapped('the first of `messages`', (value, { crossing, path, out }) => {
    out['messages'] = [systemMessage(value, { crossing, path }), ...listOf(out['messages'])]
  }),
  messages: mapped('`messages`', (value, { crossing, out }) => {
    out['messages'] = [...listOf(out['messages']), ...conversation(listOf(value), crossing)]
  }),
  max_tokens: as('max_completion_tokens'),
  stream: as('stream'),
  stop_sequences: mapped('`stop`; more than four refused', (value, { crossing, path, out }) => {
    const stops = listOf(value)
    if (stops.length > mostStops) crossing.refuse(path, 'OpenAI takes four at most')
    if (stops.length > 0) out['stop'] = stops
  }),
  temperature: as('temperature'),
  top_p: as('top_p'),
  top_k: droppable('OpenAI has no such control of the choice of tokens'),
  tools: mapped('`tools`', (value, { crossing, path, out }) => {
    const list = tools(listOf(value), { crossing, path })
    if (list.length > 0) out['tools'] = list
  }),
  tool_choice: mapped('`tool_choice`, `parallel_tool_calls`', (value, { crossing, path, out }) => {
    const { word, isParallel } = choice(objectOf(value) ?? {}, { crossing, path })
    out['tool_choice'] = word
    if (!isParallel) out['parallel_tool_calls'] = false
  }),
  output_config: mapped('`response_format`, `reasoning_effort`', (value, place) => {
    cross(objectOf(value) ?? {}, outputFields, place)
  }),
  thinking: droppable(thinkingOff),
  metadata: mapped('`user`', (value, place) => void cross(objectOf(value) ?? {}, { user_id: as('user') }, place)),
  service_tier: mapped('`service_tier`: `auto`, and `standard_only` as `default`', (value, { crossing, path, out }) => {
    if (value === 'auto') out['service_tier'] = 'auto'
    else if (value === 'standard_only') out['service_tier'] = 'default'
    else crossing.drop(path, 'OpenAI has no such tier')
  }),
  speed: only((value) => value === 'standard', 'OpenAI has no such speed', 'droppable'),
  inference_geo: refused('where it is answered is not for another provider to ignore'),
  cache_control: droppable('OpenAI caches by itself'),
  container: refused('only its issuer has the container'),
  mcp_servers: refused('the servers would be called by the provider'),
  context_management: refused('OpenAI’s chat edits no context'),
  diagnostics: droppable('OpenAI has no such setting'),
  user_profile_id: refused('only its issuer has the profile'),
  workspace_id: droppable('it belongs to the credentials, which are the gateway’s'),
}

/** The fields of `output_config`. */
export const outputFields: Rules = {
  effort: as('reasoning_effort'),
  format: mapped('`response_format`, strict, whose provider judges the schema', (value, { crossing, path, out }) => {
    const { type, schema } = objectOf(value) ?? {}
    if (textOf(type) !== 'json_schema') crossing.refuse(`${path}.type`, 'the gateway knows no such format')
    out['response_format'] = { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } }
  }),
}

export function messagesToChat(request: JsonObject, crossing: Crossing): JsonObject {
  const out = cross(request, messageFields, { crossing, path: '', out: {} })
  // OpenAI refuses a choice where there is nothing to choose.
  if (out['tools'] === undefined) {
    delete out['tool_choice']
    delete out['parallel_tool_calls']
  }
  return out
}
