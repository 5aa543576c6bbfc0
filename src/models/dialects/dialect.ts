import type { Usage } from '../cost/usage.ts'
import type { Member } from './json-members.ts'
import type { Listener, Said } from './said.ts'
import type { SseFrame } from './sse.ts'
import type { JsonObject } from './unknown-json.ts'

export type DialectName =
  | 'openai-chat'
  | 'openai-responses'
  | 'openai-embeddings'
  | 'anthropic-messages'
  | 'open-inference'

/** What the gateway needs to know of a request. Everything else is in `raw`, and is passed on as it is. */
export interface ModelRequest {
  readonly dialect: DialectName
  /** The route or model that the client asks for. */
  readonly model: string
  /** The beginning of the digest of the one version that it may go to, where the dialect can say it. */
  readonly version?: string
  readonly isStream: boolean
  /** The most tokens of one answer that the client allows; absent: it set none. */
  readonly outputCap?: number
  /** How many answers are asked for (`n`): each may be as long as the cap. */
  readonly answers: number
  readonly hasTools: boolean
  /** Tools that the provider itself runs, and bills apart from tokens. */
  readonly hasHostedTools: boolean
  /** Whom the client names as its own user, in the dialect's field. */
  readonly endUser?: string
  readonly metadata: Readonly<Record<string, string>>
  /** Input tokens, at most: a token is at least one byte; pictures and files are counted apart (`input-bound.ts`). */
  readonly inputBound: number
  /** The client wants the usage in its stream; false: the gateway asks for itself, and takes it out again. */
  readonly asksUsage: boolean
  /** The service tier asked for, as the dialect names it. */
  readonly tier?: string
  /** The answer that this one goes on from (`previous_response_id`): its tokens are input too, and not in `inputBound`. */
  readonly previous?: string
  /** It holds what only its issuer can read (`issued.ts`), so it may go to that one target alone. */
  readonly isBound: boolean
  readonly json: JsonObject
  readonly raw: Buffer
  /** Where the top-level fields stand in `raw`; no key stands twice. */
  readonly members: readonly Member[]
}

/** What differs between the client's body and the one that is sent on. */
export interface BodyChange {
  readonly model: string
  /** Used only where the client set none. */
  readonly outputCap?: number
  /** OpenAI chat's name of the cap: servers of its kind that are older know `max_tokens` only. Default: `max_completion_tokens`. */
  readonly capField?: 'max_tokens' | 'max_completion_tokens'
  /** Ask for the usage of a stream, where the client did not. */
  readonly includeUsage?: boolean
  /** Fields that the model's version sets where the client did not, as JSON. */
  readonly defaults?: ReadonlyMap<string, string>
}

/** An error as a provider tells it, wherever: in an error's body, inside a 200, in the middle of a stream. */
export interface ProviderFailure {
  /** The HTTP status that means the same. */
  readonly status: number
  /** The provider's own word for it, or `malformed_answer` where it said nothing readable. */
  readonly type: string
  readonly code?: string
  readonly message: string
}

/** What one block of a stream is. */
export interface Heard {
  /** It is part of the answer: from the first of these on the stream has begun, and its provider is not changed. */
  readonly isContent: boolean
  /** It is there because the gateway asked for it: the client gets it not. */
  readonly isHidden: boolean
  readonly failure?: ProviderFailure
}

/** Reads one stream, block by block, beside its passing on. */
export interface StreamReader {
  hear(frame: SseFrame): Heard
  /** The use so far, by the last word on each part; equal to that of the same answer in one piece. */
  readonly usage: Usage | undefined
  /** The dialect's last event has come, and nothing is missing. False at the end: the stream was cut. */
  readonly isComplete: boolean
  /** The model that says it answers. */
  readonly model: string | undefined
}

/** An error of ours, or one that is told again, for a client. */
export interface TellableError {
  readonly status: number
  readonly code: string
  readonly message: string
}

/** One language of the wire. Pure: nothing is read or sent here. */
export interface Dialect {
  readonly name: DialectName
  /** Errors: `model/bad-body`, naming the field; `model/refused-field`. */
  read(body: Buffer): ModelRequest
  bodyFor(request: ModelRequest, change: BodyChange): Buffer
  /** Of an answer in one piece; undefined where it does not say, or says nonsense. */
  usageOf(answer: unknown): Usage | undefined
  /** The model that says it answered. */
  modelOf(answer: unknown): string | undefined
  /** What is wrong with an answer of this status: also a 200 that holds an error, or no answer at all. */
  failureOf(answer: unknown, status: number): ProviderFailure | undefined
  /** What an answer in one piece says; undefined where the dialect has no words. */
  saidIn(answer: unknown): Said | undefined
  /** Puts together what a stream says; undefined where the dialect has no words. */
  listener(): Listener | undefined
  stream(options: { readonly hidesUsage: boolean }): StreamReader
  /** What keeps a connection open while nothing is said; no reader takes it for content. */
  readonly keepAlive: string
  errorBody(error: TellableError): string
  /** The event that ends a stream which failed; nothing comes after it. */
  errorEvent(error: TellableError): string
}

export const silent: Heard = { isContent: false, isHidden: false }
export const content: Heard = { isContent: true, isHidden: false }
export const hidden: Heard = { isContent: false, isHidden: true }
export const failed = (failure: ProviderFailure): Heard => ({ isContent: false, isHidden: false, failure })
