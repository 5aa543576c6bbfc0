import { Tokenizer } from '@huggingface/tokenizers'
import type { EncoderData } from './protocol.ts'

/** Longer texts are cut before they are tokenised: 256 tokens are at most some 2,000 characters of running text. */
const charactersPerToken = 24

export class TokenizerMisfit extends Error {}

/** Owns: turning a text into the encoder's token ids, special tokens included, at most `longest` of them. */
export class TextTokenizer {
  readonly #tokenizer: Tokenizer
  readonly #longest: number
  readonly #last: number

  /** Throws `TokenizerMisfit` where the files are no tokenizer, or one of another encoder. */
  constructor(data: Pick<EncoderData, 'tokenizer' | 'tokenizerConfig' | 'pieces' | 'longest'>) {
    this.#longest = data.longest
    try {
      this.#tokenizer = new Tokenizer(parse(data.tokenizer), parse(data.tokenizerConfig))
      this.#last = this.#encode('').at(-1) ?? -1
    } catch {
      throw new TokenizerMisfit('its files are no tokenizer')
    }
    const size = this.#tokenizer.get_vocab().size
    if (size !== data.pieces) throw new TokenizerMisfit(`it has ${size} pieces and the encoder ${data.pieces}`)
    if (this.#encode('').length !== 2) throw new TokenizerMisfit('it puts no first and last token around a text')
  }

  /** Never empty. The library neither pads nor truncates. */
  ids(text: string): number[] {
    const ids = this.#encode(text.slice(0, this.#longest * charactersPerToken))
    return ids.length > this.#longest ? [...ids.slice(0, this.#longest - 1), this.#last] : ids
  }

  #encode(text: string): number[] {
    return this.#tokenizer.encode(text).ids
  }
}

const parse = (bytes: Uint8Array): Record<string, unknown> =>
  JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown> // the library checks what it needs
