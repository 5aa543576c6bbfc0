import { APIError as AnthropicApiError } from '@anthropic-ai/sdk'
import { APIError, BadRequestError, RateLimitError } from 'openai'
import { expect, test } from 'vitest'
import type { DialectName } from './dialect.ts'
import { dialects } from './dialects.ts'
import { anthropicClient, dataEvents, framesOf, listen, namedEvents, openaiClient } from './testing.ts'

const said = [{ role: 'user' as const, content: 'hello' }]
const chunk = (delta: object, finish_reason: string | null = null, more: object = {}): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'gpt',
  choices: [{ index: 0, delta, finish_reason }],
  ...more,
})
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
const chatStream = dataEvents(
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Hi' }),
  chunk({ content: '!' }),
  chunk({}, 'stop'),
  { ...chunk({}), choices: [], usage },
)
const typed = (event: { readonly type: string; readonly [key: string]: unknown }): { readonly type: string } => event
const messageStream = namedEvents(
  typed({
    type: 'message_start',
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude',
      content: [],
      usage: { input_tokens: 3, output_tokens: 1 },
    },
  }),
  { type: 'ping' },
  typed({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  typed({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi!' } }),
  typed({ type: 'content_block_stop', index: 0 }),
  typed({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }),
  { type: 'message_stop' },
)
const response = { id: 'resp_1', object: 'response', model: 'gpt', output: [] }
const at = { output_index: 0, content_index: 0, item_id: 'm' }
const part = { type: 'output_text', text: 'Hi!', annotations: [] }
const item = { type: 'message', id: 'm', role: 'assistant', status: 'completed', content: [part] }
const responseStream = namedEvents(
  ...[
    { type: 'response.created', response: { ...response, status: 'in_progress' } },
    { type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress', content: [] } },
    { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
    { type: 'response.output_text.delta', ...at, delta: 'Hi!' },
    { type: 'response.output_text.done', ...at, text: 'Hi!' },
    { type: 'response.content_part.done', ...at, part },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { ...response, status: 'completed', output: [item] } },
  ].map((event, sequence_number) => ({ ...event, sequence_number })),
)
const streams: readonly (readonly [DialectName, string])[] = [
  ['openai-chat', chatStream],
  ['openai-responses', responseStream],
  ['anthropic-messages', messageStream],
]

test('the official clients read what is passed on, and see no usage chunk that they did not ask for', async () => {
  const { passed, reader } = listen(dialects['openai-chat'], chatStream, { hidesUsage: true })
  expect(reader).toMatchObject({ isComplete: true, model: 'gpt', usage: { input: 3, output: 2 } })
  const seen = []
  const read = await openaiClient(passed).chat.completions.create({ model: 'm', messages: said, stream: true })
  for await (const one of read) seen.push(one)
  expect(seen).toHaveLength(4)
  expect(seen.every((one) => one.choices.length === 1)).toBe(true)
  expect(passed).toBe(chatStream.replace(/data: [^\n]*"choices":\[\][^\n]*\n\n/, ''))

  const asked = listen(dialects['openai-chat'], chatStream)
  expect(asked.passed).toBe(chatStream)
  const final = await openaiClient(asked.passed)
    .chat.completions.stream({ model: 'm', messages: said })
    .finalChatCompletion()
  expect(final.choices[0]?.message.content).toBe('Hi!')

  const message = listen(dialects['anthropic-messages'], messageStream)
  expect(message.passed).toBe(messageStream)
  const whole = await anthropicClient(message.passed)
    .messages.stream({ model: 'm', max_tokens: 9, messages: said })
    .finalMessage()
  expect(whole).toMatchObject({ stop_reason: 'end_turn', content: [{ text: 'Hi!' }], usage: { output_tokens: 2 } })
})

test.each(streams)(
  '%s: the stream begins with its content, not with a role, a frame, a ping or a keep-alive',
  (name, text) => {
    const { heard } = listen(dialects[name], `: keep-alive\n\n${text}`)
    const first = heard.findIndex(({ isContent }) => isContent)
    const begins = text.slice(0, text.indexOf('Hi')).match(/\n\n/g)?.length ?? 0
    expect(first).toBe(begins + 1)
  },
)

test.each(streams)('%s: a stream that is cut anywhere before its last event is incomplete', (name, text) => {
  const blocks = text.split(/(?<=\n\n)/)
  expect(listen(dialects[name], text).reader.isComplete).toBe(true)
  for (let kept = 0; kept < blocks.length; kept++)
    expect(listen(dialects[name], blocks.slice(0, kept).join('')).reader.isComplete).toBe(false)
})

test('a chunk without choices that tells no usage is the client’s, and what comes after the end is nobody’s', () => {
  const filter = { ...chunk({}), choices: [], prompt_filter_results: [] }
  const { heard, reader, passed } = listen(
    dialects['openai-chat'],
    `data: ${JSON.stringify(filter)}\n\n${chatStream}${dataEvents(chunk({ content: 'more' }))}`,
    { hidesUsage: true },
  )
  expect(heard[0]?.isHidden).toBe(false)
  expect(passed).not.toContain('more')
  expect(passed.match(/\[DONE\]/g)).toHaveLength(1)
  expect(reader.isComplete).toBe(true)
})

test('a last event without its blank line is read: the answer is whole', () => {
  expect(listen(dialects['openai-chat'], chatStream.trimEnd()).reader.isComplete).toBe(true)
})

test('keep-alives are no content, and the official clients pass over them', async () => {
  for (const [name, text] of streams) {
    const { keepAlive } = dialects[name]
    expect(listen(dialects[name], keepAlive).heard).toEqual([{ isContent: false, isHidden: false }])
    const kept = keepAlive + text.replaceAll('\n\n', `\n\n${keepAlive}`)
    expect(listen(dialects[name], kept).reader.isComplete).toBe(true)
    if (name === 'openai-chat')
      await openaiClient(kept).chat.completions.stream({ model: 'm', messages: said }).finalChatCompletion()
    if (name === 'openai-responses')
      await openaiClient(kept).responses.stream({ model: 'm', input: 'a' }).finalResponse()
    if (name === 'anthropic-messages')
      await anthropicClient(kept).messages.stream({ model: 'm', max_tokens: 9, messages: said }).finalMessage()
  }
})

test('what a response says is in its last event, streamed and not', () => {
  const output = [
    { type: 'reasoning', summary: [] },
    {
      type: 'message',
      content: [
        { type: 'output_text', text: 'Hi' },
        { type: 'output_text', text: '!' },
      ],
    },
    { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
  ]
  const dialect = dialects['openai-responses']
  const whole = { ...response, output, status: 'completed' }
  const wanted = { text: 'Hi!', refusal: '', calls: [{ id: 'c', name: 'f', arguments: '{}' }], finish: 'tool_calls' }
  expect(dialect.saidIn(whole)).toEqual(wanted)
  const heard = dialect.listener()
  for (const frame of framesOf(namedEvents(typed({ type: 'response.completed', response: whole }))))
    heard?.listen(frame)
  expect(heard?.said).toEqual(wanted)
  const cut = { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output: [] }
  expect(dialect.saidIn(cut)).toMatchObject({ text: '', finish: 'length' })
})

test('[DONE] alone ends nothing: one of two answers has no end', () => {
  const two = [chunk({ content: 'a' }, 'stop'), { ...chunk({}), choices: [{ index: 1, delta: { content: 'b' } }] }]
  expect(listen(dialects['openai-chat'], dataEvents(...two)).reader.isComplete).toBe(false)
  expect(listen(dialects['openai-chat'], dataEvents()).reader.isComplete).toBe(false)
})

test.each<[DialectName, string, object]>([
  ['openai-chat', 'data: {"error":{"message":"no","type":"server_error"}}\n\n', { status: 500, message: 'no' }],
  ['openai-chat', 'data: {"error":{"message":"no","code":429}}\n\n', { status: 429 }],
  ['openai-chat', 'event: error\ndata: {"message":"no"}\n\n', { status: 500 }],
  ['openai-chat', 'data: <html>\n\n', { status: 502, type: 'malformed_answer' }],
  [
    'anthropic-messages',
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"no"}}\n\n',
    { status: 529 },
  ],
  [
    'openai-responses',
    'event: error\ndata: {"type":"error","code":"rate_limit_exceeded","message":"no"}\n\n',
    { status: 429 },
  ],
  [
    'openai-responses',
    'data: {"type":"response.failed","response":{"error":{"code":"server_error","message":"no"}}}\n\n',
    { status: 500 },
  ],
])('%s: an error inside the stream is heard: %s', (name, text, wanted) => {
  const { heard, reader } = listen(dialects[name], text)
  expect(heard[0]).toMatchObject({ isContent: false, failure: wanted })
  expect(reader.isComplete).toBe(false)
})

test.each<[DialectName, unknown, object | undefined]>([
  ['openai-chat', { error: { message: 'no', type: 'insufficient_quota' } }, { status: 429 }],
  ['openai-chat', { choices: [] }, undefined],
  ['openai-chat', { choices: [], error: null }, undefined],
  ['openai-chat', 'gateway timeout', { type: 'malformed_answer' }],
  ['openai-chat', undefined, { type: 'malformed_answer' }],
  ['anthropic-messages', { type: 'error', error: { type: 'api_error', message: 'no' } }, { status: 500 }],
  ['anthropic-messages', { content: [] }, undefined],
  ['anthropic-messages', { completion: '' }, { type: 'malformed_answer' }],
  [
    'openai-responses',
    { output: [], status: 'failed', error: { code: 'server_error', message: 'no' } },
    { status: 500 },
  ],
  ['openai-responses', { output: [], status: 'failed', error: null }, { status: 500 }],
  ['openai-responses', { output: [], status: 'completed', error: null }, undefined],
  ['openai-embeddings', { data: {} }, { type: 'malformed_answer' }],
])('%s: a 200 with %j is not taken for an answer if it is none', (name, answer, wanted) => {
  const failure = dialects[name].failureOf(answer, 200)
  if (wanted === undefined) expect(failure).toBeUndefined()
  else expect(failure).toMatchObject(wanted)
})

test('the status of an error stands above its words', () => {
  expect(dialects['openai-chat'].failureOf({ error: { type: 'server_error', message: 'no' } }, 429)).toMatchObject({
    status: 429,
    type: 'server_error',
  })
  expect(dialects['openai-chat'].failureOf({ detail: 'Not Found' }, 404)).toMatchObject({
    status: 404,
    message: 'Not Found',
  })
})

const error = { status: 429, code: 'model/over-budget', message: 'The budget is spent.' }

test('errors are those that the official clients know', async () => {
  const ask = (client: ReturnType<typeof openaiClient>): Promise<unknown> =>
    client.chat.completions.create({ model: 'm', messages: said }).catch((thrown: unknown) => thrown)
  const limit = await ask(openaiClient(dialects['openai-chat'].errorBody(error), 429))
  expect(limit).toBeInstanceOf(RateLimitError)
  expect(limit).toMatchObject({ code: error.code, type: 'rate_limit_error' })
  const bad = await ask(openaiClient(dialects['openai-responses'].errorBody({ ...error, status: 400 }), 400))
  expect(bad).toBeInstanceOf(BadRequestError)
  const refused: unknown = await anthropicClient(dialects['anthropic-messages'].errorBody(error), 429)
    .messages.create({ model: 'm', max_tokens: 1, messages: said })
    .catch((thrown: unknown) => thrown)
  expect(refused).toBeInstanceOf(AnthropicApiError)
  expect(refused).toMatchObject({ status: 429, type: 'rate_limit_error' })
})

test('a stream that ends in our error event is an error for the official clients, never an answer', async () => {
  const begun = chatStream.split('\n\n').slice(0, 2).join('\n\n')
  const chat = openaiClient(`${begun}\n\n${dialects['openai-chat'].errorEvent(error)}`)
  const failed: unknown = await chat.chat.completions
    .stream({ model: 'm', messages: said })
    .finalChatCompletion()
    .catch((thrown: unknown) => thrown)
  expect(failed).toBeInstanceOf(APIError)
  expect(failed).toMatchObject({ code: error.code })

  const created = responseStream.split('\n\n')[0]
  const responses = openaiClient(`${created}\n\n${dialects['openai-responses'].errorEvent(error)}`)
  const lost: unknown = await responses.responses
    .stream({ model: 'm', input: 'hello' })
    .finalResponse()
    .catch((thrown: unknown) => thrown)
  expect(lost).toBeInstanceOf(APIError)
  expect(lost).toMatchObject({ code: error.code })

  const started = messageStream.split('\n\n').slice(0, 4).join('\n\n')
  const cut: unknown = await anthropicClient(`${started}\n\n${dialects['anthropic-messages'].errorEvent(error)}`)
    .messages.stream({ model: 'm', max_tokens: 9, messages: said })
    .finalMessage()
    .catch((thrown: unknown) => thrown)
  expect(cut).toBeInstanceOf(AnthropicApiError)
  expect(cut).toMatchObject({ type: 'rate_limit_error' })
})
