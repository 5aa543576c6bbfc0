import { z } from 'zod'
import { canonicalJson, type Json } from '../core/json.ts'

/** At most so many problems are told at once. */
const most = 10

/**
 * What is wrong with a person's value by the form's JSON Schema (draft 2020-12), each with its path, none with the value; empty: nothing.
 *
 * The value itself is what is bound and runs, so a check that would change it is a refusal: Zod fills a field that has a default.
 * A schema that cannot be read takes nothing (fail closed); of a library that cannot say its schema in JSON nothing is known here,
 * and the step checks again.
 */
export function problemsOf(schema: Json, value: Json): readonly string[] {
  const canonical = canonicalOf(value)
  if (canonical === undefined) return ['the value is not JSON: a number or a character cannot be written']
  const parser = parserOf(schema)
  if (!parser) return ['the form’s schema cannot be checked here: decide without a value of your own']
  const parsed = parser.safeParse(value)
  if (!parsed.success) return listed(parsed.error)
  if (canonicalOf(parsed.data as Json) === canonical) return [] // JSON in, JSON out
  return ['a field is missing that the form would fill in: give every field']
}

function parserOf(schema: Json): z.ZodType | undefined {
  try {
    return z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema) // made by the SDK from the form
  } catch {
    return undefined
  }
}

function canonicalOf(value: Json): string | undefined {
  try {
    return canonicalJson(value)
  } catch {
    return undefined
  }
}

/** The first problem of each path: a format and its pattern say the same thing twice. */
function listed(error: z.ZodError): readonly string[] {
  const first = new Map<string, string>()
  for (const { path, message } of error.issues) {
    const at = path.map(String).join('.')
    if (!first.has(at)) first.set(at, at ? `${at}: ${message}` : message)
  }
  return [...first.values()].slice(0, most)
}
