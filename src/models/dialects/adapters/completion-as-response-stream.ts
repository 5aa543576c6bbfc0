import { openaiUsage } from '../openai-usage.ts'
import type { SseFrame } from '../sse.ts'
import { type JsonObject, objectOf, objectsOf, textOf, tokensOf, wordOf } from '../unknown-json.ts'
import { type AnswerFacts, droppedComment, type StreamAdapter } from './adapter.ts'
import { lose, responseAnswer, responseChoice, responseMessage } from './answer-fields.ts'
import {
  callItemId,
  endOf,
  messageId,
  messageItem,
  refusalPart,
  responseHead,
  responseId,
  responseUsage,
  textPart,
} from './completion-as-response.ts'
import { idOf, nameOf } from './completion-as-message.ts'
import type { Crossing } from './crossing.ts'
import { exactObject } from './exact-json.ts'

interface OpenCall {
  readonly output: number
  readonly item: JsonObject
  arguments: string
}

interface OpenPart {
  readonly kind: 'text' | 'refusal'
  said: string
}

/**
 * Owns: one stream of OpenAI's chat on its way to a client of its responses.
 *
 * Invariants:
 * 1. What the client puts together from the events equals `responseOf` the same answer in one piece, but for the order where calls came before text.
 * 2. The last event is sent for `[DONE]` alone.
 * 3. Deltas of parallel calls may come in any order: each belongs to its item by its index.
 */
export class ResponseEvents implements StreamAdapter {
  readonly #crossing: Crossing
  readonly #facts: AnswerFacts
  #head: JsonObject | undefined
  #id = ''
  #sequence = 0
  #outputs = 0
  #message: { readonly output: number; readonly parts: OpenPart[] } | undefined
  readonly #calls = new Map<number, OpenCall>()
  #finish: unknown
  #usage: unknown
  #tier: unknown

  constructor(crossing: Crossing, facts: AnswerFacts) {
    this.#crossing = crossing
    this.#facts = facts
  }

  get dropped(): readonly string[] {
    return this.#crossing.dropped
  }

  carry({ data }: SseFrame): string {
    if (data === undefined) return ''
    if (data.trim() === '[DONE]') return this.#end()
    const chunk = exactObject(data)
    if (chunk === undefined) return ''
    lose(chunk, responseAnswer, this.#crossing, '')
    const begun = this.#begin(chunk)
    this.#usage = chunk['usage'] ?? this.#usage
    this.#tier = chunk['service_tier'] ?? this.#tier
    const choice = objectsOf(chunk['choices']).find(({ index }) => (index ?? 0) === 0)
    if (choice === undefined) return begun
    const delta = objectOf(choice['delta']) ?? {}
    lose(choice, responseChoice, this.#crossing, 'choices.*.')
    lose(delta, responseMessage, this.#crossing, 'choices.*.message.')
    this.#finish = choice['finish_reason'] ?? this.#finish
    const said = this.#say('text', wordOf(delta['content'])) + this.#say('refusal', wordOf(delta['refusal']))
    return (
      begun +
      said +
      objectsOf(delta['tool_calls'])
        .map((call) => this.#call(call, chunk))
        .join('')
    )
  }

  #begin(chunk: JsonObject): string {
    if (this.#head) return ''
    this.#id = responseId(chunk, this.#facts)
    this.#head = responseHead(this.#id, chunk, this.#facts)
    const response = { ...this.#head, status: 'in_progress', incomplete_details: null, output: [], usage: null }
    return this.#event('response.created', { response }) + this.#event('response.in_progress', { response })
  }

  #say(kind: OpenPart['kind'], delta: string | undefined): string {
    if (delta === undefined) return ''
    let out = ''
    if (!this.#message) {
      this.#message = { output: this.#outputs++, parts: [] }
      const item = messageItem(this.#id, 'in_progress', [])
      out += this.#event('response.output_item.added', { output_index: this.#message.output, item })
    }
    const { parts } = this.#message
    let open = parts.find((part) => part.kind === kind)
    if (!open) {
      open = { kind, said: '' }
      parts.push(open)
      out += this.#ofPart('response.content_part.added', open, { part: partOf(open) })
    }
    open.said += delta
    const more = kind === 'text' ? { delta, logprobs: [] } : { delta }
    return out + this.#ofPart(`response.${words[kind]}.delta`, open, more)
  }

  #call(delta: JsonObject, chunk: JsonObject): string {
    // Smaller servers give no place: a new id is a new call.
    const isNew = this.#calls.size === 0 || wordOf(delta['id']) !== undefined
    const index = tokensOf(delta['index']) ?? this.#calls.size - (isNew ? 0 : 1)
    const called = objectOf(delta['function'])
    let out = ''
    let call = this.#calls.get(index)
    if (!call) {
      const item = {
        id: callItemId(this.#id, index),
        type: 'function_call',
        status: 'in_progress',
        call_id: idOf(delta['id'], chunk, index),
        name: nameOf(called?.['name']),
        arguments: '',
      }
      call = { output: this.#outputs++, item, arguments: '' }
      this.#calls.set(index, call)
      out += this.#event('response.output_item.added', { output_index: call.output, item })
    }
    const more = wordOf(called?.['arguments'])
    if (more === undefined) return out
    call.arguments += more
    return out + this.#ofCall('response.function_call_arguments.delta', call, { delta: more })
  }

  #end(): string {
    if (!this.#head) return ''
    const end = endOf(this.#finish)
    const output: JsonObject[] = []
    let out = ''
    if (this.#message) {
      const { parts, output: place } = this.#message
      for (const part of parts) {
        const said = part.kind === 'text' ? { text: part.said, logprobs: [] } : { refusal: part.said }
        out += this.#ofPart(`response.${words[part.kind]}.done`, part, said)
        out += this.#ofPart('response.content_part.done', part, { part: partOf(part) })
      }
      const item = messageItem(this.#id, end['status'], parts.map(partOf))
      out += this.#event('response.output_item.done', { output_index: place, item })
      output[place] = item
    }
    for (const call of this.#calls.values()) {
      const item = { ...call.item, status: end['status'], arguments: call.arguments }
      const done = { arguments: call.arguments, name: call.item['name'] }
      out += this.#ofCall('response.function_call_arguments.done', call, done)
      out += this.#event('response.output_item.done', { output_index: call.output, item })
      output[call.output] = item
    }
    const usage = openaiUsage(this.#usage, undefined)
    const tier = textOf(this.#tier)
    const response = {
      ...this.#head,
      ...(tier !== undefined && { service_tier: tier }),
      ...end,
      output,
      usage: usage ? responseUsage(usage) : null,
    }
    const last = end['status'] === 'completed' ? 'response.completed' : 'response.incomplete'
    return out + droppedComment(this.#crossing) + this.#event(last, { response })
  }

  #ofPart(type: string, part: OpenPart, more: JsonObject): string {
    const { output = 0, parts = [] } = this.#message ?? {}
    const content_index = parts.indexOf(part)
    return this.#event(type, { item_id: messageId(this.#id), output_index: output, content_index, ...more })
  }

  #ofCall(type: string, call: OpenCall, more: JsonObject): string {
    return this.#event(type, { item_id: call.item['id'], output_index: call.output, ...more })
  }

  #event(type: string, fields: JsonObject): string {
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#sequence++, ...fields })}\n\n`
  }
}

const words = { text: 'output_text', refusal: 'refusal' } as const

const partOf = ({ kind, said }: OpenPart): JsonObject => (kind === 'text' ? textPart(said) : refusalPart(said))
