import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { noUsage, type Usage } from '../cost/usage.ts'
import { answerTo, type ScriptedAnswer } from './scripted-answers.ts'

/** Where in its answer a scripted upstream does what it does. `events` counts the stream's frames; of JSON, halves. */
type Where = { readonly after: 'request' | 'headers' } | { readonly after: 'events'; readonly events: number }

export type Behaviour =
  | {
      readonly does: 'answer'
      readonly text?: string
      readonly usage?: Partial<Usage>
      /** Waits for `call.release()` before its headers (`headers`) or before each frame (`events`). */
      readonly held?: 'headers' | 'events'
      /** An event stream of this many bytes of filler in front of the answer, in frames of 16 kB: to see back-pressure. */
      readonly filler?: number
    }
  /** These words of a provider, as they are: tools, thinking, whatever else has no text. Each dialect's own frames are the caller's to write. */
  | { readonly does: 'say'; readonly json: unknown; readonly events?: readonly string[] }
  /** One byte at a time, each its own write. */
  | { readonly does: 'drip'; readonly text?: string }
  | ({ readonly does: 'hang' } & Where)
  | ({ readonly does: 'close' } & Where)
  /** Bytes that are no HTTP. */
  | { readonly does: 'garbage' }
  | { readonly does: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** 200, and an error as the JSON, or as the event after the first frames. */
  | { readonly does: 'error-inside' }
  | { readonly does: 'wrong-content-type' }
  /** Whole as HTTP, cut as JSON; of a stream, without its last frames. */
  | { readonly does: 'truncate' }
  /** The frame with the first word comes twice. */
  | { readonly does: 'duplicate' }

export interface ScriptedCall {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly behaviour: Behaviour['does']
  /** What this call used, as a provider would bill it; undefined if no token was generated. */
  readonly usage: Usage | undefined
  /** `whole`: everything was written; `cut`: the script broke it off; `left`: the client did. */
  readonly state: 'open' | 'whole' | 'cut' | 'left'
  /** Bytes of the answer's body that the socket took. */
  readonly written: number
  /** Lets a held answer go on by one step. */
  release(): void
}

/** A call while it is played. */
export type OpenCall = { -readonly [K in keyof ScriptedCall]: ScriptedCall[K] } & {
  permits: number
  wake: (() => void) | undefined
}

/** Owns: one call's answer of the scripted upstream, written as its behaviour says. */
export class Play {
  readonly #call: OpenCall
  readonly #response: ServerResponse
  readonly #behaviour: Behaviour
  readonly #changed: () => void

  constructor(call: OpenCall, response: ServerResponse, behaviour: Behaviour, changed: () => void) {
    this.#call = call
    this.#response = response
    this.#behaviour = behaviour
    this.#changed = changed
  }

  async play(): Promise<void> {
    const does = this.#behaviour
    if ((does.does === 'hang' || does.does === 'close') && does.after === 'request') return this.#stop(does.does)
    if (does.does === 'garbage') {
      this.#response.socket?.write('\u0000\u0001 this is no HTTP \r\n\r\n')
      return this.#stop('close')
    }
    if (does.does === 'status') return this.#refuse(does.status, does.headers ?? {})
    const { answer, isStream } = this.#answer()
    if (does.does === 'answer' && does.held === 'headers') await this.#permit()
    const type = does.does === 'wrong-content-type' ? 'text/html' : isStream ? 'text/event-stream' : 'application/json'
    this.#response.writeHead(200, {
      'content-type': `${type}; charset=utf-8`,
      server: 'scripted',
      'x-request-id': 'req_scripted',
    })
    this.#response.flushHeaders()
    if ((does.does === 'hang' || does.does === 'close') && does.after === 'headers') return this.#stop(does.does)
    await this.#write(isStream ? this.#frames(answer) : this.#halves(answer))
  }

  #frames({ events, errorEvent }: ScriptedAnswer): readonly string[] {
    const does = this.#behaviour
    if (does.does === 'error-inside') return [...events.slice(0, 1), errorEvent]
    if (does.does === 'truncate') return events.slice(0, Math.ceil(events.length / 2))
    if (does.does === 'duplicate') {
      const word = events.findIndex((event) => /"content":"[^"]|text_delta|output_text\.delta/.test(event))
      return [...events.slice(0, word + 1), ...events.slice(word)]
    }
    if (does.does !== 'answer' || does.filler === undefined) return events
    const frame = `: ${'.'.repeat(16 * 1024 - 4)}\n\n`
    return [...Array.from({ length: Math.ceil(does.filler / frame.length) }, () => frame), ...events]
  }

  #halves({ json, error }: ScriptedAnswer): readonly string[] {
    const text = JSON.stringify(this.#behaviour.does === 'error-inside' ? error : json)
    const middle = Math.floor(text.length / 2)
    if (this.#behaviour.does === 'truncate') return [text.slice(0, middle)]
    return [text.slice(0, middle), text.slice(middle)]
  }

  async #write(frames: readonly string[]): Promise<void> {
    const does = this.#behaviour
    const pieces = does.does === 'drip' ? frames.flatMap((frame) => [...Buffer.from(frame)]) : frames
    for (const [n, piece] of pieces.entries()) {
      if ((does.does === 'hang' || does.does === 'close') && does.after === 'events' && n === does.events)
        return this.#stop(does.does)
      if (does.does === 'answer' && does.held === 'events') await this.#permit()
      if (this.#call.state !== 'open') return
      const bytes = typeof piece === 'number' ? Buffer.of(piece) : Buffer.from(piece)
      const isTaken = this.#response.write(bytes)
      this.#call.written += bytes.length
      if (does.does === 'drip') await turn()
      if (!isTaken)
        await new Promise<void>((resolve) => {
          this.#call.wake = resolve
          this.#response.once('drain', resolve)
        })
    }
    if (this.#call.state !== 'open') return
    await new Promise<void>((resolve) => this.#response.end(resolve))
    this.#call.state = 'whole'
    this.#changed()
  }

  #refuse(status: number, headers: Readonly<Record<string, string>>): void {
    const text = JSON.stringify({ type: 'error', error: { type: 'scripted_error', message: `A scripted ${status}.` } })
    this.#response.writeHead(status, { 'content-type': 'application/json', server: 'scripted', ...headers })
    this.#call.state = 'whole'
    this.#response.end(text)
    this.#changed()
  }

  #stop(how: 'hang' | 'close'): void {
    if (how === 'hang') return
    this.#call.state = 'cut'
    // What was written goes out first; then the connection ends without the answer's end.
    this.#response.socket?.end()
    this.#changed()
  }

  /** Waits for a `release`, or until the client leaves. */
  async #permit(): Promise<void> {
    while (this.#call.permits === 0 && this.#call.state === 'open')
      await new Promise<void>((resolve) => (this.#call.wake = resolve))
    this.#call.permits--
  }

  #answer(): { readonly answer: ScriptedAnswer; readonly isStream: boolean } {
    const asked = requestOf(this.#call.body)
    const does = this.#behaviour
    const text = ('text' in does ? does.text : undefined) ?? 'This text is scripted, no model wrote it.'
    const words = text.match(/\S+\s*/g) ?? []
    const usage: Usage = {
      ...noUsage,
      input: Math.ceil(this.#call.body.length / 4),
      output: this.#call.path.endsWith('/embeddings') ? 0 : words.length,
      ...(does.does === 'answer' && does.usage),
    }
    this.#call.usage = usage
    const { isStream, ...rest } = asked
    const path = this.#call.path.split('?')[0] ?? ''
    const answer = answerTo({ ...rest, path }, { words, usage })
    if (does.does !== 'say') return { answer, isStream }
    return { answer: { ...answer, json: does.json, events: does.events ?? [] }, isStream }
  }
}

function requestOf(body: string): {
  model: string
  isStream: boolean
  input: unknown
  includeUsage: boolean
  encoding: string | undefined
} {
  const empty = { model: 'scripted', isStream: false, input: undefined, includeUsage: false, encoding: undefined }
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return empty
  }
  if (typeof json !== 'object' || json === null) return empty
  const request = json as Readonly<Record<string, unknown>> // an object, by the check before
  const options = request['stream_options'] as { include_usage?: unknown } | null | undefined // only ever compared
  return {
    model: typeof request['model'] === 'string' ? request['model'] : 'scripted',
    isStream: request['stream'] === true,
    input: request['input'],
    includeUsage: options?.include_usage === true,
    encoding: typeof request['encoding_format'] === 'string' ? request['encoding_format'] : undefined,
  }
}
