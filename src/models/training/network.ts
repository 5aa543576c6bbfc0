import { floatsOf, type Onnx, openGraph } from '../inference/runtime.ts'
import { Graph } from '../onnx/graph.ts'
import { Adam } from './adam.ts'
import type { Chance } from './chance.ts'

/** What learns: rows of vectors, one after the other, and a label's number for each. */
export interface Examples {
  readonly vectors: Float32Array
  readonly labels: readonly number[]
}

export interface NetworkSettings {
  readonly dimensions: number
  readonly hidden: number
  readonly classes: number
  readonly epochs: number
  /** Standard deviation of noise on each number of a vector, whose own is 1: a vector that differs in detail has the same label. */
  readonly noise: number
}

const batchSize = 128
const peakRate = 2e-3
/** Share of hidden units that are silent in a step. */
const dropout = 0.5
/** Share of a label's certainty that is spread over all labels (Szegedy et al., 2016): without it confidences end near one. */
const smoothing = 0.1
/** Noise and masks are slices of tables, at a random offset: drawing each anew took as long as the matrices. */
const tableSize = 1 << 20

/**
 * Trains one hidden layer on vectors with Adam, cosine rate, dropout, noise and label smoothing, and answers weights for vectors of unit length.
 * Gradients are an ONNX graph, whose matrices are what takes the time. The same examples, settings and chance give the same weights.
 */
export async function trainNetwork(
  onnx: Onnx,
  examples: Examples,
  settings: NetworkSettings,
  chance: Chance,
  progress: (share: number) => void,
): Promise<{ w1: Float32Array; b1: Float32Array; w2: Float32Array; b2: Float32Array }> {
  const { dimensions, hidden, classes, epochs, noise } = settings
  const count = examples.labels.length
  const size = Math.min(batchSize, count)
  const session = await openGraph(onnx, gradientGraph(settings, size))
  // Vectors of unit length have numbers near 0.05; training sees them at a standard deviation near 1.
  const scale = Math.sqrt(dimensions)
  const w1 = chance.normal(dimensions * hidden, Math.sqrt(2 / dimensions))
  const b1 = new Float32Array(hidden)
  const w2 = chance.normal(hidden * classes, Math.sqrt(1 / hidden))
  const b2 = new Float32Array(classes)
  const optimisers = { w1: new Adam(w1), b1: new Adam(b1), w2: new Adam(w2), b2: new Adam(b2) }
  const noises = chance.normal(tableSize, noise)
  const masks = Float32Array.from({ length: tableSize }, () => (chance.next() < dropout ? 0 : 1 / (1 - dropout)))

  const inputs = new Float32Array(size * dimensions)
  const targets = new Float32Array(size * classes)
  const tensor = (values: Float32Array, ...shape: number[]): InstanceType<Onnx['Tensor']> =>
    new onnx.Tensor('float32', values, shape)
  const steps = epochs * Math.ceil(count / size)
  let order: Uint32Array = new Uint32Array(0)
  for (let step = 0, next = count; step < steps; step++) {
    const noiseAt = chance.below(tableSize - inputs.length)
    targets.fill(smoothing / classes)
    for (let row = 0; row < size; row++) {
      if (next >= count) {
        order = chance.order(count)
        next = 0
      }
      const example = order[next++] ?? 0
      const label = row * classes + (examples.labels[example] ?? 0)
      targets[label] = (targets[label] ?? 0) + 1 - smoothing
      for (let i = 0, at = example * dimensions, to = row * dimensions; i < dimensions; i++, at++, to++)
        inputs[to] = (examples.vectors[at] ?? 0) * scale + (noises[noiseAt + to] ?? 0)
    }
    const maskAt = chance.below(tableSize - size * hidden)
    const gradients = await session.run({
      x: tensor(inputs, size, dimensions),
      target: tensor(targets, size, classes),
      mask: tensor(masks.subarray(maskAt, maskAt + size * hidden), size, hidden),
      w1: tensor(w1, dimensions, hidden),
      b1: tensor(b1, hidden),
      w2: tensor(w2, hidden, classes),
      b2: tensor(b2, classes),
    })
    const rate = peakRate * 0.5 * (1 + Math.cos((Math.PI * step) / steps))
    for (const name of ['w1', 'b1', 'w2', 'b2'] as const) optimisers[name].step(floatsOf(gradients, `g${name}`), rate)
    progress((step + 1) / steps)
  }
  await session.release()
  return { w1: w1.map((w) => w * scale), b1, w2, b2 }
}

/** Gradients of the mean cross-entropy of `relu(x w1 + b1) * mask * w2 + b2` by its weights. */
function gradientGraph({ dimensions, hidden, classes }: NetworkSettings, size: number): Graph {
  const graph = new Graph()
  const x = graph.input('x', [size, dimensions])
  const target = graph.input('target', [size, classes])
  const mask = graph.input('mask', [size, hidden])
  const [w1, b1] = [graph.input('w1', [dimensions, hidden]), graph.input('b1', [hidden])]
  const [w2, b2] = [graph.input('w2', [hidden, classes]), graph.input('b2', [classes])]
  const active = graph.op('Relu', [graph.op('Gemm', [x, w1, b1])])
  const kept = graph.op('Mul', [active, mask])
  const probabilities = graph.op('Softmax', [graph.op('Gemm', [kept, w2, b2])])
  const error = graph.op('Div', [graph.op('Sub', [probabilities, target]), graph.constant(Float32Array.of(size), [1])])
  const rows = graph.integers([0])
  const sum = (value: string): string => graph.op('ReduceSum', [value, rows], { keepdims: 0 })
  const back = graph.op('Mul', [graph.op('Gemm', [error, w2], { transB: 1 }), mask])
  const hiddenError = graph.op('Mul', [back, graph.op('Sign', [active])]) // relu's slope: 1 where it is positive
  graph.output('gw2', graph.op('Gemm', [kept, error], { transA: 1 }), [hidden, classes])
  graph.output('gb2', sum(error), [classes])
  graph.output('gw1', graph.op('Gemm', [x, hiddenError], { transA: 1 }), [dimensions, hidden])
  graph.output('gb1', sum(hiddenError), [hidden])
  return graph
}
