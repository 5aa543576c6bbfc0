import type { Json } from '../../core/json.ts'

type Schema = Json | undefined
type Fields = Readonly<Record<string, Json | undefined>>

const fieldsOf = (value: Json | undefined): Fields | undefined =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : undefined // an object, by what was asked

/** A key that a template could print: a plain name cannot instruct anybody. */
const plainName = /^[\w.-]{1,64}$/

/**
 * A value with every text fenced that is not known to be trusted. What is known stands in the JSON Schema: `trust: 'trusted'` at the text or at what
 * holds it, or a fixed set of answers. Numbers and booleans instruct nobody; an empty text is left, so that a template can ask whether there is one.
 * Undefined: a key of an object is no plain name, and a template could print it.
 */
export function fencedIn(
  value: Json,
  schema: Schema,
  around: (text: string) => string,
  isTrusted = false,
): Json | undefined {
  const trusted = trustIn(schema, isTrusted)
  if (typeof value === 'string') return value === '' || trusted || isOneOfFew(schema) ? value : around(value)
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => fencedIn(item, fieldsOf(schema)?.['items'], around, trusted))
    return items.includes(undefined) ? undefined : (items as Json[]) // none is undefined
  }
  const known = fieldsOf(fieldsOf(schema)?.['properties'])
  const fenced: Record<string, Json> = {}
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue
    const inner = fencedIn(item, known?.[key] ?? fieldsOf(schema)?.['additionalProperties'], around, trusted)
    if (inner === undefined || !plainName.test(key)) return undefined
    fenced[key] = inner
  }
  return fenced
}

/** Only the word itself makes trust, and any other word ends it. */
function trustIn(schema: Schema, outer: boolean): boolean {
  const said = fieldsOf(schema)?.['trust']
  return said === undefined ? outer : said === 'trusted'
}

/** The author wrote every text that the value can be. */
function isOneOfFew(schema: Schema): boolean {
  const fields = fieldsOf(schema)
  if (!fields) return false
  if ('enum' in fields || 'const' in fields) return true
  const branches = [fields['anyOf'], fields['oneOf']].find(Array.isArray)
  return (
    branches !== undefined &&
    branches.every((branch: Json) => fieldsOf(branch)?.['type'] === 'null' || isOneOfFew(branch))
  )
}
