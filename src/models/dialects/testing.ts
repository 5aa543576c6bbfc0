import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import type { Dialect, Heard, StreamReader } from './dialect.ts'
import { type SseFrame, SseReader } from './sse.ts'

/** For tests: streams as text, and the official clients reading what the gateway would send them. */

/** The events as OpenAI's chat sends them: data alone, and `[DONE]` at the end. */
export const dataEvents = (...events: readonly unknown[]): string =>
  [...events.map((event) => JSON.stringify(event)), '[DONE]'].map((data) => `data: ${data}\n\n`).join('')

/** The events as Anthropic and OpenAI's responses send them: named after their type. */
export const namedEvents = (...events: readonly { readonly type: string }[]): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')

export function framesOf(text: string): SseFrame[] {
  const reader = new SseReader()
  const frames = [...reader.feed(Buffer.from(text))]
  const last = reader.end()
  return last ? [...frames, last] : frames
}

/** What the reader makes of a stream, and the bytes that the client gets. */
export function listen(
  dialect: Dialect,
  text: string,
  options = { hidesUsage: false },
): { readonly reader: StreamReader; readonly heard: readonly Heard[]; readonly passed: string } {
  const reader = dialect.stream(options)
  const frames = framesOf(text)
  const heard = frames.map((frame) => reader.hear(frame))
  const passed = frames.filter((_, i) => heard[i]?.isHidden === false).map(({ raw }) => raw.toString())
  return { reader, heard, passed: passed.join('') }
}

/** An answer of the gateway, by its body: a text that starts as JSON does is one, any other a stream. */
const answering = (body: string, status: number) => (): Promise<Response> =>
  Promise.resolve(
    new Response(body, {
      status,
      headers: { 'content-type': body.startsWith('{') ? 'application/json' : 'text/event-stream' },
    }),
  )

export const openaiClient = (body: string, status = 200): OpenAI =>
  new OpenAI({ apiKey: 'test', baseURL: 'http://gateway.test/v1', maxRetries: 0, fetch: answering(body, status) })

export const anthropicClient = (body: string, status = 200): Anthropic =>
  new Anthropic({ apiKey: 'test', baseURL: 'http://gateway.test', maxRetries: 0, fetch: answering(body, status) })
