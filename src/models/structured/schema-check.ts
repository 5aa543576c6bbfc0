import { createHash } from 'node:crypto'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { LRUCache } from 'lru-cache'
import type { JsonObject } from '../dialects/unknown-json.ts'
import { boundedRun } from './bounded-run.ts'
import { whyTooMuch } from './schema-size.ts'

/** What is wrong at a place of a value. */
export interface Misfit {
  /** A JSON pointer; empty: the value itself. */
  readonly at: string
  readonly says: string
}

/** A schema that can be checked against, or why not. */
export type SchemaCheck =
  | { readonly kind: 'usable'; readonly misfits: (value: unknown) => readonly Misfit[] }
  | { readonly kind: 'unusable'; readonly why: string }

/** A process's schemas are those of its clients' code: hundreds. Each is a function of some kilobytes. */
const mostKept = 500
/** Far above what a schema in use takes (milliseconds), also on a loaded machine; nothing else runs meanwhile. */
const longestCompilation = 500
const longestCheck = 250
const mostMisfits = 10

/**
 * ajv makes code of a schema, and says that a schema is to be trusted like code. What that warns of is bounded here: size and depth
 * (`schema-size.ts`), time of compilation and check (`bounded-run.ts`), no `$async`, no `$data`, nothing fetched, no defaults written, own properties
 * alone. Its templates quote what they take from a schema.
 */
const options = {
  strict: false,
  logger: false,
  allErrors: true,
  inlineRefs: false, // refs that are copied into each other grow without bound
  ownProperties: true, // `toString` is not there because every object has it
} as const

const kept = new LRUCache<string, SchemaCheck>({ max: mostKept })

/** The check of a schema, compiled once. Also what could not be used is kept: it may have taken its whole time. */
export function checkOfSchema(schema: JsonObject): SchemaCheck {
  const tooMuch = whyTooMuch(schema)
  if (tooMuch !== undefined) return { kind: 'unusable', why: tooMuch }
  const digest = createHash('sha256').update(JSON.stringify(schema)).digest('base64')
  const known = kept.get(digest)
  if (known) return known
  const made = compile(schema)
  kept.set(digest, made)
  return made
}

type Draft = 'draft-07' | '2020-12'

/** Judges schemas themselves; compiled at the first. */
const judges: Readonly<Record<Draft, Ajv>> = {
  'draft-07': new Ajv({ strict: false, logger: false }),
  '2020-12': new Ajv2020({ strict: false, logger: false }),
}

function compile(schema: JsonObject): SchemaCheck {
  const draft: Draft = /draft-0[3-7]/.test(String(schema['$schema'])) ? 'draft-07' : '2020-12'
  const { $schema: _, ...judged } = schema
  const [first] = isOf(draft, judged) ? [] : (judges[draft].errors ?? [])
  // Tuples were written in another way: who names no draft may mean the older.
  const isOlder = first !== undefined && schema['$schema'] === undefined && isOf('draft-07', judged)
  if (first && !isOlder) return { kind: 'unusable', why: told(misfitOf(first)) }
  const settings = { ...options, meta: false, validateSchema: false } as const
  const ajv = draft === 'draft-07' || isOlder ? new Ajv(settings) : new Ajv2020(settings)
  formats.default(ajv)
  try {
    const made = boundedRun(() => ajv.compile(judged), longestCompilation)
    return made === 'too-long'
      ? { kind: 'unusable', why: 'it takes too long to prepare' }
      : { kind: 'usable', misfits: (value) => misfitsIn(value, made.result) }
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'unusable', why: 'it is too large or refers to itself without end' }
    return { kind: 'unusable', why: error instanceof Error ? error.message.slice(0, 300) : 'it cannot be prepared' }
  }
}

const isOf = (draft: Draft, schema: JsonObject): boolean => judges[draft].validateSchema(schema) === true

function misfitsIn(value: unknown, validate: ValidateFunction): readonly Misfit[] {
  try {
    const checked = boundedRun(() => validate(value), longestCheck)
    if (checked === 'too-long') return [{ at: '', says: 'the check takes too long; a pattern may be at fault' }]
    return checked.result ? [] : (validate.errors ?? []).slice(0, mostMisfits).map(misfitOf)
  } catch (error) {
    if (error instanceof RangeError) return [{ at: '', says: 'the check does not end: the schema refers to itself' }]
    throw error
  }
}

function misfitOf({ instancePath, keyword, message, params }: ErrorObject): Misfit {
  const says = (message ?? `it fails ${keyword}`).slice(0, 300)
  const more = keyword === 'enum' || keyword === 'const' ? allowedIn(params) : extraIn(params)
  return { at: instancePath.slice(0, 300), says: more === undefined ? says : `${says}: ${more}` }
}

const allowedIn = (params: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(params['allowedValues'] ?? params['allowedValue'])?.slice(0, 300) ?? ''

const extraIn = (params: Readonly<Record<string, unknown>>): string | undefined => {
  const extra = params['additionalProperty'] ?? params['unevaluatedProperty']
  return typeof extra === 'string' ? extra.slice(0, 100) : undefined
}

export const told = ({ at, says }: Misfit): string => `${at || '(the value itself)'}: ${says}`
