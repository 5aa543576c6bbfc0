import fc from 'fast-check'
import type OpenAI from 'openai'
import { zodTextFormat } from 'openai/helpers/zod'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { isMillraceError } from '../../../core/errors/millrace-error.ts'
import { dialects } from '../dialects.ts'
import { dataEvents, framesOf, listen, namedEvents, openaiClient } from '../testing.ts'
import type { Adapter } from './adapter.ts'
import { adapterFor, responsesOverChat, responsesOverMessages } from './adapters.ts'
import type { MayDrop } from './crossing.ts'

// A client of OpenAI's responses, and providers that have none: the official client reads what is carried over as it reads OpenAI.

const chat = dialects['openai-chat']
const responses = dialects['openai-responses']
const facts = { created: 1_700_000_000, asksUsage: true, id: 'resp_1' }
const none: MayDrop = new Set()

const request = (adapter: Adapter, body: object, mayDrop: MayDrop = none): unknown =>
  JSON.parse(
    adapter.request(responses.read(Buffer.from(JSON.stringify({ model: 'm', ...body }))), mayDrop).body.toString(),
  )
const answer = (adapter: Adapter, body: object) => adapter.answer(Buffer.from(JSON.stringify(body)), facts)
function carry(adapter: Adapter, text: string): { out: string; dropped: readonly string[] } {
  const stream = adapter.stream(facts)
  const out = framesOf(text).map((frame) => stream.carry(frame))
  return { out: out.join(''), dropped: stream.dropped }
}
const final = (text: string) => openaiClient(text).responses.stream({ model: 'm', input: 'a' }).finalResponse()

const parameters = { type: 'object', properties: { city: { type: 'string' } } }
const conversation = {
  instructions: 'Be brief.',
  max_output_tokens: 50,
  tools: [{ type: 'function', name: 'weather', description: 'Tells it.', parameters, strict: true }],
  tool_choice: { type: 'function', name: 'weather' },
  reasoning: { effort: 'low' },
  text: { format: { type: 'json_schema', name: 'a', schema: parameters, strict: true } },
  store: true,
  input: [
    { role: 'developer', content: 'In metric units.' },
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'Here?' },
        { type: 'input_image', image_url: 'https://example.test/a.png', detail: 'low' },
        { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' },
      ],
    },
    {
      type: 'message',
      id: 'msg_1',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'Let me see.', annotations: [] }],
    },
    { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'weather', arguments: '{"city":"Bonn"}' },
    { type: 'function_call', call_id: 'c2', name: 'weather', arguments: '{}' },
    { type: 'function_call_output', call_id: 'c1', output: 'Rain.' },
    { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'Sun.' }] },
  ],
}

test('a conversation with tools, a picture and a file becomes a chat', () => {
  expect(request(responsesOverChat, conversation)).toEqual({
    model: 'm',
    max_completion_tokens: 50,
    reasoning_effort: 'low',
    response_format: { type: 'json_schema', json_schema: { name: 'a', schema: parameters, strict: true } },
    tools: [{ type: 'function', function: { name: 'weather', description: 'Tells it.', parameters, strict: true } }],
    tool_choice: { type: 'function', function: { name: 'weather' } },
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'system', content: 'In metric units.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Here?' },
          { type: 'image_url', image_url: { url: 'https://example.test/a.png', detail: 'low' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } },
        ],
      },
      {
        role: 'assistant',
        content: [{ type: 'text', text: 'Let me see.' }],
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bonn"}' } },
          { id: 'c2', type: 'function', function: { name: 'weather', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'Rain.' },
      { role: 'tool', tool_call_id: 'c2', content: [{ type: 'text', text: 'Sun.' }] },
    ],
  })
})

test('and by way of the chat a message of Anthropic’s', () => {
  const { input, ...rest } = conversation
  const lowless = input.map((item, i) => (i === 1 ? { role: 'user', content: 'Here?' } : item))
  expect(request(responsesOverMessages, { ...rest, input: lowless })).toMatchObject({
    max_tokens: 50,
    system: [{ text: 'Be brief.' }, { text: 'In metric units.' }],
    output_config: { effort: 'low', format: { type: 'json_schema' } },
    tools: [{ name: 'weather', input_schema: parameters, strict: true }],
    messages: [
      { role: 'user' },
      {
        role: 'assistant',
        content: [{ type: 'text' }, { type: 'tool_use', id: 'c1' }, { type: 'tool_use', id: 'c2' }],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c1' },
          { type: 'tool_result', tool_use_id: 'c2' },
        ],
      },
    ],
  })
  expect(adapterFor('openai-responses', 'anthropic-messages')).toBe(responsesOverMessages)
})

test('encrypted reasoning, ids of items and files, and other tools than functions never reach another issuer', () => {
  const refusal = (body: object, mayDrop: MayDrop = none): string => {
    try {
      request(responsesOverChat, body, mayDrop)
      return 'taken'
    } catch (error) {
      if (isMillraceError(error, 'model/foreign-field')) return error.details.field
      throw error
    }
  }
  const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' }
  const said = [reasoning, { role: 'user', content: 'a' }]
  expect(refusal({ input: said })).toBe('input.0.reasoning')
  expect(JSON.stringify(request(responsesOverChat, { input: said }, 'all'))).not.toContain('gAAA')
  expect(refusal({ input: [{ type: 'item_reference', id: 'rs_1' }] }, 'all')).toBe('input.0.type')
  const file = { role: 'user', content: [{ type: 'input_file', file_id: 'file-1' }] }
  expect(refusal({ input: [file] }, 'all')).toBe('input.0.content.0.file_id')
  expect(refusal({ input: 'a', tools: [{ type: 'custom', name: 'f' }] }, 'all')).toBe('tools.0.type')
  expect(refusal({ input: 'a', previous_response_id: 'resp_0' }, 'all')).toBe('previous_response_id')
})

const words = fc.string({ unit: 'grapheme', maxLength: 12 })
const count = fc.nat({ max: 1000 })
const completion = fc
  .record({
    content: words,
    refusal: fc.option(words, { freq: 4 }),
    calls: fc.array(fc.record({ name: fc.constantFrom('weather', 'order'), args: fc.json() }), { maxLength: 3 }),
    finish_reason: fc.constantFrom('stop', 'length', 'tool_calls', 'content_filter'),
    usage: fc.record({ prompt: count, cached: count, completion: count, reasoning: count }),
  })
  .map(({ calls, content, finish_reason, refusal, usage: u }) => ({
    id: 'chatcmpl-1',
    created: 1,
    model: 'gpt',
    choices: [
      {
        index: 0,
        finish_reason,
        message: {
          role: 'assistant',
          content,
          refusal,
          tool_calls: calls.map(({ name, args }, i) => ({
            id: `call_${i}`,
            type: 'function',
            function: { name, arguments: args },
          })),
        },
      },
    ],
    usage: {
      prompt_tokens: u.prompt + u.cached,
      completion_tokens: u.completion + u.reasoning,
      total_tokens: u.prompt + u.cached + u.completion + u.reasoning,
      prompt_tokens_details: { cached_tokens: u.cached },
      completion_tokens_details: { reasoning_tokens: u.reasoning },
    },
  }))
type Completion = typeof completion extends fc.Arbitrary<infer A> ? A : never

/** Calls come in turns where they are parallel: half of each, then the rest of each. */
function streamOf({ choices, usage, ...head }: Completion, isInTurns: boolean): string {
  const [choice] = choices
  const { content, refusal, tool_calls } = choice?.message ?? { content: '', refusal: null, tool_calls: [] }
  const chunk = (delta: object, finish_reason: string | null = null): object => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason }],
    usage: null,
  })
  const halves = tool_calls.map(({ function: { arguments: json, name }, ...call }, index) => {
    const half = Math.floor(json.length / 2)
    return [
      { tool_calls: [{ index, ...call, function: { name, arguments: json.slice(0, half) } }] },
      { tool_calls: [{ index, function: { arguments: json.slice(half) } }] },
    ] as const
  })
  const deltas = isInTurns ? [...halves.map(([a]) => a), ...halves.map(([, b]) => b)] : halves.flat()
  return dataEvents(
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: content.slice(0, 3) }),
    chunk({ content: content.slice(3) }),
    ...(refusal === null ? [] : [chunk({ refusal })]),
    ...deltas.map((delta) => chunk(delta)),
    chunk({}, choice?.finish_reason ?? 'stop'),
    { ...chunk({}), choices: [], usage },
  )
}

test('a chat for a client of responses: its stream is put together to the answer in one piece, also with calls in turns', async () => {
  await fc.assert(
    fc.asyncProperty(completion, fc.boolean(), async (whole, isInTurns) => {
      const inOne = JSON.parse(answer(responsesOverChat, whole).body) as OpenAI.Responses.Response
      const { out } = carry(responsesOverChat, streamOf(whole, isInTurns))
      const put = JSON.parse(JSON.stringify(await final(out))) as OpenAI.Responses.Response
      expect(put).toMatchObject(inOne)
      expect(responses.usageOf(inOne)).toEqual(chat.usageOf(whole))
      expect(responses.failureOf(inOne, 200)).toBeUndefined()
      const { reader } = listen(responses, out)
      expect([reader.isComplete, reader.usage]).toEqual([true, chat.usageOf(whole)])
      const listener = responses.listener()
      for (const frame of framesOf(out)) listener?.listen(frame)
      expect(listener?.said).toEqual(responses.saidIn(inOne))
    }),
    { numRuns: 150 },
  )
})

test('a stream that was cut is never carried to its end', () => {
  fc.assert(
    fc.property(completion, fc.nat(), (whole, cut) => {
      const blocks = streamOf(whole, false).split(/(?<=\n\n)/)
      const { out } = carry(responsesOverChat, blocks.slice(0, cut % (blocks.length - 1)).join(''))
      expect(listen(responses, out).reader.isComplete).toBe(false)
    }),
    { numRuns: 50 },
  )
})

const typed = (event: { readonly type: string; readonly [key: string]: unknown }): { readonly type: string } => event
const thought = namedEvents(
  typed({
    type: 'message_start',
    message: { id: 'msg_9', model: 'claude', content: [], usage: { input_tokens: 7, output_tokens: 1 } },
  }),
  typed({ type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } }),
  typed({ type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } }),
  typed({ type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: '{"city":"Bonn"}' } }),
  typed({
    type: 'content_block_start',
    index: 2,
    content_block: { type: 'tool_use', id: 't', name: 'weather', input: {} },
  }),
  typed({ type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"n":1' } }),
  typed({
    type: 'content_block_delta',
    index: 2,
    delta: { type: 'input_json_delta', partial_json: '2345678901234567890}' },
  }),
  typed({ type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } }),
  { type: 'message_stop' },
)

test('Anthropic for a client of responses, streamed and not: thinking stays with its issuer and is named', async () => {
  const { dropped, out } = carry(responsesOverMessages, thought)
  expect(dropped).toEqual(['content.*:thinking'])
  expect(out).toContain(': millrace-dropped content.*:thinking')
  const put = await final(out)
  expect(put).toMatchObject({ id: 'resp_1', status: 'completed', model: 'claude', output_text: '{"city":"Bonn"}' })
  expect(put.output).toMatchObject([
    { type: 'message' },
    { type: 'function_call', call_id: 't', name: 'weather', arguments: '{"n":12345678901234567890}' },
  ])
  expect(put.usage).toMatchObject({ input_tokens: 7, output_tokens: 9, total_tokens: 16 })
  const message = {
    id: 'msg_9',
    model: 'claude',
    content: [{ type: 'text', text: 'No.' }],
    stop_reason: 'refusal',
    stop_details: { type: 'refusal', explanation: 'I cannot.' },
    usage: { input_tokens: 7, output_tokens: 9 },
  }
  expect(JSON.parse(answer(responsesOverMessages, message).body)).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason: 'content_filter' },
    output: [
      {
        content: [
          { type: 'output_text', text: 'No.' },
          { type: 'refusal', refusal: 'I cannot.' },
        ],
      },
    ],
  })
})

test('the official client creates, and parses by its schema, from what is carried over', async () => {
  const whole = {
    id: 'chatcmpl-7',
    model: 'llama',
    choices: [{ message: { role: 'assistant', content: '{"city":"Bonn"}' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  }
  const { body } = answer(responsesOverChat, whole)
  const created = await openaiClient(body).responses.create({ model: 'm', input: 'where?' })
  expect([created.output_text, created.status]).toEqual(['{"city":"Bonn"}', 'completed'])
  const format = zodTextFormat(z.object({ city: z.string() }), 'place')
  const parsed = await openaiClient(body).responses.parse({ model: 'm', input: 'where?', text: { format } })
  expect(parsed.output_parsed).toEqual({ city: 'Bonn' })
  const { id: _, ...withoutId } = facts
  expect(JSON.parse(responsesOverChat.answer(Buffer.from(JSON.stringify(whole)), withoutId).body)).toMatchObject({
    id: 'resp_7',
  })
})

test('calls without a place or an id are told apart, and one without a name is the provider’s fault', async () => {
  const call = (name?: string): object => ({ function: { name, arguments: '{}' } })
  const stream = dataEvents(
    { id: 'c', choices: [{ delta: { tool_calls: [{ id: 'x', ...call('a') }] } }] },
    { id: 'c', choices: [{ delta: { tool_calls: [{ id: 'y', ...call('b') }] }, finish_reason: 'tool_calls' }] },
  )
  expect((await final(carry(responsesOverChat, stream).out)).output).toMatchObject([{ call_id: 'x' }, { call_id: 'y' }])
  expect(() => answer(responsesOverChat, { choices: [{ message: { tool_calls: [call()] } }] })).toThrow(/no name/)
})
