import { anthropicUsage, laterUsage } from '../anthropic-usage.ts'
import { finishOf } from '../finish.ts'
import type { SseFrame } from '../sse.ts'
import { type JsonObject, objectOf, textOf, tokensOf } from '../unknown-json.ts'
import { type AnswerFacts, droppedComment, type StreamAdapter } from './adapter.ts'
import { lose, messageAnswer } from './answer-fields.ts'
import { chatUsage } from './answer-usage.ts'
import type { Crossing } from './crossing.ts'
import { exactObject } from './exact-json.ts'
import { chatTier, loseOfBlock, refusalOf } from './message-as-completion.ts'

/**
 * Owns: one stream of Anthropic on its way to a client of OpenAI's chat.
 *
 * Invariants:
 * 1. What the client puts together from the chunks equals `completionOf` the same answer in one piece.
 * 2. `[DONE]` is sent for `message_stop` alone.
 */
export class ChatChunks implements StreamAdapter {
  readonly #crossing: Crossing
  readonly #facts: AnswerFacts
  #head: JsonObject | undefined
  #usage: JsonObject | undefined
  #hasText = false
  /** Places of the calls in OpenAI's list by Anthropic's block, and whether arguments came. */
  readonly #calls = new Map<number, { readonly index: number; hasArguments: boolean }>()

  constructor(crossing: Crossing, facts: AnswerFacts) {
    this.#crossing = crossing
    this.#facts = facts
  }

  get dropped(): readonly string[] {
    return this.#crossing.dropped
  }

  carry({ data, event }: SseFrame): string {
    const fields = exactObject(data ?? '')
    if (fields === undefined) return ''
    const index = tokensOf(fields['index']) ?? 0
    switch (textOf(fields['type']) ?? event ?? '') {
      case 'message_start':
        return this.#start(objectOf(fields['message']) ?? {})
      case 'content_block_start':
        return this.#begin(index, objectOf(fields['content_block']) ?? {})
      case 'content_block_delta':
        return this.#delta(index, objectOf(fields['delta']) ?? {})
      case 'content_block_stop':
        return this.#stop(index)
      case 'message_delta':
        return this.#finish(objectOf(fields['delta']) ?? {}, fields['usage'])
      case 'message_stop':
        return this.#end()
      default:
        return ''
    }
  }

  #start(message: JsonObject): string {
    if (this.#head) return '' // told twice
    lose(message, messageAnswer, this.#crossing, '')
    this.#usage = laterUsage(undefined, message['usage'])
    const tier = chatTier(this.#usage)
    this.#head = {
      id: message['id'],
      object: 'chat.completion.chunk',
      created: this.#facts.created,
      model: message['model'],
      ...(tier !== undefined && { service_tier: tier }),
    }
    return this.#chunk({ role: 'assistant', content: null, refusal: null })
  }

  #begin(block: number, begun: JsonObject): string {
    loseOfBlock(begun, this.#crossing)
    if (begun['type'] === 'text') return this.#text(begun['text'])
    if (begun['type'] !== 'tool_use' || this.#calls.has(block)) return ''
    const call = { index: this.#calls.size, hasArguments: false }
    this.#calls.set(block, call)
    const named = { name: begun['name'], arguments: '' }
    const start = this.#chunk({
      tool_calls: [{ index: call.index, id: begun['id'], type: 'function', function: named }],
    })
    const input = objectOf(begun['input']) ?? {}
    return Object.keys(input).length === 0 ? start : start + this.#arguments(call, JSON.stringify(input))
  }

  #delta(block: number, delta: JsonObject): string {
    const call = this.#calls.get(block)
    const json = textOf(delta['partial_json'])
    if (delta['type'] === 'text_delta') return this.#text(delta['text'])
    if (delta['type'] === 'citations_delta') this.#crossing.lose('content.*.citations')
    return call && json ? this.#arguments(call, json) : ''
  }

  /** A call without arguments has an empty object, and sends nothing of it. */
  #stop(block: number): string {
    const call = this.#calls.get(block)
    return call && !call.hasArguments ? this.#arguments(call, '{}') : ''
  }

  #finish(delta: JsonObject, usage: unknown): string {
    lose(delta, messageAnswer, this.#crossing, '')
    this.#usage = laterUsage(this.#usage, usage)
    const reason = textOf(delta['stop_reason'])
    if (reason === undefined) return ''
    const refusal = refusalOf(reason, delta['stop_details'])
    const silence = !this.#hasText && this.#calls.size === 0 ? { content: '' } : {}
    return this.#chunk({ ...silence, ...(refusal !== null && { refusal }) }, finishOf(reason))
  }

  #end(): string {
    const usage = anthropicUsage(this.#usage)
    const told =
      this.#facts.asksUsage && usage
        ? `data: ${JSON.stringify({ ...this.#head, choices: [], usage: chatUsage(usage) })}\n\n`
        : ''
    return `${told}${droppedComment(this.#crossing)}data: [DONE]\n\n`
  }

  #text(value: unknown): string {
    const text = textOf(value)
    if (!text) return ''
    this.#hasText = true
    return this.#chunk({ content: text })
  }

  #arguments(call: { readonly index: number; hasArguments: boolean }, json: string): string {
    call.hasArguments = true
    return this.#chunk({ tool_calls: [{ index: call.index, function: { arguments: json } }] })
  }

  #chunk(delta: JsonObject, finish_reason: string | null = null): string {
    const choice = { index: 0, delta, logprobs: null, finish_reason }
    const chunk = { ...this.#head, choices: [choice], ...(this.#facts.asksUsage && { usage: null }) }
    return `data: ${JSON.stringify(chunk)}\n\n`
  }
}
