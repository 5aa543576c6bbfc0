import type { DialectName, ModelRequest } from '../dialect.ts'
import type { SseFrame } from '../sse.ts'
import type { Crossing, MayDrop } from './crossing.ts'

/** Where an answer in one piece names what was dropped, of the request and of itself. */
export const droppedHeader = 'millrace-dropped'

/** What an answer needs that its own dialect does not tell. */
export interface AnswerFacts {
  /** Seconds since 1970: OpenAI dates its answers. */
  readonly created: number
  /** The client asked for the usage in its stream. */
  readonly asksUsage: boolean
  /** The response's id, `resp_` and what is the call's alone; absent: it follows from the provider's. */
  readonly id?: string
  /** In which form the client wants vectors: `float` or `base64`. */
  readonly encoding?: string
  /** What the client calls the model, and its own name of the request. */
  readonly asked?: string
  readonly askedId?: string
}

/** Carries calls from a client's dialect to that of another provider, and the answers back. Pure, as dialects are. */
export interface Adapter {
  readonly from: DialectName
  readonly to: DialectName
  /**
   * The body in the provider's dialect, to be read and changed as any request of it (`Dialect.read`, `bodyFor`), and what was dropped on the way.
   * Errors: `model/foreign-field`, naming the field; `model/bad-body`.
   */
  request(request: ModelRequest, mayDrop: MayDrop): { readonly body: Buffer; readonly dropped: readonly string[] }
  /** An answer in one piece, that the provider's dialect finds no failure in. Errors: `model/malformed-answer`. */
  answer(body: Buffer, facts: AnswerFacts): { readonly body: string; readonly dropped: readonly string[] }
  stream(facts: AnswerFacts): StreamAdapter
}

/** Carries one stream. Keep-alives and failures are not its business: the provider's `StreamReader` hears them. */
export interface StreamAdapter {
  /** The bytes for the client that this block of the provider becomes; often none. Errors: `model/malformed-answer`. */
  carry(frame: SseFrame): string
  readonly dropped: readonly string[]
}

/** What a stream lost is told in a comment before its end, since its headers are gone by then. */
export const droppedComment = ({ dropped }: Pick<Crossing, 'dropped'>): string =>
  dropped.length === 0 ? '' : `: ${droppedHeader} ${dropped.join(', ')}\n\n`
