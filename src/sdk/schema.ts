import type { StandardSchemaV1 } from '@standard-schema/spec'
import { z } from 'zod'
import { sha256, digestOf, type Json } from '../core/json.ts'

/** Any Standard Schema (https://standardschema.dev); Zod by default. */
export type Schema<T = unknown> = StandardSchemaV1<unknown, T>
export type OutputOf<S extends Schema> = StandardSchemaV1.InferOutput<S>

/** What is kept in the log is JSON: anything else would come back as something different. */
type LostInLog<T> =
  HasThen<T> extends true
    ? 'a field called then would make the value a promise: rename it'
    : T extends Json | undefined
      ? never
      : T extends Date
        ? 'a Date does not survive the log: use z.iso.datetime()'
        : T extends (...args: never[]) => unknown
          ? 'a function does not survive the log'
          : T extends readonly (infer I)[]
            ? LostInLog<I>
            : T extends object
              ? { [K in keyof T]: LostInLog<T[K]> }[keyof T]
              : 'only JSON survives the log'
type HasThen<T> = T extends object ? (string extends keyof T ? false : 'then' extends keyof T ? true : false) : false

/** `S`, or an error that says what its output has that JSON cannot hold. */
export type JsonSchemaOf<S extends Schema> = [LostInLog<OutputOf<S>>] extends [never]
  ? S
  : { readonly error: LostInLog<OutputOf<S>> }

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] }

/** Checks a value against a schema. At most ten problems are listed, each with its path, none with the value. */
export async function check<T>(schema: Schema<T>, value: unknown): Promise<Checked<T>> {
  const result = await schema['~standard'].validate(value)
  if (!result.issues) return { ok: true, value: result.value }
  const problems = result.issues.slice(0, 10).map((issue) => {
    const path = issue.path?.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
    return path ? `${path}: ${issue.message}` : issue.message
  })
  return { ok: false, problems }
}

const described = new WeakMap<Schema, Json>()

/** The schema as JSON Schema, where its library can say it. Labels of `.meta()` stand in it. */
export function describeSchema(schema: Schema): Json {
  const known = described.get(schema)
  if (known !== undefined) return known
  const description =
    schema instanceof z.ZodType
      ? (z.toJSONSchema(schema, { unrepresentable: 'any' }) as unknown as Json) // JSON by its definition
      : { vendor: schema['~standard'].vendor }
  described.set(schema, description)
  return description
}

/** The digest of a resource: canonical JSON of what is declared, and the text of its code. */
export function digestOfResource(
  kind: string,
  declared: Json,
  code: readonly ((...args: never[]) => unknown)[] = [],
): string {
  return digestOf({ kind, declared, code: code.map((part) => sha256(part.toString())) })
}
