import { addSparse } from '../head/head-session.ts'
import { softmaxInPlace } from '../head/softmax.ts'
import type { Sparse } from '../head/word-features.ts'
import type { Chance } from './chance.ts'

const epochs = 12
/** Falls to a tenth. Rates for each weight (AdaGrad, Adam) favour rare words and were two points worse. */
const firstRate = 1.5
/** Share of a text's words that is left out, anew each time: one point better than all of them. */
const dropout = 0.3

/** Multinomial logistic regression on sparse features by stochastic gradient descent, one example at a time. Answers W, row by row. */
export function trainWordRegression(
  examples: readonly { readonly features: Sparse; readonly label: number }[],
  o: { readonly buckets: number; readonly classes: number },
  chance: Chance,
): Float32Array {
  const { buckets, classes } = o
  const weights = new Float32Array(buckets * classes)
  const error = new Float32Array(classes)
  for (let epoch = 0; epoch < epochs; epoch++) {
    const rate = firstRate * (1 - (0.9 * epoch) / epochs)
    for (const i of chance.order(examples.length)) {
      const example = examples[i]
      if (!example) continue
      const { at } = example.features
      const value = example.features.value.map((x) => (chance.next() < dropout ? 0 : x / (1 - dropout)))
      error.fill(0)
      addSparse(error, { at, value }, weights)
      softmaxInPlace(error)
      error[example.label] = (error[example.label] ?? 0) - 1
      for (let label = 0; label < classes; label++) error[label] = -rate * (error[label] ?? 0)
      for (let f = 0; f < at.length; f++) {
        const [offset, x] = [(at[f] ?? 0) * classes, value[f] ?? 0]
        if (x === 0) continue
        for (let label = 0; label < classes; label++)
          weights[offset + label] = (weights[offset + label] ?? 0) + x * (error[label] ?? 0)
      }
    }
  }
  return weights
}
