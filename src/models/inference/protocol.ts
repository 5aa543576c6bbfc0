import type { HeadShape } from '../head/head-weights.ts'

/** What a worker is started with: verified bytes, never paths. */
export interface EncoderData {
  readonly weights: Uint8Array
  readonly tokenizer: Uint8Array
  readonly tokenizerConfig: Uint8Array
  readonly dimensions: number
  readonly pieces: number
  readonly longest: number
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

/** From the worker. `n: 0` is the answer to its start. */
export type Reply = { readonly n: number } & ({ readonly rows: Float32Array } | { readonly refused: Refusal })
