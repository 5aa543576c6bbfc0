import type Anthropic from '@anthropic-ai/sdk'
import type OpenAI from 'openai'
import { expect, test } from 'vitest'
import { isMillraceError } from '../../../core/errors/millrace-error.ts'
import { dialects } from '../dialects.ts'
import type { Adapter } from './adapter.ts'
import { adapterFor, chatOverMessages, messagesOverChat } from './adapters.ts'
import type { MayDrop } from './crossing.ts'

const none: MayDrop = new Set()

function carry(adapter: Adapter, body: unknown, mayDrop: MayDrop = none): unknown {
  const raw = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return JSON.parse(adapter.request(dialects[adapter.from].read(raw), mayDrop).body.toString())
}

function refusal(adapter: Adapter, body: unknown): string {
  try {
    carry(adapter, body)
    return 'taken'
  } catch (error) {
    if (isMillraceError(error, 'model/foreign-field')) return error.details.field
    throw error
  }
}

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as const
const png = 'iVBORw0KGgo='

const chat: OpenAI.ChatCompletionCreateParams = {
  model: 'route',
  max_completion_tokens: 500,
  stream: true,
  stop: ['END'],
  parallel_tool_calls: false,
  tool_choice: 'required',
  tools: [
    { type: 'function', function: { name: 'weather', description: 'Tells the weather.', parameters, strict: true } },
  ],
  response_format: { type: 'json_schema', json_schema: { name: 'reply', schema: { type: 'object' } } },
  messages: [
    { role: 'developer', content: 'Be brief.' },
    { role: 'system', content: [{ type: 'text', text: 'Be kind.' }] },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this, and the weather?' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } },
      ],
    },
    {
      role: 'assistant',
      content: 'I look.',
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } },
        { id: 'b', type: 'function', function: { name: 'weather', arguments: '' } },
      ],
    },
    { role: 'tool', tool_call_id: 'a', content: 'rain' },
    { role: 'tool', tool_call_id: 'b', content: [{ type: 'text', text: 'sun' }] },
    { role: 'user', content: 'Thanks.' },
    { role: 'system', content: 'End now.' },
  ],
}

const message: Anthropic.MessageCreateParams = {
  model: 'route',
  max_tokens: 500,
  stream: true,
  stop_sequences: ['END'],
  tool_choice: { type: 'any', disable_parallel_tool_use: true },
  tools: [
    {
      name: 'weather',
      description: 'Tells the weather.',
      input_schema: { ...parameters, required: [...parameters.required] },
      strict: true,
    },
  ],
  output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
  system: [
    { type: 'text', text: 'Be brief.' },
    { type: 'text', text: 'Be kind.' },
  ],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this, and the weather?' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'I look.' },
        { type: 'tool_use', id: 'a', name: 'weather', input: { city: 'Bern' } },
        { type: 'tool_use', id: 'b', name: 'weather', input: {} },
      ],
    },
    {
      role: 'user',
      // The results of parallel calls stand in one message, or Anthropic refuses them.
      content: [
        { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'rain' }] },
        { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'sun' }] },
      ],
    },
    { role: 'user', content: [{ type: 'text', text: 'Thanks.' }] },
    { role: 'system', content: [{ type: 'text', text: 'End now.' }] },
  ],
}

test('a conversation with tools and a picture, from chat to messages', () => {
  expect(carry(chatOverMessages, chat)).toEqual(message)
})

test('and back: only what means the same is written otherwise', () => {
  const back: OpenAI.ChatCompletionCreateParams = {
    ...chat,
    response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' }, strict: true } },
    messages: [
      {
        role: 'system',
        content: [
          { type: 'text', text: 'Be brief.' },
          { type: 'text', text: 'Be kind.' },
        ],
      },
      ...chat.messages.slice(2, 3),
      {
        role: 'assistant',
        content: 'I look.',
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } },
          { id: 'b', type: 'function', function: { name: 'weather', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: 'rain' },
      { role: 'tool', tool_call_id: 'b', content: 'sun' },
      { role: 'user', content: [{ type: 'text', text: 'Thanks.' }] },
      { role: 'system', content: 'End now.' },
    ],
  }
  expect(carry(messagesOverChat, message)).toEqual(back)
})

const said = [{ role: 'user', content: 'hello' }]

test('what comes out is priced and capped as any request of the other dialect', () => {
  const read = (adapter: Adapter, body: object): ReturnType<(typeof dialects)['openai-chat']['read']> => {
    const { body: out } = adapter.request(dialects[adapter.from].read(Buffer.from(JSON.stringify(body))), none)
    return dialects[adapter.to].read(out)
  }
  const request = read(chatOverMessages, { model: 'm', messages: said, max_tokens: 7, user: 'u' })
  expect(request).toMatchObject({ outputCap: 7, endUser: 'u', hasTools: false })
  const free = read(messagesOverChat, { model: 'm', messages: said, stream: true })
  expect(free).not.toHaveProperty('outputCap')
  const sent = dialects['openai-chat'].bodyFor(free, { model: 'gpt', outputCap: 9, includeUsage: true })
  expect(JSON.parse(sent.toString())).toMatchObject({
    model: 'gpt',
    max_completion_tokens: 9,
    stream_options: { include_usage: true },
  })
})

test('numbers keep their digits on the way, and 0.0 is zero', () => {
  const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{"n":12345678901234567890}' } }
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'assistant', tool_calls: [call] }] })
  const raw = Buffer.from(body.replace('"model"', '"presence_penalty":0.0,"temperature":1.0,"model"'))
  const { body: out } = chatOverMessages.request(dialects['openai-chat'].read(raw), none)
  expect(out.toString()).toContain('"input":{"n":12345678901234567890}')
  const use = '{"type":"tool_use","id":"c","name":"f","input":{"n":12345678901234567890}}'
  const text = `{"model":"m","messages":[{"role":"assistant","content":[${use}]}]}`
  const back = messagesOverChat.request(dialects['anthropic-messages'].read(Buffer.from(text)), none)
  expect(back.body.toString()).toContain(String.raw`"arguments":"{\"n\":12345678901234567890}"`)
})

test.each<[Adapter, object, string]>([
  [chatOverMessages, { messages: [{ role: 'function', content: 'a' }] }, 'messages.0.role'],
  [
    chatOverMessages,
    {
      messages: [...said, { role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f', arguments: '[1]' } }] }],
    },
    'messages.1.tool_calls.0.function.arguments',
  ],
  [
    chatOverMessages,
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] },
    'messages.0.content.0.image_url',
  ],
  [chatOverMessages, { messages: [{ role: 'user', content: [{ type: 'constructor' }] }] }, 'messages.0.content.0.type'],
  [
    chatOverMessages,
    { messages: said, response_format: { type: 'json_schema' } },
    'response_format.json_schema.schema',
  ],
  [chatOverMessages, { messages: said, tool_choice: 'toString' }, 'tool_choice'],
  [chatOverMessages, { messages: said, constructor: 1 }, 'constructor'],
  [messagesOverChat, { messages: [{ role: 'tool', content: 'a' }] }, 'messages.0.role'],
  [
    messagesOverChat,
    { messages: [...said, { role: 'assistant', content: [{ type: 'server_tool_use', id: 's', name: 'web_search' }] }] },
    'messages.1.content.0.type',
  ],
  [messagesOverChat, { messages: [{ role: 'user', content: 'a', odd: 1 }] }, 'messages.0.odd'],
  [messagesOverChat, { messages: said, metadata: { odd: 1 } }, 'metadata.odd'],
  [messagesOverChat, { messages: said, output_config: { format: { type: 'grammar' } } }, 'output_config.format.type'],
])('%# is refused by the place of what is wrong', (adapter, body, place) => {
  expect(refusal(adapter, { model: 'm', ...body })).toBe(place)
})

test('a choice among no tools is left out: both providers refuse it', () => {
  const chatBody = { model: 'm', messages: said, tool_choice: 'auto', parallel_tool_calls: false }
  expect(carry(chatOverMessages, chatBody)).not.toHaveProperty('tool_choice')
  const tools = [{ type: 'function', function: { name: 'f' } }]
  expect(carry(chatOverMessages, { ...chatBody, tools, tool_choice: 'none' })).toMatchObject({
    tool_choice: { type: 'none' },
  })
  const body = { model: 'm', messages: said, tools: [], tool_choice: { type: 'any', disable_parallel_tool_use: true } }
  expect(carry(messagesOverChat, body)).toEqual({ model: 'm', messages: said })
})

test('thinking never reaches another issuer; where a route lets it go the turn itself stays', () => {
  const thought = { type: 'thinking', thinking: 'hm', signature: 's' }
  const body = {
    model: 'm',
    messages: [...said, { role: 'assistant', content: [thought, { type: 'text', text: 'a' }] }],
  }
  expect(refusal(messagesOverChat, body)).toBe('messages.1.content.0')
  const lax = JSON.stringify(carry(messagesOverChat, body, 'all'))
  expect(lax).not.toContain('hm')
  expect(lax).toContain('{"role":"assistant","content":"a"}')
  const alone = { model: 'm', messages: [...said, { role: 'assistant', content: [thought] }] }
  expect(carry(messagesOverChat, alone, 'all')).toMatchObject({ messages: [...said, { content: '' }] })
})

test('a text document keeps its title, and a picture its address; nothing is fetched', () => {
  const source = { type: 'text', media_type: 'text/plain', data: 'Rain.' }
  const content = [
    { type: 'document', source, title: 'Weather' },
    { type: 'document', title: 'Weather', source },
    { type: 'image', source: { type: 'url', url: 'https://example.test/a.png' } },
  ]
  expect(carry(messagesOverChat, { model: 'm', messages: [{ role: 'user', content }] })).toMatchObject({
    messages: [
      {
        content: [
          { type: 'text', text: 'Weather\n\nRain.' },
          { type: 'text', text: 'Weather\n\nRain.' },
          { type: 'image_url', image_url: { url: 'https://example.test/a.png' } },
        ],
      },
    ],
  })
})

test('there is no way between all dialects', () => {
  expect(adapterFor('openai-chat', 'anthropic-messages')).toBe(chatOverMessages)
  expect(adapterFor('openai-embeddings', 'anthropic-messages')).toBeUndefined()
  expect(adapterFor('openai-chat', 'openai-chat')).toBeUndefined()
})
