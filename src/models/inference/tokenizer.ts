import { Tokenizer } from '@huggingface/tokenizers'
import type { EncoderData } from './protocol.ts'

/** Longer texts are cut before they are tokenised: 256 tokens are at most some 2,000 characters of running text. */
const charactersPerToken = 24

export class TokenizerMisfit extends Error {}

export interface Tokens {
  /** At most `longest`, special tokens included; never empty. */
  readonly ids: readonly number[]
  /** Before the cut. Of a text that was cut for its characters a lower bound, and more than `longest` all the same. */
  readonly count: number
}

/** Owns: turning a text into the encoder's token ids. The library neither pads nor truncates. */
export class TextTokenizer {
  readonly #tokenizer: Tokenizer
  readonly #longest: number
  readonly #padding: number
  /** Special tokens that stand after a text. */
  readonly #tail: readonly number[]
  /** The largest id that a text can lead to. */
  readonly largest: number

  /** Throws `TokenizerMisfit` where the files are no tokenizer, or one of another encoder. */
  constructor(
    data: Pick<EncoderData, 'tokenizer' | 'tokenizerConfig' | 'pieces' | 'hasSpare' | 'longest' | 'padding'>,
  ) {
    this.#longest = data.longest
    this.#padding = data.padding ?? 0
    let special: readonly number[]
    try {
      this.#tokenizer = new Tokenizer(parse(data.tokenizer), parse(data.tokenizerConfig))
      special = this.#encode('')
      this.#tail = commonTail(special, this.#encode('a'))
    } catch {
      throw new TokenizerMisfit('its files are no tokenizer')
    }
    const vocabulary = this.#tokenizer.get_vocab()
    const { size } = vocabulary
    let largest = -1
    for (const id of vocabulary.values()) if (id > largest) largest = id
    this.largest = largest
    if (size === 0) throw new TokenizerMisfit('its vocabulary is empty')
    if (data.hasSpare) {
      if (largest >= data.pieces)
        throw new TokenizerMisfit(
          `it has pieces up to the number ${largest} and the encoder ${data.pieces} rows for them`,
        )
    } else if (size !== data.pieces) throw new TokenizerMisfit(`it has ${size} pieces and the encoder ${data.pieces}`)
    if (special.length >= data.longest)
      throw new TokenizerMisfit(`it puts ${special.length} tokens around a text, and the encoder takes ${data.longest}`)
  }

  tokens(text: string): Tokens {
    const cut = text.slice(0, this.#longest * charactersPerToken)
    const ids = this.#encode(cut)
    if (ids.length === 0) return { ids: [this.#padding], count: 0 }
    const count = cut.length < text.length ? Math.max(ids.length, this.#longest + 1) : ids.length
    if (ids.length <= this.#longest) return { ids, count }
    return { ids: [...ids.slice(0, this.#longest - this.#tail.length), ...this.#tail], count }
  }

  #encode(text: string): number[] {
    return this.#tokenizer.encode(text).ids
  }
}

/** What stands at the end of both; of two that are alike all but the first: something stands before a text, too. */
function commonTail(empty: readonly number[], filled: readonly number[]): number[] {
  let head = 0
  while (head < empty.length && empty[head] === filled[head]) head++
  let length = 0
  while (length < empty.length - head && empty.at(-1 - length) === filled.at(-1 - length)) length++
  return empty.slice(empty.length - length)
}

const parse = (bytes: Uint8Array): Record<string, unknown> =>
  JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown> // the library checks what it needs
