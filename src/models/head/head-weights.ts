/** Sizes of a head: numbers in an encoder's vector, hidden units, buckets of word features, labels. */
export interface HeadShape {
  readonly dimensions: number
  readonly hidden: number
  readonly buckets: number
  readonly labels: number
}

/**
 * A head's numbers. Logits of a text are `relu(v W1 + b1) W2 + b2` of its vector v, plus `x W3` of its word features x, which were weighed by
 * `rarity`; the word features' share in the whole is already in W3. Matrices are stored row by row.
 */
export interface HeadWeights {
  readonly w1: Float32Array
  readonly b1: Float32Array
  readonly w2: Float32Array
  readonly b2: Float32Array
  readonly rarity: Float32Array
  readonly w3: Float32Array
}

const sizes = ({ dimensions, hidden, buckets, labels }: HeadShape): Readonly<Record<keyof HeadWeights, number>> => ({
  w1: dimensions * hidden,
  b1: hidden,
  w2: hidden * labels,
  b2: labels,
  rarity: buckets,
  w3: buckets * labels,
})

/** Numbers as little-endian float32, one tensor after the other in the order of `HeadWeights`. */
export function packWeights(weights: HeadWeights): Uint8Array {
  const { w1, b1, w2, b2, rarity, w3 } = weights
  return Buffer.concat(
    [w1, b1, w2, b2, rarity, w3].map((tensor) => Buffer.from(tensor.buffer, tensor.byteOffset, tensor.byteLength)),
  )
}

/** Undefined where the bytes do not have the length that the shape asks for, or hold a number that is not finite. */
export function unpackWeights(bytes: Uint8Array, shape: HeadShape): HeadWeights | undefined {
  const size = sizes(shape)
  const all = Object.values(size).reduce((sum, n) => sum + n, 0)
  if (bytes.byteLength !== all * 4) return undefined
  const numbers = new Float32Array(new Uint8Array(bytes).buffer) // copied: the bytes may start anywhere
  if (!numbers.every(Number.isFinite)) return undefined
  let offset = 0
  const take = (name: keyof HeadWeights): Float32Array => numbers.slice(offset, (offset += size[name]))
  return { w1: take('w1'), b1: take('b1'), w2: take('w2'), b2: take('b2'), rarity: take('rarity'), w3: take('w3') }
}
