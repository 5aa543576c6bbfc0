/** What the caches need of an encoder: one text at a time, since a text's vector depends a little on what it is batched with. */
export interface CacheEncoder {
  /** SHA-256 hex of the weights and of all that shapes a vector. */
  readonly digest: string
  embed(text: string, signal?: AbortSignal): Promise<Float32Array>
}

/** At unit length, so that a dot product is the cosine; undefined where it has none. */
export function unitOf(vector: Float32Array): Float32Array | undefined {
  let square = 0
  for (const x of vector) square += x * x
  if (!Number.isFinite(square) || square === 0) return undefined
  const length = Math.sqrt(square)
  return vector.map((x) => x / length)
}

/** As it is stored: float32, little-endian, as every processor that Node runs on has it. */
export const toBytes = (vector: Float32Array): Buffer =>
  Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)

/** A copy: the driver's bytes need not be aligned. */
export function fromBytes(bytes: Uint8Array): Float32Array {
  const vector = new Float32Array(Math.floor(bytes.byteLength / 4))
  new Uint8Array(vector.buffer).set(bytes.subarray(0, vector.byteLength))
  return vector
}
