import { softmaxInPlace } from '../head/softmax.ts'
import type { Pooling } from './protocol.ts'

interface TokenVectors {
  readonly vectors: Float32Array
  /** 1 where a token is of its text, 0 where the row was filled up. */
  readonly mask: readonly number[]
  readonly height: number
  readonly width: number
}

/** One vector for each text from those of its tokens, as the sentence-transformers library pools them. */
export function pool({ height, mask, vectors, width }: TokenVectors, pooling: Pooling): Float32Array {
  const dimensions = vectors.length / (height * width)
  const rows = new Float32Array(height * dimensions)
  for (let row = 0; row < height; row++) {
    const out = rows.subarray(row * dimensions, (row + 1) * dimensions)
    const token = (column: number): Float32Array => {
      const from = (row * width + column) * dimensions
      return vectors.subarray(from, from + dimensions)
    }
    if (pooling === 'cls') {
      out.set(token(0))
      continue
    }
    if (pooling === 'max') out.fill(-Infinity)
    let count = 0
    for (let column = 0; column < width; column++) {
      if (mask[row * width + column] !== 1) continue
      count++
      const vector = token(column)
      for (let i = 0; i < dimensions; i++)
        out[i] = pooling === 'max' ? Math.max(out[i] ?? 0, vector[i] ?? 0) : (out[i] ?? 0) + (vector[i] ?? 0)
    }
    if (pooling === 'mean') for (let i = 0; i < dimensions; i++) out[i] = (out[i] ?? 0) / Math.max(count, 1e-9)
  }
  return rows
}

/** Each row to the length one; a row of zeros stays as it is. */
export function toUnit(rows: Float32Array, dimensions: number): void {
  for (let from = 0; from < rows.length; from += dimensions) {
    const row = rows.subarray(from, from + dimensions)
    let squares = 0
    for (const value of row) squares += value * value
    const length = Math.sqrt(squares)
    if (length > 0) for (let i = 0; i < row.length; i++) row[i] = (row[i] ?? 0) / length
  }
}

/** Logits to probabilities, in place. */
export function toProbabilities(rows: Float32Array, count: number, by: 'softmax' | 'sigmoid'): void {
  if (by === 'softmax')
    for (let from = 0; from < rows.length; from += count) softmaxInPlace(rows.subarray(from, from + count), 1)
  else for (let i = 0; i < rows.length; i++) rows[i] = 1 / (1 + Math.exp(-(rows[i] ?? 0)))
}
