import { finishOf } from './finish.ts'
import type { SseFrame } from './sse.ts'
import { type JsonObject, objectOf, objectsOf, parsed, textOf, tokensOf, wordOf } from './unknown-json.ts'

/** What an answer says, whatever its dialect: for a schema's check, a cache, a step of a pipeline. Of several answers, the first. */
export interface Said {
  readonly text: string
  readonly refusal: string
  readonly calls: readonly SaidCall[]
  /** OpenAI's words: `stop`, `length`, `tool_calls`, `content_filter`; empty while it goes on. */
  readonly finish: string
  /** How sure the model was of its words, 0 to 1: the geometric mean of their probabilities. Absent where it does not tell them. */
  readonly confidence?: number
}

export interface SaidCall {
  readonly id: string
  readonly name: string
  /** JSON, as it came. */
  readonly arguments: string
}

/** Puts an answer together from its stream, where somebody needs all of it. At the end `said` equals that of the answer in one piece. */
export interface Listener {
  listen(frame: SseFrame): void
  readonly said: Said
}

const callOf = (id: unknown, name: unknown, json: unknown): SaidCall => ({
  id: textOf(id) ?? '',
  name: textOf(name) ?? '',
  arguments: textOf(json) ?? '',
})

/** Adds up the probabilities of tokens, as OpenAI tells them (`logprobs: true`). */
class Confidence {
  #sum = 0
  #tokens = 0

  add(tokens: unknown): this {
    for (const token of objectsOf(tokens)) {
      const logarithm = token['logprob']
      if (typeof logarithm !== 'number' || Number.isNaN(logarithm)) continue
      this.#sum += Math.min(0, logarithm)
      this.#tokens++
    }
    return this
  }

  get told(): { readonly confidence: number } | undefined {
    return this.#tokens === 0 ? undefined : { confidence: Math.exp(this.#sum / this.#tokens) }
  }
}

export function saidInCompletion(answer: unknown): Said {
  const [choice] = objectsOf(objectOf(answer)?.['choices'])
  const message = objectOf(choice?.['message'])
  return {
    ...new Confidence().add(objectOf(choice?.['logprobs'])?.['content']).told,
    text: textOf(message?.['content']) ?? '',
    refusal: textOf(message?.['refusal']) ?? '',
    calls: objectsOf(message?.['tool_calls']).map((call) => {
      const called = objectOf(call['function'])
      return callOf(call['id'], called?.['name'], called?.['arguments'])
    }),
    finish: textOf(choice?.['finish_reason']) ?? '',
  }
}

export function saidInMessage(answer: unknown): Said {
  const blocks = objectsOf(objectOf(answer)?.['content'])
  const reason = textOf(objectOf(answer)?.['stop_reason'])
  return {
    text: blocks
      .filter(({ type }) => type === 'text')
      .map((block) => textOf(block['text']) ?? '')
      .join(''),
    refusal: textOf(objectOf(objectOf(answer)?.['stop_details'])?.['explanation']) ?? '',
    calls: blocks
      .filter(({ type }) => type === 'tool_use')
      .map((block) => callOf(block['id'], block['name'], JSON.stringify(block['input'] ?? {}))),
    finish: reason === undefined ? '' : finishOf(reason),
  }
}

const responseFinishes: Readonly<Record<string, string>> = {
  max_output_tokens: 'length',
  content_filter: 'content_filter',
}

export function saidInResponse(answer: unknown): Said {
  const items = objectsOf(objectOf(answer)?.['output'])
  const parts = items.flatMap((item) => objectsOf(item['content']))
  const calls = items
    .filter(({ type }) => type === 'function_call')
    .map((item) => callOf(item['call_id'], item['name'], item['arguments']))
  const of = (type: string, field: string): string =>
    parts
      .filter((part) => part['type'] === type)
      .map((part) => textOf(part[field]) ?? '')
      .join('')
  const cut = responseFinishes[textOf(objectOf(objectOf(answer)?.['incomplete_details'])?.['reason']) ?? '']
  const isOver = objectOf(answer)?.['status'] === 'completed'
  const whole = calls.length > 0 ? 'tool_calls' : 'stop'
  const confidence = new Confidence()
  for (const part of parts) confidence.add(part['logprobs'])
  return {
    ...confidence.told,
    text: of('output_text', 'text'),
    refusal: of('refusal', 'refusal'),
    calls,
    finish: cut ?? (isOver ? whole : ''),
  }
}

/** Chunks of a chat completion. */
export class CompletionListener implements Listener {
  #text = ''
  #refusal = ''
  #finish = ''
  readonly #confidence = new Confidence()
  readonly #calls = new Map<number, { id: string; name: string; arguments: string }>()

  get said(): Said {
    const calls = [...this.#calls].toSorted(([a], [b]) => a - b).map(([, call]) => call)
    return { ...this.#confidence.told, text: this.#text, refusal: this.#refusal, calls, finish: this.#finish }
  }

  listen({ data }: SseFrame): void {
    const choice = objectsOf(objectOf(parsed(data ?? ''))?.['choices']).find(({ index }) => (index ?? 0) === 0)
    const delta = objectOf(choice?.['delta'])
    this.#text += textOf(delta?.['content']) ?? ''
    this.#confidence.add(objectOf(choice?.['logprobs'])?.['content'])
    this.#refusal += textOf(delta?.['refusal']) ?? ''
    this.#finish = textOf(choice?.['finish_reason']) ?? this.#finish
    for (const call of objectsOf(delta?.['tool_calls'])) this.#call(call)
  }

  #call(delta: JsonObject): void {
    const index = tokensOf(delta['index']) ?? this.#calls.size
    const call = this.#calls.get(index) ?? { id: '', name: '', arguments: '' }
    const called = objectOf(delta['function'])
    call.id ||= textOf(delta['id']) ?? ''
    call.name ||= textOf(called?.['name']) ?? ''
    call.arguments += textOf(called?.['arguments']) ?? ''
    this.#calls.set(index, call)
  }
}

/** Events of a message. */
export class MessageListener implements Listener {
  #finish = ''
  #refusal = ''
  readonly #blocks = new Map<number, { readonly block: JsonObject; said: string }>()

  get said(): Said {
    const blocks = [...this.#blocks.values()]
    return {
      text: blocks
        .filter(({ block }) => block['type'] === 'text')
        .map(({ said }) => said)
        .join(''),
      refusal: this.#refusal,
      calls: blocks
        .filter(({ block }) => block['type'] === 'tool_use')
        .map(({ block, said }) => callOf(block['id'], block['name'], said || JSON.stringify(block['input'] ?? {}))),
      finish: this.#finish,
    }
  }

  listen({ data }: SseFrame): void {
    const event = objectOf(parsed(data ?? '')) ?? {}
    const delta = objectOf(event['delta'])
    const index = tokensOf(event['index']) ?? 0
    const begun = objectOf(event['content_block'])
    if (begun && !this.#blocks.has(index)) this.#blocks.set(index, { block: begun, said: textOf(begun['text']) ?? '' })
    const open = this.#blocks.get(index)
    if (open) open.said += textOf(delta?.['text']) ?? textOf(delta?.['partial_json']) ?? ''
    if (wordOf(delta?.['stop_reason']) === undefined) return
    this.#finish = finishOf(delta?.['stop_reason'])
    this.#refusal = textOf(objectOf(delta?.['stop_details'])?.['explanation']) ?? ''
  }
}

/** Events of a response: the last one holds it all. */
export class ResponseListener implements Listener {
  #response: unknown

  get said(): Said {
    return saidInResponse(this.#response)
  }

  listen({ data }: SseFrame): void {
    this.#response = objectOf(parsed(data ?? ''))?.['response'] ?? this.#response
  }
}
