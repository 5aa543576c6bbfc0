import { softmaxInPlace } from '../head/softmax.ts'

/** Logits of one text under both halves of a head. */
export interface HalfLogits {
  readonly network: Float32Array
  readonly words: Float32Array
  readonly label: number
}

export interface Calibration {
  /** Share of the word features' logits. */
  readonly blend: number
  readonly temperature: number
}

const blends = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1]
const temperatures = Array.from({ length: 60 }, (_, i) => 0.1 * 1.06 ** i)

/**
 * The blend and the temperature under which validation texts have the highest likelihood: the first decides between the two halves, the second
 * makes confidences mean what they say. On a grid: two numbers from a thousand texts need no more.
 */
export function calibrate(texts: readonly HalfLogits[]): Calibration {
  let best = { blend: 0, temperature: 1, loss: Infinity }
  for (const blend of blends) {
    const rows = texts.map((text) => blended(text, blend))
    for (const temperature of temperatures) {
      let loss = 0
      for (const [i, row] of rows.entries()) loss -= logLikelihood(row, temperature, texts[i]?.label ?? 0)
      if (loss < best.loss) best = { blend, temperature, loss }
    }
  }
  return { blend: best.blend, temperature: best.temperature }
}

const blended = ({ network, words }: HalfLogits, blend: number): Float32Array =>
  network.map((z, i) => z + blend * (words[i] ?? 0))

function logLikelihood(row: Float32Array, temperature: number, label: number): number {
  let most = -Infinity
  for (const z of row) most = Math.max(most, z)
  let sum = 0
  for (const z of row) sum += Math.exp((z - most) / temperature)
  return ((row[label] ?? 0) - most) / temperature - Math.log(sum)
}

/** Probabilities of a text under a calibration. */
export function probabilitiesOf(text: HalfLogits, { blend, temperature }: Calibration): Float32Array {
  const row = blended(text, blend)
  softmaxInPlace(row, temperature)
  return row
}
