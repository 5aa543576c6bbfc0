import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ScriptedUpstream } from '../src/models/providers/testing.ts'

// The official clients, unchanged but for their base URL and key, against `millrace gateway` in a process of its own. Behind it stands a scripted
// upstream that has no model. `open` leads to its OpenAI side, `calm` to its Anthropic side: each client asks both.

let upstream: ScriptedUpstream
let child: ChildProcess
let openai: OpenAI
let anthropic: Anthropic
let line: { readonly url: string; readonly key: string }
beforeAll(async () => {
  upstream = await ScriptedUpstream.start()
  const routes = ['--route', `open=${upstream.url}/v1/small`, '--route', `calm=anthropic:${upstream.url}/v1/calm-1`]
  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
  child = spawn(process.execPath, [main, 'gateway', ...routes, '--cache', 'off'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  line = await new Promise((resolve, reject) => {
    let output = ''
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)))
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.endsWith('\n')) resolve(JSON.parse(output) as typeof line) // the command's own words
    })
  })
  openai = new OpenAI({ baseURL: `${line.url}/v1`, apiKey: line.key })
  anthropic = new Anthropic({ baseURL: line.url, apiKey: line.key })
})
beforeEach(() => void (upstream.otherwise = { does: 'answer', text: 'Hello there.', usage: { input: 20, output: 5 } }))
afterAll(async () => {
  child.kill('SIGKILL')
  await upstream.close()
})

const messages = [{ role: 'user' as const, content: 'Hi' }]
const form = z.object({ city: z.string(), people: z.number() })
const paris = '{"city": "Paris", "people": 2}'
const parameters = { type: 'object' as const, properties: { city: { type: 'string' } } }

/** Two calls of one tool, in chat's words; in the stream their arguments come in pieces, in turns. */
const calls = ['Paris', 'Rome'].map((city, n) => ({
  id: `call_${n}`,
  type: 'function' as const,
  function: { name: 'weather', arguments: JSON.stringify({ city }) },
}))
const head = { id: 'chatcmpl-1', created: 1, model: 'small' }
const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 }
const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const piece = (index: number, text: string): string => chunk({ tool_calls: [{ index, function: { arguments: text } }] })
const toolCalls = {
  does: 'say' as const,
  json: {
    ...head,
    object: 'chat.completion',
    choices: [
      { index: 0, finish_reason: 'tool_calls', message: { role: 'assistant', content: null, tool_calls: calls } },
    ],
    usage,
  },
  events: [
    chunk({ role: 'assistant', content: null }),
    ...calls.map((call, index) =>
      chunk({ tool_calls: [{ ...call, index, function: { name: 'weather', arguments: '' } }] }),
    ),
    piece(0, '{"ci'),
    piece(1, '{"city"'),
    piece(0, 'ty":"Paris"}'),
    piece(1, ':"Rome"}'),
    chunk({}, 'tool_calls'),
    `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [], usage })}\n\n`,
    'data: [DONE]\n\n',
  ],
}
/** Thinking that is signed, then a call of a tool whose input comes in pieces. */
const thought = { type: 'thinking' as const, thinking: 'Let me look.', signature: 'c2lnbmVk' }
const use = { type: 'tool_use' as const, id: 'toolu_1', name: 'weather', input: { city: 'Paris' } }
const said = { id: 'msg_1', type: 'message', role: 'assistant', model: 'calm-1', stop_sequence: null }
const thinks = {
  does: 'say' as const,
  json: { ...said, content: [thought, use], stop_reason: 'tool_use', usage: { input_tokens: 20, output_tokens: 5 } },
  events: [
    {
      type: 'message_start',
      message: { ...said, content: [], stop_reason: null, usage: { input_tokens: 20, output_tokens: 1 } },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Let me ' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'look.' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: thought.signature } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: { ...use, input: {} } },
    { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"city":' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '"Paris"}' } },
    { type: 'content_block_stop', index: 1 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { output_tokens: 5 },
    },
    { type: 'message_stop' },
  ].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`),
}

describe.each(['open', 'calm'])('the client of OpenAI, by the route %s', (model) => {
  test('creates, streams, and parses what must fit a schema', async () => {
    const made = await openai.chat.completions.create({ model, messages })
    expect(made.choices[0]?.message.content).toBe('Hello there.')
    expect(made.usage).toMatchObject({ prompt_tokens: 20, completion_tokens: 5 })
    const stream = openai.chat.completions.stream({ model, messages, stream_options: { include_usage: true } })
    const whole = await stream.finalChatCompletion()
    expect(whole.choices[0]?.message.content).toBe('Hello there.')
    expect(whole.usage).toMatchObject({ prompt_tokens: 20, completion_tokens: 5 })
    upstream.otherwise = { does: 'answer', text: paris }
    const response_format = zodResponseFormat(form, 'place')
    const parsed = await openai.chat.completions.parse({ model, messages, response_format })
    expect(parsed.choices[0]?.message.parsed).toEqual({ city: 'Paris', people: 2 })
    const streamed = openai.chat.completions.stream({ model, messages, response_format })
    expect((await streamed.finalChatCompletion()).choices[0]?.message.parsed).toEqual({ city: 'Paris', people: 2 })
  })

  test('calls tools, in one piece and in pieces', async () => {
    upstream.otherwise = model === 'open' ? toolCalls : thinks
    const expected = model === 'open' ? ['Paris', 'Rome'] : ['Paris']
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters } }]
    const made = await openai.chat.completions.create({ model, messages, tools })
    const streamed = await openai.chat.completions.stream({ model, messages, tools }).finalChatCompletion()
    for (const { choices } of [made, streamed]) {
      expect(choices[0]?.finish_reason).toBe('tool_calls')
      const asked = choices[0]?.message.tool_calls?.map((call) => call.type === 'function' && call.function)
      expect(asked?.map((call) => call && [call.name, JSON.parse(call.arguments)])).toEqual(
        expected.map((city) => ['weather', { city }]),
      )
    }
  })

  test('aborts in the middle, and the provider hears of it', async () => {
    upstream.otherwise = { does: 'answer', text: 'One two three.', held: 'events' }
    const at = upstream.calls.length
    const stream = await openai.chat.completions.create({ model, messages, stream: true })
    await upstream.until(() => upstream.calls.length > at)
    for (let n = 0; n < 4; n++) upstream.calls[at]?.release()
    for await (const part of stream) if (part.choices[0]?.delta.content) break
    await upstream.until(() => upstream.calls[at]?.state === 'left')
  })

  test('tries again no more than is of use: the gateway has tried already', async () => {
    upstream.otherwise = { does: 'status', status: 500 }
    const at = upstream.calls.length
    await expect(openai.chat.completions.create({ model, messages })).rejects.toBeInstanceOf(OpenAI.APIError)
    expect(upstream.calls.length - at).toBeLessThan(9)
  })
})

describe('the client of OpenAI', () => {
  test('is told each error by its class', async () => {
    const stranger = new OpenAI({ baseURL: `${line.url}/v1`, apiKey: 'mr_nobody' })
    const ask = (client: OpenAI, more: object): Promise<unknown> =>
      client.chat.completions.create({ model: 'open', messages, ...more })
    await expect(ask(stranger, {})).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
    await expect(ask(openai, { model: 'nowhere' })).rejects.toBeInstanceOf(OpenAI.NotFoundError)
    await expect(ask(openai, { messages: [] })).rejects.toBeInstanceOf(OpenAI.BadRequestError)
  })

  test('embeds, as numbers and as base64', async () => {
    for (const encoding_format of ['float', 'base64', undefined] as const) {
      const { data } = await openai.embeddings.create({
        model: 'open',
        input: ['a', 'bb'],
        ...(encoding_format && { encoding_format }),
      })
      expect(data.map(({ index }) => index)).toEqual([0, 1])
      if (encoding_format !== 'base64') expect(data[0]?.embedding.slice(1)).toEqual([0.5, -0.5, 0.25])
    }
  })

  test('makes a response, reads it again, goes on from it, and deletes it', async () => {
    const first = await openai.responses.create({ model: 'open', input: 'Hi' })
    expect(first.output_text).toBe('Hello there.')
    expect((await openai.responses.retrieve(first.id)).output_text).toBe('Hello there.')
    const next = await openai.responses.create({ model: 'open', input: 'More', previous_response_id: first.id })
    expect(next.output_text).toBe('Hello there.')
    await openai.responses.delete(first.id)
    await expect(openai.responses.retrieve(first.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError)
    const stream = openai.responses.stream({ model: 'open', input: 'Hi' })
    expect((await stream.finalResponse()).output_text).toBe('Hello there.')
    upstream.otherwise = { does: 'answer', text: paris }
    const text = { format: zodTextFormat(form, 'place') }
    expect((await openai.responses.parse({ model: 'open', input: 'Hi', text })).output_parsed).toEqual({
      city: 'Paris',
      people: 2,
    })
  })

  test('lists the routes', async () => {
    const ids: string[] = []
    for await (const { id } of openai.models.list()) ids.push(id)
    expect(ids.toSorted()).toEqual(['calm', 'open'])
  })
})

describe.each(['calm', 'open'])('the client of Anthropic, by the route %s', (model) => {
  test('creates and streams', async () => {
    const made = await anthropic.messages.create({ model, messages, max_tokens: 50 })
    expect(made.content).toMatchObject([{ type: 'text', text: 'Hello there.' }])
    const streamed = await anthropic.messages.stream({ model, messages, max_tokens: 50 }).finalMessage()
    expect(streamed.content).toMatchObject([{ type: 'text', text: 'Hello there.' }])
    for (const answer of [made, streamed]) expect(answer.usage).toMatchObject({ input_tokens: 20, output_tokens: 5 })
  })

  test('calls tools, in one piece and in pieces', async () => {
    upstream.otherwise = model === 'open' ? toolCalls : thinks
    const expected = model === 'open' ? ['Paris', 'Rome'] : ['Paris']
    const ask = { model, messages, max_tokens: 50, tools: [{ name: 'weather', input_schema: parameters }] }
    const made = await anthropic.messages.create(ask)
    const streamed = await anthropic.messages.stream(ask).finalMessage()
    for (const { content, stop_reason } of [made, streamed]) {
      expect(stop_reason).toBe('tool_use')
      const inputs = content.flatMap((block) => (block.type === 'tool_use' ? [block.input] : []))
      expect(inputs).toEqual(expected.map((city) => ({ city })))
    }
  })
})

describe('the client of Anthropic', () => {
  test('gives thinking back with its signature as it was', async () => {
    upstream.otherwise = thinks
    const tools = [{ name: 'weather', input_schema: parameters }]
    const thinking = { type: 'enabled' as const, budget_tokens: 1024 }
    const ask = { model: 'calm', max_tokens: 2000, tools, thinking }
    const { content } = await anthropic.messages.stream({ ...ask, messages }).finalMessage()
    expect(content[0]).toMatchObject(thought)
    const result = { type: 'tool_result' as const, tool_use_id: use.id, content: 'Rain' }
    await anthropic.messages.create({
      ...ask,
      messages: [...messages, { role: 'assistant', content }, { role: 'user', content: [result] }],
    })
    expect(JSON.parse(upstream.calls.at(-1)?.body ?? '')).toMatchObject({
      messages: [{}, { content: [thought, use] }, {}],
    })
  })

  test('counts tokens, and is told each error by its class', async () => {
    const counted = await anthropic.messages.countTokens({ model: 'calm', messages })
    expect(counted.input_tokens).toBe(20)
    const stranger = new Anthropic({ baseURL: line.url, apiKey: 'mr_nobody' })
    const ask = (client: Anthropic, more: object): Promise<unknown> =>
      client.messages.create({ model: 'calm', messages, max_tokens: 5, ...more })
    await expect(ask(stranger, {})).rejects.toBeInstanceOf(Anthropic.AuthenticationError)
    await expect(ask(anthropic, { model: 'nowhere' })).rejects.toBeInstanceOf(Anthropic.NotFoundError)
    await expect(ask(anthropic, { messages: [] })).rejects.toBeInstanceOf(Anthropic.BadRequestError)
  })
})
