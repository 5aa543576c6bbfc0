import type { HeadShape } from '../head/head-weights.ts'

/** How the vectors of a text's tokens become the vector of the text. */
export type Pooling = 'mean' | 'cls' | 'max'

/** What a graph's output is made into: a text's vector, or one probability for each label. */
export type OutputUse =
  /** `lacks`: a module after the pooling that a graph without a pooled output does not hold. */
  | { readonly kind: 'vector'; readonly pooling: Pooling; readonly isUnit: boolean; readonly lacks?: string }
  /** `sigmoid`: each label stands for itself; `softmax`: one of them is right. */
  | { readonly kind: 'labels'; readonly count: number; readonly by: 'softmax' | 'sigmoid' }

/** What a worker is started with: verified bytes, never paths. */
export interface EncoderData {
  readonly weights: Uint8Array
  readonly tokenizer: Uint8Array
  readonly tokenizerConfig: Uint8Array
  /** Numbers in a row; absent: as many as the graph answers. */
  readonly dimensions?: number
  /** Rows of the embedding matrix: the tokenizer knows as many pieces, or, where `hasSpare`, fewer. */
  readonly pieces: number
  readonly hasSpare?: boolean
  readonly longest: number
  /** What short texts of a batch are filled up with. */
  readonly padding?: number
  readonly use?: OutputUse
}

export interface HeadData {
  readonly shape: HeadShape
  readonly weights: Uint8Array
  readonly temperature: number
}

/** To the worker. A batch is answered with one row for each text: its vector, or its probabilities under a head. */
export type Order =
  | { readonly kind: 'head'; readonly n: number; readonly head: string; readonly data: HeadData }
  | { readonly kind: 'batch'; readonly n: number; readonly texts: readonly string[]; readonly head: string | undefined }

export type Refusal = {
  readonly reason: 'no-runtime' | 'bad-tokenizer' | 'bad-encoder' | 'bad-head' | 'failed'
  readonly why: string
}

/** A row for each text, end to end, and how many tokens each text has: all of them, and not those that were cut off or filled up. */
export interface Batch {
  readonly rows: Float32Array
  readonly tokens: Uint32Array
}

/** From the worker. `n: 0` is the answer to its start: the row of a trial. */
export type Reply = { readonly n: number } & (Batch | { readonly refused: Refusal })
