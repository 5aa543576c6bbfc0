import type { ModelRequest } from '../dialects/dialect.ts'
import { type JsonObject, objectOf, objectsOf, textOf } from '../dialects/unknown-json.ts'

/** A schema in a request, and where it stands. */
export interface AskedSchema {
  readonly field: string
  readonly schema: unknown
}

/** What a request says that its answer must be. */
export interface Asked {
  /** Of the text: any JSON, or JSON that fits a schema; absent: any text. */
  readonly answer?: 'json' | AskedSchema
  /** Of the arguments of calls, by the tool's name; those that are not here are JSON of any form. */
  readonly tools: ReadonlyMap<string, AskedSchema>
  /** The client's own tools are offered, so calls may come. */
  readonly hasTools: boolean
}

export function askedBy(request: ModelRequest): Asked {
  const answer = answerAsked(request)
  const list = objectsOf(request.json['tools'])
  const tools = new Map<string, AskedSchema>()
  for (const [i, tool] of list.entries()) {
    const { at, described, schema } = describedIn(tool, request.dialect, `tools.${i}`)
    const name = textOf(described?.['name'])
    if (name !== undefined && described?.['strict'] === true) tools.set(name, { field: at, schema })
  }
  return { ...(answer && { answer }), tools, hasTools: list.length > 0 }
}

function describedIn(
  tool: JsonObject,
  dialect: ModelRequest['dialect'],
  path: string,
): { at: string; described: JsonObject | undefined; schema: unknown } {
  if (dialect === 'anthropic-messages')
    return { at: `${path}.input_schema`, described: tool, schema: tool['input_schema'] }
  if (dialect === 'openai-responses') return { at: `${path}.parameters`, described: tool, schema: tool['parameters'] }
  const described = objectOf(tool['function'])
  return { at: `${path}.function.parameters`, described, schema: described?.['parameters'] }
}

function answerAsked({ dialect, json }: ModelRequest): Asked['answer'] {
  if (dialect === 'openai-chat') {
    const format = objectOf(json['response_format'])
    const holder = objectOf(format?.['json_schema'])
    return formatAsked(format, holder?.['schema'], 'response_format.json_schema.schema')
  }
  if (dialect === 'openai-responses') {
    // An item of the conversation can set another format from there on; the last one counts.
    const updates = objectsOf(json['input']).map((item, i) => ({ item, field: `input.${i}.text.format.schema` }))
    const last = updates.findLast(({ item }) => item['type'] === 'configuration_update' && formatIn(item))
    const format = formatIn(last?.item ?? json)
    return formatAsked(format, format?.['schema'], last?.field ?? 'text.format.schema')
  }
  if (dialect === 'anthropic-messages') {
    const format = objectOf(objectOf(json['output_config'])?.['format'])
    if (format) return formatAsked(format, format['schema'], 'output_config.format.schema')
    const older = objectOf(json['output_format'])
    return formatAsked(older, older?.['schema'], 'output_format.schema')
  }
  return undefined
}

const formatIn = (holder: JsonObject): JsonObject | undefined => objectOf(objectOf(holder['text'])?.['format'])

/** A `json_schema` without a schema is the provider's to refuse; from here any JSON will do. */
function formatAsked(format: JsonObject | undefined, schema: unknown, field: string): Asked['answer'] {
  if (format?.['type'] === 'json_object') return 'json'
  if (format?.['type'] !== 'json_schema') return undefined
  return schema === undefined || schema === null ? 'json' : { field, schema }
}
