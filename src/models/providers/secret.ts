import { inspect } from 'node:util'

/**
 * A provider's key. It prints as where it came from, whatever prints it: a template, JSON, a logger, an error's details, a debugger's `inspect`.
 * `reveal` is the one way to its text, and is called where headers are made.
 */
export class Secret {
  readonly #text: string
  /** Where it stands, such as `env:OPENAI_API_KEY` or, of several, `file:keys.txt#2`. */
  readonly name: string

  constructor(text: string, name: string) {
    this.#text = text
    this.name = name
  }

  reveal(): string {
    return this.#text
  }

  toString(): string {
    return `[key ${this.name}]`
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return this.toString()
  }
}

/** How a provider wants its key: OpenAI and those like it, or Anthropic. */
export type Scheme = 'bearer' | 'x-api-key'

export const credential = (scheme: Scheme, key: Secret): Readonly<Record<string, string>> =>
  scheme === 'bearer' ? { authorization: `Bearer ${key.reveal()}` } : { 'x-api-key': key.reveal() }
