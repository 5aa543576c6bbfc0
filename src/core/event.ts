import { z } from 'zod'
import type { Json } from './json.ts'

/**
 * A canonical event: CloudEvents 1.0 (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md) with a JSON payload.
 * `(source, id)` names it once and for ever; whoever sends it again gets the first answer.
 */
export interface CanonicalEvent {
  readonly specversion: '1.0'
  /** At most 256 characters. Of an e-mail: the SHA-256 of its bytes, since senders forge Message-IDs. */
  readonly id: string
  /** A URI reference of the system of record, at most 512 characters. */
  readonly source: string
  /** `message.received`: noun, then verb in the past. */
  readonly type: string
  /** RFC 3339, when the source knows it. */
  readonly time?: string | undefined
  readonly subject?: string | undefined
  readonly datacontenttype?: 'application/json' | undefined
  readonly data: Json
}

/** JSON that canonical form, encryption and database all take: no lone surrogate, no number that is not finite, not nested out of reason. */
const json: z.ZodType<Json> = z
  .unknown()
  .refine(isJson, 'not JSON of well-formed text, nested at most 200 deep')
  .transform((data) => data as Json) // by the check before

const mostNesting = 200

/**
 * Whether it is JSON in an event's sense: `JSON.stringify` writes it whole, and what that writes is read as the same.
 * With a list instead of recursion: a payload of 100,000 brackets must not end the stack.
 */
export function isJson(data: unknown): boolean {
  if (!isOpen(data)) return isLeaf(data)
  const open: { readonly value: Readonly<Record<string, unknown>>; readonly depth: number }[] = [
    { value: data, depth: 1 },
  ]
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next
    if (depth > mostNesting || !(Array.isArray(value) || isPlain(value))) return false
    for (const [key, inner] of Object.entries(value)) {
      if (!key.isWellFormed()) return false
      if (isOpen(inner)) open.push({ value: inner, depth: depth + 1 })
      else if (inner !== undefined && !isLeaf(inner)) return false
    }
  }
  return true
}

/** An object or an array: both have their values under keys. */
const isOpen = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

function isLeaf(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  return value === null || typeof value === 'boolean' || Number.isFinite(value)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** The specification's String: no control characters and no surrogates. */
const name = (most: number): z.ZodString =>
  z
    .string()
    .max(most)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'control characters are not allowed')

/** Parses an event at the edge. Unknown extension attributes are dropped. */
export const canonicalEvent: z.ZodType<CanonicalEvent> = z.object({
  specversion: z.literal('1.0'),
  id: name(256).min(1),
  source: name(512).min(1),
  type: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[a-z0-9]+(?:[.-][a-z0-9]+)*$/, 'lower-case words joined by dots or dashes'),
  time: z.iso.datetime({ offset: true }).optional(),
  subject: name(512).optional(),
  datacontenttype: z.literal('application/json').optional(),
  data: json,
})
