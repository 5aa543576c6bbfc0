import { floatsOf, type Onnx, openSession, type Session } from './runtime.ts'
import type { EncoderData } from './protocol.ts'
import { TextTokenizer } from './tokenizer.ts'

/** Owns: an encoder's session, in a worker. Vectors are as the model gives them: pooled, mapped and of unit length. */
export class TextEncoderSession {
  readonly #onnx: Onnx
  readonly #session: Session
  readonly #tokenizer: TextTokenizer
  readonly #dimensions: number

  private constructor(onnx: Onnx, session: Session, tokenizer: TextTokenizer, dimensions: number) {
    this.#onnx = onnx
    this.#session = session
    this.#tokenizer = tokenizer
    this.#dimensions = dimensions
  }

  /** Throws `TokenizerMisfit`, or what ONNX Runtime throws. */
  static async open(onnx: Onnx, data: EncoderData): Promise<TextEncoderSession> {
    const tokenizer = new TextTokenizer(data)
    const encoder = new TextEncoderSession(onnx, await openSession(onnx, data.weights), tokenizer, data.dimensions)
    const { length } = await encoder.embed(['warm']) // the first call allocates, and a model of another shape is found out
    if (length !== data.dimensions) throw new TypeError(`it answers ${length} numbers and not ${data.dimensions}`)
    return encoder
  }

  /** One row for each text, in order. Texts are padded to the longest: give it texts of similar length. */
  async embed(texts: readonly string[]): Promise<Float32Array> {
    const tokens = texts.map((text) => this.#tokenizer.ids(text))
    const width = Math.max(...tokens.map((ids) => ids.length))
    const ids = new BigInt64Array(tokens.length * width)
    const mask = new BigInt64Array(tokens.length * width)
    for (const [row, ofText] of tokens.entries())
      for (const [column, id] of ofText.entries()) {
        ids[row * width + column] = BigInt(id)
        mask[row * width + column] = 1n
      }
    const shape = [tokens.length, width]
    const outputs = await this.#session.run({
      input_ids: new this.#onnx.Tensor('int64', ids, shape),
      attention_mask: new this.#onnx.Tensor('int64', mask, shape),
    })
    return floatsOf(outputs, 'sentence_embedding')
  }

  get dimensions(): number {
    return this.#dimensions
  }
}
