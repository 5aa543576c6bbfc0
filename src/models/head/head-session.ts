import { floatsOf, type Onnx, openGraph, type Session } from '../inference/runtime.ts'
import type { HeadData } from '../inference/protocol.ts'
import { Graph } from '../onnx/graph.ts'
import { type HeadShape, type HeadWeights, unpackWeights } from './head-weights.ts'
import { softmaxInPlace } from './softmax.ts'
import { type Sparse, weigh, wordFeatures } from './word-features.ts'

export class HeadMisfit extends Error {}

/** Owns: a head's session, in a worker: from vectors and texts to probabilities. */
export class HeadSession {
  readonly #onnx: Onnx
  readonly #session: Session
  readonly #shape: HeadShape
  readonly #weights: HeadWeights
  readonly #temperature: number

  private constructor(onnx: Onnx, session: Session, data: HeadData, weights: HeadWeights) {
    this.#onnx = onnx
    this.#session = session
    this.#shape = data.shape
    this.#weights = weights
    this.#temperature = data.temperature
  }

  /** Throws `HeadMisfit` where the weights are not those of the shape. */
  static async open(onnx: Onnx, data: HeadData): Promise<HeadSession> {
    const weights = unpackWeights(data.weights, data.shape)
    if (!weights) throw new HeadMisfit('the numbers in weights.bin do not fit its manifest')
    return new HeadSession(onnx, await openGraph(onnx, headGraph(data.shape, weights)), data, weights)
  }

  /** One row of probabilities for each text. `vectors` are those of the texts, in order. */
  async probabilities(vectors: Float32Array, texts: readonly string[]): Promise<Float32Array> {
    const rows = await this.logits(vectors, texts)
    const { labels } = this.#shape
    for (let i = 0; i < texts.length; i++)
      softmaxInPlace(rows.subarray(i * labels, (i + 1) * labels), this.#temperature)
    return rows
  }

  async logits(vectors: Float32Array, texts: readonly string[]): Promise<Float32Array> {
    const { dimensions, labels, buckets } = this.#shape
    const tensor = new this.#onnx.Tensor('float32', vectors, [texts.length, dimensions])
    const rows = floatsOf(await this.#session.run({ vectors: tensor }), 'logits')
    for (const [i, text] of texts.entries())
      addSparse(
        rows.subarray(i * labels, (i + 1) * labels),
        weigh(wordFeatures(text, buckets), this.#weights.rarity),
        this.#weights.w3,
      )
    return rows
  }
}

/** Adds `x W` to a row, x sparse. */
export function addSparse(row: Float32Array, { at, value }: Sparse, w: Float32Array): void {
  const width = row.length
  for (let i = 0; i < at.length; i++) {
    const [offset, x] = [(at[i] ?? 0) * width, value[i] ?? 0]
    for (let label = 0; label < width; label++) row[label] = (row[label] ?? 0) + x * (w[offset + label] ?? 0)
  }
}

function headGraph({ dimensions, hidden, labels }: HeadShape, { w1, b1, w2, b2 }: HeadWeights): Graph {
  const graph = new Graph()
  const vectors = graph.input('vectors', ['n', dimensions])
  const first = graph.op('Gemm', [vectors, graph.constant(w1, [dimensions, hidden]), graph.constant(b1, [hidden])])
  const second = [graph.constant(w2, [hidden, labels]), graph.constant(b2, [labels])]
  graph.output('logits', graph.op('Gemm', [graph.op('Relu', [first]), ...second]), ['n', labels])
  return graph
}
