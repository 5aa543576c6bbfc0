import type { Usage } from '../cost/usage.ts'
import { content, failed, type Heard, hidden, silent, type StreamReader } from './dialect.ts'
import { openaiUsage } from './openai-usage.ts'
import { failureIn, malformed } from './provider-failure.ts'
import type { SseFrame } from './sse.ts'
import { type JsonObject, objectOf, objectsOf, parsed, tokensOf, wordOf } from './unknown-json.ts'

/**
 * Owns: what was heard of one stream of chat completion chunks.
 *
 * Invariants:
 * 1. Usage is the last that was told, never a sum: some servers tell it with every chunk, and a chunk may come twice.
 * 2. A stream is complete when `[DONE]` came and every answer that began has said why it ended.
 * 3. Only the chunk that has nothing but usage is hidden, and only where the client did not ask for it.
 */
export class OpenaiChatStream implements StreamReader {
  readonly #hidesUsage: boolean
  #usage: unknown
  #tier: unknown
  #model: string | undefined
  #isDone = false
  readonly #isEnded = new Map<number, boolean>()

  constructor({ hidesUsage }: { readonly hidesUsage: boolean }) {
    this.#hidesUsage = hidesUsage
  }

  get usage(): Usage | undefined {
    return openaiUsage(this.#usage, this.#tier)
  }

  get model(): string | undefined {
    return this.#model
  }

  get isComplete(): boolean {
    return this.#isDone && this.#isEnded.size > 0 && [...this.#isEnded.values()].every(Boolean)
  }

  hear({ data, event }: SseFrame): Heard {
    if (data === undefined) return silent
    if (this.#isDone) return hidden // nothing is read after the end
    if (data.trim() === '[DONE]') {
      this.#isDone = true
      return silent
    }
    const chunk = objectOf(parsed(data))
    if (chunk === undefined) return failed(malformed('an event of the stream is no JSON object'))
    if (event === 'error' || (chunk['error'] !== undefined && chunk['error'] !== null))
      return failed(failureIn(chunk['error'] ?? chunk))
    return this.#chunk(chunk)
  }

  #chunk(chunk: JsonObject): Heard {
    this.#model ??= wordOf(chunk['model'])
    this.#tier = chunk['service_tier'] ?? this.#tier
    const usage = chunk['usage'] ?? undefined
    if (usage !== undefined) this.#usage = usage
    const choices = objectsOf(chunk['choices'])
    if (choices.length === 0) return usage !== undefined && this.#hidesUsage ? hidden : silent
    let isContent = false
    for (const choice of choices) {
      const index = tokensOf(choice['index']) ?? 0
      const isEnded = wordOf(choice['finish_reason']) !== undefined
      this.#isEnded.set(index, isEnded || this.#isEnded.get(index) === true)
      isContent ||= isEnded || saysSomething(objectOf(choice['delta']))
    }
    return isContent ? content : silent
  }
}

/** A first delta often has the role and an empty text: a sign of life, as a keep-alive is. */
const saysSomething = (delta: JsonObject | undefined): boolean =>
  Object.entries(delta ?? {}).some(
    ([key, value]) => key !== 'role' && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0),
  )
