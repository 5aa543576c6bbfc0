import { type JsonObject, objectOf, objectsOf, textOf } from '../unknown-json.ts'
import { cross, type Draft, droppable, known, mapped, only, type Place, refused, type Rules } from './crossing.ts'

const isNot = (value: unknown): boolean => value === false
/** The model itself has called, and no program of its. */
export const isDirect = (value: unknown): boolean => objectOf(value)?.['type'] === 'direct'

const inFunction = (name: string): Rules[string] =>
  mapped(`\`function.${name}\``, (value, { out }) => {
    out['function'] = { ...objectOf(out['function']), [name]: value }
  })

/** The fields of a tool; what is no function is refused. */
export const responseToolFields: Rules = {
  type: mapped('`type`; only `function`, others refused', (value, { crossing, path }) => {
    if (value !== 'function') crossing.refuse(path, 'functions alone are carried to a chat')
  }),
  name: inFunction('name'),
  description: inFunction('description'),
  parameters: inFunction('parameters'),
  strict: inFunction('strict'),
  output_schema: droppable('a chat knows no schema of results'),
  defer_loading: only(isNot, 'a chat loads every tool at once', 'droppable'),
  async: only(isNot, 'a chat waits for its tools', 'droppable'),
  allowed_callers: droppable('a chat lets the model alone call'),
}

export const functionTools = (list: readonly unknown[], { crossing, path }: Omit<Place, 'out'>): Draft[] =>
  list.map((item, i) =>
    cross(objectOf(item) ?? {}, responseToolFields, { crossing, path: `${path}.${i}`, out: { type: 'function' } }),
  )

/** Which tool must, may or must not be called. */
export function choice(value: unknown, { crossing, path }: Omit<Place, 'out'>): unknown {
  if (typeof value === 'string') return value
  const fields = objectOf(value) ?? {}
  if (fields['type'] === 'function') return named(fields)
  if (fields['type'] !== 'allowed_tools')
    return crossing.refuse(`${path}.type`, 'functions alone are carried to a chat')
  const tools = objectsOf(fields['tools'])
  if (tools.some(({ type }) => type !== 'function'))
    return crossing.refuse(`${path}.tools`, 'functions alone are carried to a chat')
  return { type: 'allowed_tools', allowed_tools: { mode: fields['mode'], tools: tools.map(named) } }
}

const named = (fields: JsonObject): JsonObject => ({ type: 'function', function: { name: textOf(fields['name']) } })

/** The fields of a call among the items. */
export const functionCallFields: Rules = {
  type: known('a call in `tool_calls`'),
  call_id: mapped('`id`', (value, { out }) => void (out['id'] = value)),
  name: inFunction('name'),
  arguments: inFunction('arguments'),
  id: known('the item’s own id; a chat has none'),
  status: known('what is part of a conversation is over'),
  namespace: refused('a chat knows no namespaces of tools'),
  caller: only(isDirect, 'a chat lets the model alone call', 'refused'),
  async: only(isNot, 'a chat waits for its tools', 'droppable'),
}
