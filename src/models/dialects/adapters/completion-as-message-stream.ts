import { openaiUsage } from '../openai-usage.ts'
import type { SseFrame } from '../sse.ts'
import { type JsonObject, objectOf, objectsOf, textOf, tokensOf, wordOf } from '../unknown-json.ts'
import { droppedComment, type StreamAdapter } from './adapter.ts'
import { choiceFields, completionAnswer, completionMessage, lose } from './answer-fields.ts'
import { messageUsage } from './answer-usage.ts'
import { idOf, inputOf, messageHead, messageTier, nameOf, reasonOf, stopDetails } from './completion-as-message.ts'
import type { Crossing } from './crossing.ts'
import { exactObject } from './exact-json.ts'

interface Call {
  id: unknown
  name: string | undefined
  json: string
}

/**
 * Owns: one stream of OpenAI's chat on its way to a client of Anthropic.
 *
 * Invariants:
 * 1. What the client puts together from the events equals `messageOf` the same answer in one piece.
 * 2. Blocks come one after the other, as Anthropic sends them. OpenAI's calls may come in turns: the first goes on as it comes, the others
 *    wait for the end.
 * 3. `message_stop` is sent for `[DONE]` alone.
 */
export class MessageEvents implements StreamAdapter {
  readonly #crossing: Crossing
  #head: JsonObject | undefined
  #usage: unknown
  #finish: unknown
  #isRefused = false
  readonly #calls = new Map<number, Call>()
  /** How many blocks began, and which is open: the text's, or that of a call. */
  #blocks = 0
  #open: 'text' | Call | undefined
  /** A text that comes after calls. */
  #lateText = ''

  constructor(crossing: Crossing) {
    this.#crossing = crossing
  }

  get dropped(): readonly string[] {
    return this.#crossing.dropped
  }

  carry({ data }: SseFrame): string {
    if (data?.trim() === '[DONE]') return this.#end()
    const chunk = exactObject(data ?? '')
    if (chunk === undefined || (chunk['error'] !== undefined && chunk['error'] !== null)) return ''
    lose(chunk, completionAnswer, this.#crossing, '')
    this.#usage = chunk['usage'] ?? this.#usage
    const [choice] = objectsOf(chunk['choices'])
    const start = this.#head || choice === undefined ? '' : this.#start(chunk)
    return choice ? start + this.#choice(choice) : start
  }

  #start(chunk: JsonObject): string {
    this.#head = chunk
    const usage = { ...messageUsage(undefined), ...messageTier(chunk) }
    const message = { ...messageHead(chunk), content: [], stop_reason: null, stop_details: null, usage }
    return event({ type: 'message_start', message })
  }

  #choice(choice: JsonObject): string {
    const delta = objectOf(choice['delta']) ?? {}
    lose(choice, choiceFields, this.#crossing, 'choices.*.')
    lose(delta, completionMessage, this.#crossing, 'choices.*.message.')
    this.#finish = choice['finish_reason'] ?? this.#finish
    this.#isRefused ||= wordOf(delta['refusal']) !== undefined
    return [
      this.#text((textOf(delta['content']) ?? '') + (textOf(delta['refusal']) ?? '')),
      ...objectsOf(delta['tool_calls']).map((call) => this.#call(call)),
    ].join('')
  }

  #text(text: string): string {
    if (text === '') return ''
    if (this.#calls.size > 0) {
      this.#lateText += text
      return ''
    }
    const begin = this.#open === 'text' ? '' : this.#begin('text', { type: 'text', text: '', citations: null })
    return begin + this.#delta({ type: 'text_delta', text })
  }

  #call(delta: JsonObject): string {
    const called = objectOf(delta['function']) ?? {}
    const call = this.#callAt(delta)
    const json = textOf(called['arguments']) ?? ''
    call.name ??= wordOf(called['name'])
    call.json += json
    if (this.#open === call) return this.#json(json)
    const isFirst = this.#calls.size === 1 && (this.#open === undefined || this.#open === 'text')
    return isFirst && call.name !== undefined ? this.#close() + this.#beginCall(call) : ''
  }

  /** By its place; servers that give none send each call whole, or with its id. */
  #callAt(delta: JsonObject): Call {
    const id = wordOf(delta['id'])
    const last = this.#calls.size - 1
    const isNew = id !== undefined && this.#calls.get(last)?.id !== id
    const index = tokensOf(delta['index']) ?? (isNew ? last + 1 : Math.max(0, last))
    const call = this.#calls.get(index) ?? { id: idOf(id, this.#head ?? {}, index), name: undefined, json: '' }
    this.#calls.set(index, call)
    return call
  }

  #end(): string {
    let out = this.#open === undefined || this.#open === 'text' ? this.#close() : ''
    const calls = [...this.#calls].toSorted(([a], [b]) => a - b).map(([, call]) => call)
    for (const call of calls) {
      inputOf(call.json) // the client would read it, and fail
      out += this.#open === call ? this.#close() : this.#beginCall(call) + this.#close()
    }
    if (this.#lateText !== '') {
      out += this.#begin('text', { type: 'text', text: '', citations: null })
      out += this.#delta({ type: 'text_delta', text: this.#lateText }) + this.#close()
    }
    const reason = reasonOf({ finish: this.#finish, hasCalls: calls.length > 0, isRefused: this.#isRefused })
    const delta = { stop_reason: reason, stop_sequence: null, stop_details: stopDetails(reason), container: null }
    const usage = messageUsage(openaiUsage(this.#usage, undefined))
    const last = event({ type: 'message_delta', delta, usage })
    return out + last + droppedComment(this.#crossing) + event({ type: 'message_stop' })
  }

  #beginCall(call: Call): string {
    const block = { type: 'tool_use', id: call.id, name: nameOf(call.name), input: {}, caller: { type: 'direct' } }
    return this.#begin(call, block) + this.#json(call.json)
  }

  #json(partial_json: string): string {
    return partial_json === '' ? '' : this.#delta({ type: 'input_json_delta', partial_json })
  }

  #begin(what: 'text' | Call, content_block: JsonObject): string {
    this.#open = what
    return event({ type: 'content_block_start', index: this.#blocks++, content_block })
  }

  #delta(delta: JsonObject): string {
    return event({ type: 'content_block_delta', index: this.#blocks - 1, delta })
  }

  #close(): string {
    if (this.#open === undefined) return ''
    this.#open = undefined
    return event({ type: 'content_block_stop', index: this.#blocks - 1 })
  }
}

const event = (fields: { readonly type: string; readonly [key: string]: unknown }): string =>
  `event: ${fields.type}\ndata: ${JSON.stringify(fields)}\n\n`
