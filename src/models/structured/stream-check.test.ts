import { expect, test } from 'vitest'
import type { DialectName } from '../dialects/dialect.ts'
import { dialects } from '../dialects/dialects.ts'
import { anthropicClient, dataEvents, framesOf, namedEvents, openaiClient } from '../dialects/testing.ts'
import { checkOf } from './check-of.ts'
import { StreamCheck } from './stream-check.ts'

const schema = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] }
const chunk = (delta: object, finish_reason: string | null = null): object => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason }],
})
const chat = (text: string): string =>
  dataEvents(chunk({ role: 'assistant', content: '' }), chunk({ content: text }), chunk({}, 'stop'), {
    ...chunk({}),
    choices: [],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  })
const typed = (event: { readonly type: string; readonly [key: string]: unknown }): { readonly type: string } => event
const message = (text: string): string =>
  namedEvents(
    typed({
      type: 'message_start',
      message: {
        id: 'm',
        type: 'message',
        role: 'assistant',
        content: [],
        usage: { input_tokens: 1, output_tokens: 1 },
      },
    }),
    typed({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    typed({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
    typed({ type: 'content_block_stop', index: 0 }),
    typed({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }),
    { type: 'message_stop' },
  )
const response = (text: string): string => {
  const part = { type: 'output_text', text, annotations: [] }
  const item = { type: 'message', id: 'i', role: 'assistant', status: 'completed', content: [part] }
  const whole = { id: 'r', object: 'response', model: 'm', output: [] as object[] }
  return namedEvents(
    typed({ type: 'response.created', response: { ...whole, status: 'in_progress' } }),
    typed({ type: 'response.output_item.added', output_index: 0, item: { ...item, content: [] } }),
    typed({ type: 'response.completed', response: { ...whole, status: 'completed', output: [item] } }),
  )
}

const cases: readonly (readonly [DialectName, object, (text: string) => string])[] = [
  ['openai-chat', { response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } }, chat],
  ['anthropic-messages', { output_config: { format: { type: 'json_schema', schema } } }, message],
  ['openai-responses', { text: { format: { type: 'json_schema', name: 'a', schema } } }, response],
]

/** What the client gets of this stream. */
function passed(name: DialectName, asked: object, text: string): string {
  const dialect = dialects[name]
  const said = name === 'openai-responses' ? { input: 'a' } : { messages: [{ role: 'user', content: 'a' }] }
  const check = checkOf(dialect.read(Buffer.from(JSON.stringify({ model: 'm', stream: true, ...said, ...asked }))))
  const listener = dialect.listener()
  if (!check || !listener) throw new Error('there is something to check')
  const stream = new StreamCheck(check, listener)
  const frames = framesOf(text).filter((frame) => stream.mayPass(frame))
  return frames.map(({ raw }) => raw.toString()).join('') + (stream.error ? dialect.errorEvent(stream.error) : '')
}

test.each(cases)('%s: an answer that fits passes untouched', (name, asked, stream) => {
  expect(passed(name, asked, stream('{"id":"a"}'))).toBe(stream('{"id":"a"}'))
})

test.each(cases)(
  '%s: one that does not is an error for the official client, and never ends as if well',
  async (name, asked, stream) => {
    const text = passed(name, asked, stream('{"id":5}'))
    expect(text).not.toMatch(/\[DONE\]|message_stop|response\.completed|"finish_reason":"stop"|end_turn/)
    const input = [{ role: 'user' as const, content: 'a' }]
    const ask: Readonly<Record<DialectName, () => Promise<unknown>>> = {
      'openai-chat': () =>
        openaiClient(text).chat.completions.stream({ model: 'm', messages: input }).finalChatCompletion(),
      'anthropic-messages': () =>
        anthropicClient(text).messages.stream({ model: 'm', max_tokens: 9, messages: input }).finalMessage(),
      'openai-responses': () => openaiClient(text).responses.stream({ model: 'm', input: 'a' }).finalResponse(),
      'openai-embeddings': () => Promise.reject(new Error('it has no streams')),
      'open-inference': () => Promise.reject(new Error('it has no streams')),
    }
    const failed = await ask[name]().catch((thrown: unknown) => thrown)
    expect(failed).toBeInstanceOf(Error)
    expect(String(failed)).toContain('does not fit')
  },
)
