import { objectOf, textOf } from '../unknown-json.ts'
import { as, cross, type Draft, droppable, known, mapped, only, type Place, type Rules } from './crossing.ts'

const noLoading = 'OpenAI loads every tool at once'

/** The fields of a tool of the client's own; all other types are refused. */
export const toolFields: Rules = {
  type: mapped('a function; other types than `custom` refused', (value, { crossing, path }) => {
    if (value !== 'custom') crossing.refuse(path, 'only Anthropic’s models know this tool')
  }),
  name: as('name'),
  description: as('description'),
  input_schema: as('parameters'),
  strict: as('strict'),
  input_examples: droppable('OpenAI takes no examples'),
  cache_control: droppable('OpenAI caches by itself'),
  defer_loading: only((value) => value === false, noLoading, 'droppable'),
  eager_input_streaming: droppable('OpenAI streams arguments as they come'),
  allowed_callers: droppable('OpenAI lets the model alone call'),
}

export const tools = (list: readonly unknown[], { crossing, path }: Omit<Place, 'out'>): Draft[] =>
  list.map((item, i) => ({
    type: 'function',
    function: cross(objectOf(item) ?? {}, toolFields, { crossing, path: `${path}.${i}`, out: {} }),
  }))

const words: Readonly<Record<string, string>> = { auto: 'auto', none: 'none', any: 'required' }

/** Which tool must, may or must not be called, and whether several at once. */
export function choice(
  value: Readonly<Record<string, unknown>>,
  { crossing, path }: Omit<Place, 'out'>,
): { readonly word: unknown; readonly isParallel: boolean } {
  const type = textOf(value['type']) ?? ''
  const isParallel = value['disable_parallel_tool_use'] !== true
  if (type === 'tool') return { word: { type: 'function', function: { name: value['name'] } }, isParallel }
  if (!Object.hasOwn(words, type)) return crossing.refuse(`${path}.type`, 'the gateway knows no such choice')
  return { word: words[type], isParallel }
}

/** The fields of a call in an assistant's message. */
export const callFields: Rules = {
  type: known('always `function`'),
  id: as('id'),
  name: known('`function.name`'),
  input: known('`function.arguments`, as JSON'),
  caller: only((value) => objectOf(value)?.['type'] === 'direct', 'OpenAI lets the model alone call', 'refused'),
  toolset_name: droppable('OpenAI knows no sets of tools'),
  cache_control: droppable('OpenAI caches by itself'),
}
