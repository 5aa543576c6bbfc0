/** Probabilities of one row of logits, divided by `temperature`, in place of them. */
export function softmaxInPlace(row: Float32Array, temperature = 1): void {
  let most = -Infinity
  for (const z of row) most = Math.max(most, z)
  let sum = 0
  for (let i = 0; i < row.length; i++) sum += row[i] = Math.exp(((row[i] ?? 0) - most) / temperature)
  for (let i = 0; i < row.length; i++) row[i] = (row[i] ?? 0) / sum
}

/** The position of the largest number; the first of equals. */
export function largest(row: Float32Array): number {
  let best = 0
  for (let i = 1; i < row.length; i++) if ((row[i] ?? 0) > (row[best] ?? 0)) best = i
  return best
}

/** No answer is certain; rounding to float32 says so at times. A threshold of 1 accepts nothing. */
const mostConfidence = 1 - 1e-6

export const confidenceOf = (row: Float32Array): number => Math.min(mostConfidence, row[largest(row)] ?? 0)
