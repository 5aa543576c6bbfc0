import type { Clock, Instant, Millis } from '../../core/clock.ts'
import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import { digestOf, type Json } from '../../core/json.ts'
import type { ModelRequest } from '../dialects/dialect.ts'
import { dialects } from '../dialects/dialects.ts'
import { parsed } from '../dialects/unknown-json.ts'
import type { CallOutcome } from '../gateway/call-outcome.ts'
import type { Caller } from '../gateway/caller.ts'
import { type Headers, retryAfterOf } from '../providers/headers.ts'
import { type ModelVersion, nameOf } from '../routes/model-version.ts'
import { recordOf } from './call-record.ts'
import { answerIn, bodyOf } from './chat-wire.ts'
import { embeddingBody, vectorsIn } from './embedding-wire.ts'
import type { RenderedPrompt } from './render-prompt.ts'

/** The gateway, as far as a step asks it. */
export interface ModelCalls {
  call(
    request: ModelRequest,
    caller: Caller,
    how: { readonly headers: Headers; readonly signal: AbortSignal },
  ): Promise<{
    readonly status: number
    readonly headers: Record<string, string | string[]>
    readonly body: Buffer | AsyncGenerator<Buffer, void, undefined>
    readonly by?: ModelVersion
    /** Resolves when the call has ended. */
    readonly outcome?: Promise<CallOutcome>
  }>
  /** What became of the call that ended with this error. */
  outcomeOf?(error: unknown): Promise<CallOutcome> | undefined
}

/** What became of a question, and what is known of how. */
export type Asked<T> = {
  readonly model?: { readonly name: string; readonly digest: string }
  /** Nano-units. */
  readonly cost?: number
  readonly record: Json
} & (
  | { readonly value: T }
  /** `isFinal`: the same question would fail again. */
  | { readonly failure: MillraceError; readonly isFinal: boolean; readonly retryAfter?: Millis }
)

interface Question {
  readonly route: string
  /** The resource's name, for messages. */
  readonly name: string
  readonly caller: Caller
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Asks a rendered prompt of a route, as one chat completion. Throws only what is nobody's answer: an abort, a mistake of this program. */
export function askPrompt(calls: ModelCalls, rendered: RenderedPrompt, question: Question): Promise<Asked<Json>> {
  const { messages, parameters } = rendered
  const request = dialects['openai-chat'].read(bodyOf(rendered, question))
  // The rendering is whole, and under its digest, so that it can be told from another without being read.
  const record = {
    prompt: { messages: messages as unknown as Json, digest: digestOf(messages as unknown as Json) },
    parameters,
  } // JSON by their types
  return ask(calls, request, question, record, (json, target) =>
    answerIn(json, { prompt: question.name, target, format: rendered.format }),
  )
}

/** Asks a route for one vector of each text. */
export function askVectors(
  calls: ModelCalls,
  texts: readonly string[],
  question: Question,
): Promise<Asked<readonly (readonly number[])[]>> {
  const request = dialects['openai-embeddings'].read(embeddingBody(question.route, texts))
  return ask(calls, request, question, { texts: texts.length }, (json, target) =>
    vectorsIn(json, { target, count: texts.length }),
  )
}

async function ask<T>(
  calls: ModelCalls,
  request: ModelRequest,
  question: Question,
  about: Readonly<Record<string, Json>>,
  read: (json: unknown, target: string) => T,
): Promise<Asked<T>> {
  const { caller, clock, route, signal } = question
  try {
    const answer = await calls.call(request, caller, { headers: {}, signal })
    const json = parsed((await wholeOf(answer.body)).toString())
    const outcome = await answer.outcome
    const known = {
      ...whoOf(answer.by, outcome),
      ...(outcome?.cost && { cost: Number(outcome.cost.nano) }),
      record: { ...about, ...(outcome && { call: recordOf(outcome) }) },
    }
    const target = known.model?.name ?? route
    if (answer.status >= 400) return { ...known, ...refused(answer, { json, target, today: clock.today() }) }
    try {
      return { ...known, value: read(json, target) }
    } catch (error) {
      if (!isMillraceError(error)) throw error
      return { ...known, failure: error, isFinal: error.retry === 'never' }
    }
  } catch (error) {
    if (!isMillraceError(error)) throw error
    if (signal.aborted) throw error
    const seconds = 'seconds' in error.details ? error.details.seconds : undefined
    const outcome = await calls.outcomeOf?.(error)
    return {
      ...(outcome?.cost && { cost: Number(outcome.cost.nano) }),
      record: { ...about, ...(outcome && { call: recordOf(outcome) }) },
      failure: error,
      isFinal: error.retry === 'never',
      ...(seconds !== undefined && { retryAfter: seconds * 1000 }),
    }
  }
}

/** Statuses below 500 that ask for patience, and do not blame the request. */
const passing: ReadonlySet<number> = new Set([408, 409, 425, 429])

/** The provider's own refusal, which the gateway passes on as it was said. */
function refused(
  { headers, status }: { readonly status: number; readonly headers: Headers },
  { json, target, today }: { readonly json: unknown; readonly target: string; readonly today: Instant },
): { readonly failure: MillraceError; readonly isFinal: boolean; readonly retryAfter?: Millis } {
  const said = dialects['openai-chat'].failureOf(json, status)
  const why = said?.code ?? said?.type ?? 'no reason'
  if (status < 500 && !passing.has(status))
    return { failure: new MillraceError('model/question-refused', { target, status, why }), isFinal: true }
  const retryAfter = retryAfterOf(headers, today)
  return {
    failure: new MillraceError('model/upstream-status', { target, status }),
    isFinal: false,
    ...(retryAfter !== undefined && { retryAfter }),
  }
}

function whoOf(by: ModelVersion | undefined, outcome: CallOutcome | undefined): Pick<Asked<never>, 'model'> {
  const answered = outcome?.answered
  if (answered)
    return { model: { name: nameOf({ model: answered.model, digest: answered.version }), digest: answered.version } }
  return by ? { model: { name: nameOf(by), digest: by.digest } } : {}
}

async function wholeOf(body: Buffer | AsyncGenerator<Buffer, void, undefined>): Promise<Buffer> {
  return Buffer.isBuffer(body) ? body : Buffer.concat(await Array.fromAsync(body))
}
