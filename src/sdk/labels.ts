import type { Json } from '../core/json.ts'
import { type DataClass, dataClasses } from './models.ts'

type Fields = Readonly<Record<string, Json | undefined>>
const fieldsOf = (value: Json | undefined): Fields | undefined =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : undefined // an object, by what was asked
const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : []) // a list, by what was asked

const worse = (a: DataClass, b: DataClass): DataClass => (dataClasses.indexOf(a) > dataClasses.indexOf(b) ? a : b)

/** What a label says; any other word is a kind of personal data: `name`, `contact`, `account`. */
const classes: Readonly<Record<string, DataClass>> = { public: 'public', none: 'internal', special: 'special' }

/**
 * The class of what a schema describes, by its labels (`.meta({ pii })`, at a field or at what holds it): the most delicate of its fields'. A text
 * without a label may hold anything: `special`. Numbers, booleans and fixed sets of answers without one are `internal`.
 */
export function dataClassOf(schema: Json, outer?: DataClass): DataClass {
  const fields = fieldsOf(schema)
  if (!fields) return outer ?? 'special'
  const { pii } = fields
  const labelled = typeof pii === 'string' ? (classes[pii] ?? 'personal') : outer
  const inner = [
    ...Object.values(fieldsOf(fields['properties']) ?? {}),
    ...['anyOf', 'oneOf', 'allOf', 'prefixItems'].flatMap((key) => listOf(fields[key])),
    ...[fields['items'], fields['additionalProperties']].filter((one) => fieldsOf(one) !== undefined),
  ].filter((one) => one !== undefined)
  if (inner.length > 0) return inner.map((one) => dataClassOf(one, labelled)).reduce(worse)
  return labelled ?? (isHarmless(fields) ? 'internal' : 'special')
}

const harmless: ReadonlySet<Json | undefined> = new Set(['number', 'integer', 'boolean', 'null'])
const isHarmless = (fields: Fields): boolean => 'enum' in fields || 'const' in fields || harmless.has(fields['type'])
