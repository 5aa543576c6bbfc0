import { type JsonObject, listOf, objectOf, textOf } from '../unknown-json.ts'
import { conversation } from './chat-to-messages-content.ts'
import { choice, functionTools } from './chat-to-messages-tools.ts'
import { as, cross, type Crossing, droppable, known, mapped, only, refused, type Rules } from './crossing.ts'

const noSampler = 'Anthropic has no such control of the choice of tokens'
const noCacheKey = 'Anthropic’s caches are set where the content stands'
const nothing = (value: unknown): boolean => value === 0 || value === false

/** Every field of an OpenAI chat request, and what becomes of it before Anthropic. */
export const chatFields: Rules = {
  model: as('model'),
  messages: mapped('`messages`, and `system` for those before the first other one', (value, { crossing, out }) => {
    const { system, messages } = conversation(listOf(value), crossing)
    if (system.length > 0) out['system'] = system
    out['messages'] = messages
  }),
  max_tokens: mapped('`max_tokens`, the larger of the two', cap),
  max_completion_tokens: mapped('`max_tokens`, the larger of the two', cap),
  stream: as('stream'),
  stream_options: known('the usage, where asked for, comes as OpenAI sends it; padding is not needed'),
  stop: mapped('`stop_sequences`', (value, { out }) => {
    out['stop_sequences'] = typeof value === 'string' ? [value] : value
  }),
  temperature: mapped('`temperature`; above 1 droppable', (value, { crossing, path, out }) => {
    if (typeof value === 'number' && value > 1) crossing.drop(path, 'Anthropic’s scale ends at 1')
    else out['temperature'] = value
  }),
  top_p: as('top_p'),
  tools: mapped('`tools`', (value, { crossing, path, out }) => {
    out['tools'] = functionTools(listOf(value), { crossing, path })
  }),
  tool_choice: mapped('`tool_choice`', (value, { crossing, path, out }) => {
    out['tool_choice'] = { ...objectOf(out['tool_choice']), ...choice(value, { crossing, path }) }
  }),
  parallel_tool_calls: mapped('`tool_choice.disable_parallel_tool_use`', (value, { out }) => {
    if (value === false)
      out['tool_choice'] = { type: 'auto', ...objectOf(out['tool_choice']), disable_parallel_tool_use: true }
  }),
  response_format: mapped(
    '`output_config.format`, whose provider judges the schema; `json_object` refused',
    (value, { crossing, path, out }) => {
      const format = formatOf(objectOf(value) ?? {}, crossing, path)
      if (format) out['output_config'] = { ...objectOf(out['output_config']), format }
    },
  ),
  reasoning_effort: mapped('`output_config.effort`; `none` switches `thinking` off', (value, { out }) => {
    if (value === 'none') out['thinking'] = { type: 'disabled' }
    else out['output_config'] = { ...objectOf(out['output_config']), effort: value === 'minimal' ? 'low' : value }
  }),
  user: mapped('`metadata.user_id`', endUser),
  safety_identifier: mapped('`metadata.user_id`, before `user`', endUser),
  service_tier: mapped('`service_tier`: `auto`, and `default` as `standard_only`; others droppable', (value, place) => {
    if (value === 'auto') place.out['service_tier'] = 'auto'
    else if (value === 'default') place.out['service_tier'] = 'standard_only'
    else place.crossing.drop(place.path, 'Anthropic has no such tier')
  }),
  n: only((value) => value === 1, 'Anthropic gives one answer', 'refused'),
  logprobs: only(nothing, 'Anthropic tells no probabilities', 'refused'),
  top_logprobs: only(nothing, 'Anthropic tells no probabilities', 'refused'),
  modalities: only((value) => listOf(value).every((kind) => kind === 'text'), 'Anthropic answers in text', 'refused'),
  audio: refused('Anthropic answers in text'),
  functions: refused('it is the old form of `tools`'),
  function_call: refused('it is the old form of `tool_choice`'),
  web_search_options: refused('the search would run at the provider'),
  prediction: droppable('Anthropic takes no prediction'),
  frequency_penalty: only(nothing, noSampler, 'droppable'),
  presence_penalty: only(nothing, noSampler, 'droppable'),
  logit_bias: droppable(noSampler),
  seed: droppable(noSampler),
  verbosity: droppable('Anthropic has no such setting'),
  store: only(nothing, 'Anthropic keeps no answers', 'droppable'),
  metadata: droppable('Anthropic takes a user’s id alone; the gateway itself has read them'),
  moderation: droppable('Anthropic has no such setting'),
  prompt_cache_key: droppable(noCacheKey),
  prompt_cache_options: droppable(noCacheKey),
  prompt_cache_retention: droppable(noCacheKey),
}

export function chatToMessages(chat: JsonObject, crossing: Crossing): JsonObject {
  const out = cross(chat, chatFields, { crossing, path: '', out: {} })
  const choice = objectOf(out['tool_choice'])
  // Anthropic refuses a choice where there is nothing to choose, and a limit on calls where none may be made.
  if (out['tools'] === undefined) delete out['tool_choice']
  else if (choice?.['type'] === 'none') out['tool_choice'] = { type: 'none' }
  return out
}

function cap(value: unknown, { out }: { readonly out: Record<string, unknown> }): void {
  const before = out['max_tokens']
  out['max_tokens'] = typeof before === 'number' && typeof value === 'number' ? Math.max(before, value) : value
}

function endUser(value: unknown, o: { readonly path: string; readonly out: Record<string, unknown> }): void {
  if (o.path === 'user' && o.out['metadata'] !== undefined) return
  o.out['metadata'] = { user_id: value }
}

function formatOf(format: JsonObject, crossing: Crossing, path: string): JsonObject | undefined {
  const type = textOf(format['type'])
  if (type === 'text') return undefined
  const schema = objectOf(objectOf(format['json_schema'])?.['schema'])
  if (type !== 'json_schema') return crossing.refuse(`${path}.type`, 'Anthropic needs a schema for JSON')
  return schema
    ? { type: 'json_schema', schema }
    : crossing.refuse(`${path}.json_schema.schema`, 'Anthropic needs a schema for JSON')
}
