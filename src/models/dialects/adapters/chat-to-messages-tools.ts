import { type JsonObject, objectOf, textOf } from '../unknown-json.ts'
import { as, cross, type Draft, known, mapped, type Place, refused, type Rules } from './crossing.ts'

/** The fields of a function in `tools`. */
export const functionFields: Rules = {
  name: as('name'),
  description: as('description'),
  parameters: as('input_schema'),
  strict: as('strict'),
}

/** The fields of a tool; what is no function is refused. */
export const toolFields: Rules = {
  type: mapped('a tool; only `function`, others refused', (value, { crossing, path }) => {
    if (value !== 'function') crossing.refuse(path, 'Anthropic knows no free-form tools')
  }),
  function: mapped('the tool itself', (value, place) => void cross(objectOf(value) ?? {}, functionFields, place)),
  cache_control: as('cache_control'),
}

/** A function without parameters takes none; Anthropic wants that said. */
const noParameters = { type: 'object', properties: {} }

export const functionTools = (list: readonly unknown[], { crossing, path }: Omit<Place, 'out'>): Draft[] =>
  list.map((item, i) => ({
    input_schema: noParameters,
    ...cross(objectOf(item) ?? {}, toolFields, { crossing, path: `${path}.${i}`, out: {} }),
  }))

const words: Readonly<Record<string, string>> = { auto: 'auto', none: 'none', required: 'any' }

/** Which tool must, may or must not be called. */
export function choice(value: unknown, { crossing, path }: Omit<Place, 'out'>): JsonObject {
  const word = textOf(value)
  if (word !== undefined)
    return {
      type: Object.hasOwn(words, word) ? words[word] : crossing.refuse(path, 'the gateway knows no such choice'),
    }
  const named = objectOf(value) ?? {}
  const name = textOf(objectOf(named['function'])?.['name'])
  if (named['type'] !== 'function' || name === undefined)
    return crossing.refuse(
      `${path}.type`,
      'Anthropic can be told one function, not a choice of some or a free-form tool',
    )
  return { type: 'tool', name }
}

/** The fields of a call in an assistant's message. */
export const callFields: Rules = {
  id: as('id'),
  type: known('always `tool_use`'),
  index: known('its place in the list'),
  function: mapped('`name`, and `arguments` read as `input`', () => undefined),
  custom: refused('Anthropic knows no free-form tools'),
}
