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

const json: z.ZodType<Json> = z.json()

/** Parses an event at the edge. Unknown extension attributes are dropped. */
export const canonicalEvent: z.ZodType<CanonicalEvent> = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(256),
  source: z.string().min(1).max(512),
  type: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[a-z0-9]+(?:[.-][a-z0-9]+)*$/, 'lower-case words joined by dots or dashes'),
  time: z.iso.datetime({ offset: true }).optional(),
  subject: z.string().max(512).optional(),
  datacontenttype: z.literal('application/json').optional(),
  data: json,
})
