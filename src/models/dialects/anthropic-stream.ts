import type { Usage } from '../cost/usage.ts'
import { anthropicUsage, laterUsage } from './anthropic-usage.ts'
import { content, failed, type Heard, silent, type StreamReader } from './dialect.ts'
import { failureIn, malformed } from './provider-failure.ts'
import type { SseFrame } from './sse.ts'
import { type JsonObject, objectOf, parsed, textOf, wordOf } from './unknown-json.ts'

/**
 * Owns: what was heard of one stream of a message.
 *
 * Invariants:
 * 1. Usage is that of `message_start` with each part replaced by the last `message_delta` that tells it: nothing is added up.
 * 2. It is complete when a stop reason and then `message_stop` came.
 */
export class AnthropicStream implements StreamReader {
  #usage: JsonObject | undefined
  #model: string | undefined
  #hasReason = false
  #isComplete = false

  get usage(): Usage | undefined {
    return anthropicUsage(this.#usage)
  }

  get model(): string | undefined {
    return this.#model
  }

  get isComplete(): boolean {
    return this.#isComplete
  }

  hear({ data, event }: SseFrame): Heard {
    if (data === undefined) return silent
    const fields = objectOf(parsed(data))
    if (fields === undefined) return failed(malformed('an event of the stream is no JSON object'))
    const type = textOf(fields['type']) ?? event ?? ''
    switch (type) {
      case 'error':
        return failed(failureIn(fields['error']))
      case 'ping':
      case 'content_block_stop':
        return silent
      case 'message_start': {
        const message = objectOf(fields['message'])
        this.#model ??= wordOf(message?.['model'])
        this.#usage = laterUsage(this.#usage, message?.['usage'])
        return silent
      }
      case 'message_delta':
        this.#usage = laterUsage(this.#usage, fields['usage'])
        this.#hasReason ||= wordOf(objectOf(fields['delta'])?.['stop_reason']) !== undefined
        return content
      case 'message_stop':
        this.#isComplete = this.#hasReason
        return silent
      case 'content_block_start':
        return isEmptyPlace(objectOf(fields['content_block'])) ? silent : content
      default:
        return content
    }
  }
}

/** A block of text or thinking starts empty; a tool's has its name already. */
const isEmptyPlace = (block: JsonObject | undefined): boolean =>
  (block?.['type'] === 'text' && block['text'] === '') || (block?.['type'] === 'thinking' && block['thinking'] === '')
