import type { Usage } from '../cost/usage.ts'
import { content, failed, type Heard, silent, type StreamReader } from './dialect.ts'
import { openaiUsage } from './openai-usage.ts'
import { failureIn, malformed } from './provider-failure.ts'
import type { SseFrame } from './sse.ts'
import { type JsonObject, objectOf, parsed, textOf, wordOf } from './unknown-json.ts'

/** Before the answer itself: the response's frame, and empty places for what will come. */
const preludes: ReadonlySet<string> = new Set([
  'response.created',
  'response.queued',
  'response.in_progress',
  'response.output_item.added',
  'response.content_part.added',
  'keepalive',
])

/**
 * Owns: what was heard of one stream of a response. The events of its end hold the whole response, usage too.
 *
 * Invariant: it is complete after `response.completed` or `response.incomplete` (the cap was reached: an answer as asked for), and after nothing else.
 */
export class OpenaiResponsesStream implements StreamReader {
  #response: JsonObject = {}
  #isComplete = false

  get usage(): Usage | undefined {
    return openaiUsage(this.#response['usage'], this.#response['service_tier'])
  }

  get model(): string | undefined {
    return wordOf(this.#response['model'])
  }

  get isComplete(): boolean {
    return this.#isComplete
  }

  hear({ data, event }: SseFrame): Heard {
    if (data === undefined || data.trim() === '[DONE]') return silent
    const fields = objectOf(parsed(data))
    if (fields === undefined) return failed(malformed('an event of the stream is no JSON object'))
    const type = textOf(fields['type']) ?? event ?? ''
    this.#response = objectOf(fields['response']) ?? this.#response
    if (type === 'error') return failed(failureIn(objectOf(fields['error']) ?? fields))
    if (type === 'response.failed') return failed(failureIn(this.#response['error']))
    if (type === '' && fields['error'] !== undefined) return failed(failureIn(fields['error']))
    if (type === 'response.completed' || type === 'response.incomplete') this.#isComplete = true
    if (type === 'response.output_item.added' && isCall(fields['item'])) return content
    return preludes.has(type) ? silent : content
  }
}

/** A call's name stands in the item itself. */
const isCall = (item: unknown): boolean => textOf(objectOf(item)?.['type'])?.endsWith('_call') === true
