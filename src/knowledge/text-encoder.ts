import { MillraceError } from '../core/errors/millrace-error.ts'

/** What this plane needs of the model plane: one text at a time, since a text's vector depends a little on what it is batched with. */
export interface TextEncoder {
  /** SHA-256 hex of the weights and of all that shapes a vector. */
  readonly digest: string
  embed(text: string, signal?: AbortSignal): Promise<Float32Array>
}

/** The text's vector at unit length, so that a dot product is the cosine. Errors: `knowledge/bad-embedding`. */
export async function embedUnit(encoder: TextEncoder, text: string, signal?: AbortSignal): Promise<Float32Array> {
  const vector = await encoder.embed(text, signal)
  let square = 0
  for (const x of vector) square += x * x
  const refuse = (why: string): never => {
    throw new MillraceError('knowledge/bad-embedding', { encoder: encoder.digest.slice(0, 16), why })
  }
  if (vector.length === 0) refuse('it has no numbers')
  if (!Number.isFinite(square)) refuse('it has numbers that are not finite')
  if (square === 0) refuse('all its numbers are zero')
  const length = Math.sqrt(square)
  return vector.map((x) => x / length)
}
