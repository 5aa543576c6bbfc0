import { canonicalEvent, type CanonicalEvent } from '../core/event.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'

/** Events that one request may hold: one commit, and an answer that fits a screen. */
export const mostEvents = 1000

export interface HttpEvents {
  readonly contentType: string
  /** Of a header, by its lower-case name. */
  readonly header: (name: string) => string | undefined
  readonly body: Uint8Array
}

/** What a `Content-Type` says of the form (CloudEvents HTTP protocol binding 1.0.2, section 3). */
export const eventTypes = {
  structured: 'application/cloudevents+json',
  batch: 'application/cloudevents-batch+json',
  binary: 'application/json',
} as const

/** Extension attributes are of these names; their values are not kept. */
const attributes = ['specversion', 'id', 'source', 'type', 'time', 'subject'] as const

/**
 * Reads the events of an HTTP request: structured (the event is the body), batched (an array of them), or binary (attributes in `ce-`
 * headers, the body is the data). All or none. Errors: `intake/not-an-event`, with every problem.
 */
export function parseCloudEvents(request: HttpEvents): readonly CanonicalEvent[] {
  const type = request.contentType.split(';')[0]?.trim().toLowerCase()
  const body = jsonOf(request.body)
  if (type === eventTypes.structured) return [check(body, '')]
  if (type === eventTypes.batch) return batchOf(body)
  if (request.header('ce-specversion') === undefined)
    throw notAnEvent('there is no ce-specversion header, and the content type names no structured or batched event')
  const fields = attributes.map((name) => [name, headerValue(request.header(`ce-${name}`))])
  return [check({ ...Object.fromEntries(fields), data: body }, '')]
}

function batchOf(body: unknown): readonly CanonicalEvent[] {
  if (!Array.isArray(body)) throw notAnEvent('a batch is a JSON array')
  if (body.length === 0 || body.length > mostEvents)
    throw notAnEvent(`a batch has 1 to ${mostEvents} events, this one ${body.length}`)
  return body.map((one, n) => check(one, `[${n}].`))
}

function check(value: unknown, place: string): CanonicalEvent {
  const read = canonicalEvent.safeParse(value)
  if (read.success) return read.data
  const problems = read.error.issues
    .slice(0, 5)
    .map(({ message, path }) => `${place}${path.join('.') || 'event'}: ${message}`)
  throw notAnEvent(problems.join('; '))
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw notAnEvent('the body is not JSON in UTF-8')
  }
}

/** Header values are percent-encoded where they are not ASCII (section 3.1.3.2). */
function headerValue(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  try {
    return decodeURIComponent(text.replace(/^"(.*)"$/s, '$1'))
  } catch {
    throw notAnEvent('a ce- header is not percent-encoded as it should be')
  }
}

const notAnEvent = (problems: string): MillraceError => new MillraceError('intake/not-an-event', { problems })
