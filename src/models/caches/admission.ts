import { isUtf8 } from 'node:buffer'
import type { CallId } from '../../core/ids.ts'
import type { Nano } from '../../core/money.ts'
import { dialects } from '../dialects/dialects.ts'
import type { ModelRequest } from '../dialects/dialect.ts'
import type { Said } from '../dialects/said.ts'
import { type SseFrame, SseReader } from '../dialects/sse.ts'
import { parsed } from '../dialects/unknown-json.ts'
import { type Headers, mediaTypeOf } from '../providers/headers.ts'
import type { Reason } from '../routes/plan-route.ts'
import { checkOf } from '../structured/check-of.ts'

/** An answer as a client got it, whole. */
export interface CacheAnswer {
  readonly call: CallId
  readonly status: number
  /** The answer's, lower case. */
  readonly headers: Headers
  /** Of a stream: all that passed, without what kept the connection open. */
  readonly body: Buffer
  /** Who answered: a version's digest, and why it was asked. */
  readonly by: { readonly version: string; readonly reason: Reason }
  /** As booked, for all attempts; absent: not known. */
  readonly cost?: { readonly nano: Nano; readonly currency: string } | undefined
  /** What it was made from (`sourceName`): it dies with any of these. */
  readonly sources?: readonly string[]
}

/** Why an answer is not kept. */
export type Unkept =
  | 'status'
  | 'fallback'
  | 'too-large'
  | 'unreadable'
  | 'error-inside'
  | 'cut'
  | 'refusal'
  | 'schema'
  | 'calls-by-chance'
  | 'sources'

export const mostBody: number = 1024 * 1024
const mostSources = 64
/** A collection, a document's id of 256 characters, and a version's digest. */
const mostSource = 500

/**
 * Why this answer may not stand for others; undefined: it may. It has to be an answer, whole, by whom the plan asked first, that fits the
 * schema it was asked for. A status of 200 says nothing: errors come under it too, in one piece and in the middle of a stream.
 */
export function whyNotKept(request: ModelRequest, answer: CacheAnswer): Unkept | undefined {
  const { body, by, sources = [], status } = answer
  if (status !== 200) return 'status'
  // It would stand in for the first choice long after that is well again.
  if (by.reason === 'fallback') return 'fallback'
  if (body.length > mostBody) return 'too-large'
  if (sources.length > mostSources || sources.some(({ length }) => length > mostSource)) return 'sources'
  const read = request.isStream ? streamed(request, answer) : whole(request, answer)
  if (typeof read === 'string' || read === undefined) return read
  return whyNotSaid(request, read)
}

/** Undefined: the dialect has no words, and nothing is wrong. */
function whole({ dialect }: ModelRequest, { body, headers, status }: CacheAnswer): Said | Unkept | undefined {
  if (mediaTypeOf(headers) !== 'application/json' || !isUtf8(body)) return 'unreadable'
  const json = parsed(body.toString())
  if (json === undefined) return 'unreadable'
  return dialects[dialect].failureOf(json, status) ? 'error-inside' : dialects[dialect].saidIn(json)
}

function streamed({ dialect }: ModelRequest, { body, headers }: CacheAnswer): Said | Unkept {
  const listener = dialects[dialect].listener()
  if (mediaTypeOf(headers) !== 'text/event-stream' || !isUtf8(body) || !listener) return 'unreadable'
  const reader = dialects[dialect].stream({ hidesUsage: false })
  for (const frame of framesOf(body)) {
    if (reader.hear(frame).failure) return 'error-inside'
    listener.listen(frame)
  }
  return reader.isComplete ? listener.said : 'cut'
}

function* framesOf(body: Buffer): Generator<SseFrame, void, undefined> {
  const reader = new SseReader()
  yield* reader.feed(body)
  const last = reader.end()
  if (last) yield last
}

function whyNotSaid(request: ModelRequest, said: Said): Unkept | undefined {
  if (said.refusal !== '') return 'refusal'
  if (said.finish === 'tool_calls' || said.calls.length > 0) {
    // What is called has effects: by chance another tool would have been called, so only who asks without chance is answered from here.
    if (request.json['temperature'] !== 0) return 'calls-by-chance'
  } else if (said.finish !== 'stop') return 'cut'
  else if (said.text === '') return 'unreadable'
  return fits(request, said) ? undefined : 'schema'
}

function fits(request: ModelRequest, said: Said): boolean {
  try {
    return (checkOf(request)?.problemsIn(said).length ?? 0) === 0
  } catch {
    return false // a schema that nobody can check is met by nothing
  }
}
