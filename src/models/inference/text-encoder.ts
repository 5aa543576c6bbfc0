import { GraphMisfit } from './graph-misfit.ts'
import { GraphPort, type Padded } from './graph-port.ts'
import { pool, toProbabilities, toUnit } from './pool.ts'
import type { Batch, EncoderData, OutputUse } from './protocol.ts'
import { type Onnx, openSession } from './runtime.ts'
import { TextTokenizer, TokenizerMisfit } from './tokenizer.ts'

/** Of the encoders that Millrace makes: everything is in the graph. */
const asIs: OutputUse = { kind: 'vector', pooling: 'mean', isUnit: false }

/** Owns: an encoder's or sequence classifier's session, in a worker: from texts to vectors, or to a probability for each label. */
export class TextEncoderSession {
  readonly #port: GraphPort
  readonly #tokenizer: TextTokenizer
  readonly #use: OutputUse
  readonly #padding: number

  private constructor(port: GraphPort, tokenizer: TextTokenizer, { padding = 0, use = asIs }: EncoderData) {
    this.#port = port
    this.#tokenizer = tokenizer
    this.#use = use
    this.#padding = padding
  }

  /** Throws `TokenizerMisfit`, `GraphMisfit`, or what ONNX Runtime throws. */
  static async open(onnx: Onnx, data: EncoderData): Promise<TextEncoderSession> {
    const tokenizer = new TextTokenizer(data)
    const port = new GraphPort(onnx, await openSession(onnx, data.weights), data.use ?? asIs)
    const encoder = new TextEncoderSession(port, tokenizer, data)
    const { length } = await encoder.trial() // the first call allocates, and a model of another shape is found out
    const expected = data.use?.kind === 'labels' ? data.use.count : data.dimensions
    if (expected !== undefined && length !== expected)
      throw new GraphMisfit(`it answers ${length} numbers for a text and not ${expected}`)
    await encoder.#tryLargest()
    return encoder
  }

  /** The row of a short text. */
  async trial(): Promise<Float32Array> {
    return (await this.embed(['warm'])).rows
  }

  /** One row for each text, in order. Texts are padded to the longest: give it texts of similar length. */
  async embed(texts: readonly string[]): Promise<Batch> {
    const tokens = texts.map((text) => this.#tokenizer.tokens(text))
    const rows = await this.#rows(
      padded(
        tokens.map(({ ids }) => ids),
        this.#padding,
      ),
    )
    return { rows, tokens: Uint32Array.from(tokens, ({ count }) => count) }
  }

  /** A matrix with fewer rows than the tokenizer has pieces answers every text but those with rare words. */
  async #tryLargest(): Promise<void> {
    const { largest } = this.#tokenizer
    try {
      await this.#rows(padded([[largest]], this.#padding))
    } catch {
      throw new TokenizerMisfit(
        `it has pieces up to the number ${largest}, and the encoder's matrix has no row for that`,
      )
    }
  }

  async #rows(batch: Padded): Promise<Float32Array> {
    const { data, dims } = await this.#port.run(batch)
    const use = this.#use
    if (!(data instanceof Float32Array) || dims[0] !== batch.height || data.length === 0)
      throw new GraphMisfit(`it answers ${dims.join(' x ')} numbers for ${batch.height} texts`)
    if (this.#port.read.holds === 'tokens' && (dims.length !== 3 || dims[1] !== batch.width))
      throw new GraphMisfit(`it answers ${dims.join(' x ')} numbers for ${batch.height} texts of ${batch.width} tokens`)
    if (use.kind === 'labels') {
      toProbabilities(data, data.length / batch.height, use.by)
      return data
    }
    const rows = this.#port.read.holds === 'rows' ? data : pool({ ...batch, vectors: data }, use.pooling)
    if (use.isUnit) toUnit(rows, rows.length / batch.height)
    return rows
  }
}

function padded(rows: readonly (readonly number[])[], padding: number): Padded {
  const [height, width] = [rows.length, Math.max(...rows.map((row) => row.length))]
  const ids = new Array<number>(height * width).fill(padding)
  const mask = new Array<number>(height * width).fill(0)
  for (const [row, ofText] of rows.entries())
    for (const [column, id] of ofText.entries()) {
      ids[row * width + column] = id
      mask[row * width + column] = 1
    }
  return { height, width, ids, mask }
}
