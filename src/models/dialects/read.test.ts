import { expect, test } from 'vitest'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import type { DialectName, ModelRequest } from './dialect.ts'
import { dialects } from './dialects.ts'

const read = (name: DialectName, body: unknown): ModelRequest =>
  dialects[name].read(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))

function refusal(name: DialectName, body: unknown): string {
  try {
    read(name, body)
    return 'taken'
  } catch (error) {
    if (isMillraceError(error, 'model/bad-body') || isMillraceError(error, 'model/refused-field'))
      return `${error.status} ${error.details.field}`
    throw error
  }
}

const said = [{ role: 'user', content: 'hello' }]

test.each<[DialectName, unknown, string]>([
  ['openai-chat', 'not json', '400 the body'],
  ['openai-chat', '[]', '400 the body'],
  ['openai-chat', 'null', '400 the body'],
  ['openai-chat', { messages: said }, '400 model'],
  ['openai-chat', { model: 7, messages: said }, '400 model'],
  ['openai-chat', { model: 'm' }, '400 messages'],
  ['openai-chat', { model: 'm', messages: [] }, '400 messages'],
  ['openai-chat', { model: 'm', messages: ['hello'] }, '400 messages.0'],
  ['openai-chat', { model: 'm', messages: said, stream: 'yes' }, '400 stream'],
  ['openai-chat', { model: 'm', messages: said, max_tokens: -1 }, '400 max_tokens'],
  ['openai-chat', { model: 'm', messages: said, max_tokens: 1.5 }, '400 max_tokens'],
  ['openai-chat', { model: 'm', messages: said, n: 0 }, '400 n'],
  ['openai-chat', '{"model":"m","model":"n","messages":[{"role":"user"}]}', '400 model'],
  ['anthropic-messages', { model: 'm', messages: said, max_tokens: '5' }, '400 max_tokens'],
  ['anthropic-messages', { model: 'm', input: 'hello' }, '400 messages'],
  ['openai-responses', { model: 'm', input: 5 }, '400 input'],
  ['openai-responses', { model: 'm', input: 'a', background: true }, '400 background'],
  ['openai-responses', { model: 'm', input: 'a', background: false }, 'taken'],
  ['openai-responses', { model: 'm', input: 'a', conversation: 'conv_1' }, '400 conversation'],
  ['openai-responses', { model: 'm', input: 'a', context_management: [] }, '400 context_management'],
  ['openai-responses', { model: 'm', input: 'a', tools: [{ type: 'web_search' }] }, '400 tools.0.type'],
  [
    'openai-responses',
    { model: 'm', input: [{ type: 'additional_tools', role: 'developer', tools: [{ type: 'mcp' }] }] },
    '400 input.0.tools.0.type',
  ],
  ['openai-responses', { model: 'm', input: [{ type: 'compaction_trigger' }] }, '400 input.0.type'],
  ['openai-responses', { model: 'm', input: 'a', tools: [{ type: 'function', name: 'f' }] }, 'taken'],
  ['openai-embeddings', { model: 'm' }, '400 input'],
  ['openai-embeddings', { model: 'm', input: [[1, 2], [3]] }, 'taken'],
])('%s %j: %s', (name, body, outcome) => {
  expect(refusal(name, body)).toBe(outcome)
})

test('text that is not UTF-8 is refused: gateway and provider would read different letters', () => {
  const body = Buffer.concat([
    Buffer.from('{"model":"m","messages":[{"role":"'),
    Buffer.from([0xff]),
    Buffer.from('"}]}'),
  ])
  expect(() => dialects['openai-chat'].read(body)).toThrow('UTF-8')
})

test('what the gateway prices, limits and records is read from the dialect’s own fields', () => {
  const chat = { model: 'm', messages: said, stream: true, max_tokens: 5, max_completion_tokens: 9, n: 3 }
  expect(read('openai-chat', { ...chat, user: 'u', metadata: { run: 'r', n: 1 }, service_tier: 'flex' })).toMatchObject(
    {
      isStream: true,
      outputCap: 9,
      answers: 3,
      hasTools: false,
      endUser: 'u',
      metadata: { run: 'r' },
      tier: 'flex',
      asksUsage: false,
    },
  )
  const message = { model: 'm', messages: said, max_tokens: 7, metadata: { user_id: 'u' } }
  expect(read('anthropic-messages', { ...message, tools: [{ name: 'f', input_schema: {} }] })).toMatchObject({
    outputCap: 7,
    hasTools: true,
    hasHostedTools: false,
    endUser: 'u',
  })
  const search = { ...message, tools: [{ type: 'web_search_20250305', name: 'web_search' }] }
  expect(read('anthropic-messages', search).hasHostedTools).toBe(true)
  expect(read('openai-responses', { model: 'm', input: 'a', previous_response_id: 'resp_1' }).previous).toBe('resp_1')
})

test('a small picture and a file by its name are not priced by their few bytes', () => {
  const part = { type: 'image_url', image_url: { url: 'https://example.test/a.png' } }
  const plain = read('openai-chat', { model: 'm', messages: said })
  const shown = read('openai-chat', { model: 'm', messages: [{ role: 'user', content: [part] }] })
  expect(plain.inputBound).toBe(plain.raw.length)
  expect(shown.inputBound).toBeGreaterThan(40_000)
  const result = { type: 'tool_result', content: [{ type: 'document', source: { type: 'file', file_id: 'f' } }] }
  expect(read('anthropic-messages', { model: 'm', messages: [{ role: 'user', content: [result] }] }).inputBound) //
    .toBeGreaterThan(1_000_000)
})

test.each<[DialectName, unknown, boolean]>([
  ['openai-chat', { messages: said }, false],
  ['openai-chat', { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] }] }, true],
  ['openai-responses', { input: [{ type: 'reasoning', summary: [], encrypted_content: 'x' }] }, true],
  ['openai-responses', { input: [{ type: 'reasoning', summary: [] }] }, false],
  ['openai-responses', { input: 'a', previous_response_id: 'r' }, true],
  ['openai-responses', { input: [{ type: 'item_reference', id: 'i' }] }, true],
  ['openai-responses', { input: [{ id: 'i' }] }, true],
  ['openai-responses', { input: [{ id: 'i', role: 'user', content: 'a' }] }, false],
  [
    'anthropic-messages',
    { messages: [{ role: 'assistant', content: [{ type: 'thinking', thinking: '', signature: 's' }] }] },
    true,
  ],
  ['anthropic-messages', { messages: said, container: 'c' }, true],
  [
    'anthropic-messages',
    { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'file', file_id: 'f' } }] }] },
    true,
  ],
  ['anthropic-messages', { messages: said, container: null }, false],
])('%s %j goes to its issuer only: %s', (name, body, isBound) => {
  expect(read(name, { model: 'm', ...(body as object) }).isBound).toBe(isBound)
})

const odd = `{ "id": 12345678901234567890, "model":"route", "x-unknown":{"model":"inner"}, "messages":[{"role":"user","content":"{\\"model\\": 1}"}]`

test('the body goes on byte for byte, with the model alone changed', () => {
  for (const [name, more] of [
    ['openai-chat', ',"max_tokens":5}'],
    ['anthropic-messages', ',"max_tokens":5}'],
    ['openai-responses', ',"max_output_tokens":5}'],
  ] as const) {
    const dialect = dialects[name]
    const body = dialect.bodyFor(read(name, odd + more), { model: 'gpt "x"', outputCap: 100, includeUsage: true })
    expect(body.toString()).toBe((odd + more).replace('"model":"route"', String.raw`"model":"gpt \"x\""`))
  }
  const same = read('openai-chat', `${odd}}`)
  expect(dialects['openai-chat'].bodyFor(same, { model: 'route' })).toBe(same.raw)
})

test('a cap is added where the client set none, and null is none: two fields of one name would be read differently', () => {
  const cap = { model: 'm', outputCap: 100 }
  const chat = dialects['openai-chat']
  const sent = chat.bodyFor(read('openai-chat', { model: 'm', max_completion_tokens: null, messages: said }), cap)
  expect(sent.toString()).toBe(
    '{"model":"m","max_completion_tokens":100,"messages":[{"role":"user","content":"hello"}]}',
  )
  const old = chat.bodyFor(read('openai-chat', { model: 'm', messages: said }), { ...cap, capField: 'max_tokens' })
  expect(JSON.parse(old.toString())).toMatchObject({ max_tokens: 100 })
  const message = dialects['anthropic-messages'].bodyFor(
    read('anthropic-messages', { model: 'm', messages: said }),
    cap,
  )
  expect(JSON.parse(message.toString())).toMatchObject({ max_tokens: 100 })
})

test.each<[unknown, unknown]>([
  [undefined, { include_usage: true }],
  [null, { include_usage: true }],
  [
    { include_usage: false, other: 1 },
    { include_usage: true, other: 1 },
  ],
  [{ include_usage: null }, { include_usage: true }],
])('usage is asked for where stream_options is %j', (options, wanted) => {
  const chat = dialects['openai-chat']
  const request = read('openai-chat', { model: 'm', messages: said, stream: true, stream_options: options })
  expect(request.asksUsage).toBe(false)
  const sent = chat.bodyFor(request, { model: 'm', includeUsage: true })
  expect(JSON.parse(sent.toString())).toMatchObject({ stream_options: wanted, messages: said })
  expect(chat.bodyFor(request, { model: 'm' })).toBe(request.raw)
})
