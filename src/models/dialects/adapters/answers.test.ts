import type Anthropic from '@anthropic-ai/sdk'
import fc from 'fast-check'
import type OpenAI from 'openai'
import { expect, test } from 'vitest'
import { isMillraceError } from '../../../core/errors/millrace-error.ts'
import type { DialectName } from '../dialect.ts'
import { dialects } from '../dialects.ts'
import type { Said } from '../said.ts'
import { anthropicClient, dataEvents, framesOf, namedEvents, openaiClient } from '../testing.ts'
import type { Adapter } from './adapter.ts'
import { chatOverMessages, messagesOverChat } from './adapters.ts'

// Answers from a provider of the other dialect: streamed, put together by the official client, they equal the same answer in one piece.

const chat = dialects['openai-chat']
const messages = dialects['anthropic-messages']
const facts = { created: 1_700_000_000, asksUsage: true }
const said = [{ role: 'user' as const, content: 'hello' }]

function carry(adapter: Adapter, text: string): { out: string; dropped: readonly string[] } {
  const stream = adapter.stream(facts)
  const out = framesOf(text).map((frame) => stream.carry(frame))
  return { out: out.join(''), dropped: stream.dropped }
}

const answer = (adapter: Adapter, body: object): { body: string; dropped: readonly string[] } =>
  adapter.answer(Buffer.from(JSON.stringify(body)), facts)

const chatFinal = (body: string): Promise<OpenAI.ChatCompletion> =>
  openaiClient(body)
    .chat.completions.stream({ model: 'm', messages: said, stream_options: { include_usage: true } })
    .finalChatCompletion()

const messageFinal = (body: string): Promise<Anthropic.Message> =>
  anthropicClient(body).messages.stream({ model: 'm', max_tokens: 9, messages: said }).finalMessage()

/** What a stream says, put together. */
function heard(name: DialectName, text: string): Said | undefined {
  const listener = dialects[name].listener()
  for (const frame of framesOf(text)) listener?.listen(frame)
  return listener?.said
}

/** A text in pieces. */
const pieces = (text: string, sizes: readonly number[]): string[] => {
  const out: string[] = []
  let rest = text
  for (const size of sizes) {
    out.push(rest.slice(0, size))
    rest = rest.slice(size)
  }
  return [...out, rest].filter((piece) => piece !== '')
}

const words = fc.string({ unit: 'grapheme', maxLength: 20 })
const input = fc.dictionary(
  fc.constantFrom('city', 'n', 'list'),
  fc.oneof(words, fc.integer(), fc.array(fc.boolean(), { maxLength: 3 })),
)
const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 6 })
const count = fc.nat({ max: 100_000 })

const block = fc.oneof(
  fc.record({ type: fc.constant('text' as const), text: words }),
  fc.record({ type: fc.constant('tool_use' as const), name: fc.constantFrom('weather', 'order'), input }),
  fc.record({ type: fc.constant('thinking' as const), thinking: words, signature: fc.constant('c2ln') }),
)

const anthropicAnswer = fc
  .record({
    blocks: fc.array(block, { maxLength: 5 }),
    stop_reason: fc.constantFrom('end_turn', 'max_tokens', 'tool_use', 'stop_sequence', 'refusal'),
    usage: fc.record({
      input_tokens: count,
      output_tokens: count,
      cache_read_input_tokens: count,
      cache_creation_input_tokens: count,
      service_tier: fc.constantFrom('standard', 'priority'),
    }),
  })
  .map(({ blocks, stop_reason, usage }) => ({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content: blocks.map((block, i) => (block.type === 'tool_use' ? { ...block, id: `toolu_${i}` } : block)),
    stop_reason,
    stop_sequence: null,
    stop_details: stop_reason === 'refusal' ? { type: 'refusal', category: null, explanation: 'no' } : null,
    usage,
  }))

function anthropicStream(
  whole: typeof anthropicAnswer extends fc.Arbitrary<infer A> ? A : never,
  sizes: number[],
): string {
  const events: { readonly type: string; readonly [key: string]: unknown }[] = [
    {
      type: 'message_start',
      message: { ...whole, content: [], stop_reason: null, usage: { ...whole.usage, output_tokens: 1 } },
    },
    { type: 'ping' },
  ]
  for (const [index, block] of whole.content.entries()) {
    const empty = {
      text: { type: 'text', text: '' },
      thinking: { type: 'thinking', thinking: '', signature: '' },
      tool_use: { ...block, input: {} },
    }[block.type]
    events.push({ type: 'content_block_start', index, content_block: empty })
    const told =
      block.type === 'text' ? block.text : block.type === 'thinking' ? block.thinking : JSON.stringify(block.input)
    const isEmptyCall = block.type === 'tool_use' && told === '{}'
    for (const piece of isEmptyCall ? [] : pieces(told, sizes)) {
      const delta = {
        text: { type: 'text_delta', text: piece },
        thinking: { type: 'thinking_delta', thinking: piece },
        tool_use: { type: 'input_json_delta', partial_json: piece },
      }[block.type]
      events.push({ type: 'content_block_delta', index, delta })
    }
    events.push({ type: 'content_block_stop', index })
  }
  const { stop_reason, stop_details, usage } = whole
  events.push(
    { type: 'message_delta', delta: { stop_reason, stop_details }, usage: { output_tokens: usage.output_tokens } },
    { type: 'message_stop' },
  )
  return namedEvents(...events)
}

test('Anthropic for a chat client: what its stream is put together to equals the answer in one piece', async () => {
  await fc.assert(
    fc.asyncProperty(anthropicAnswer, sizes, async (whole, sizes) => {
      const inOne = answer(chatOverMessages, whole)
      const streamed = carry(chatOverMessages, anthropicStream(whole, sizes))
      const direct = JSON.parse(inOne.body) as OpenAI.ChatCompletion
      // A client's own list of deltas has no raw calls beside the parsed ones; what it parses from them is not ours.
      const final = JSON.parse(JSON.stringify(await chatFinal(streamed.out))) as OpenAI.ChatCompletion
      expect(final).toMatchObject(direct)
      expect(streamed.dropped).toEqual(inOne.dropped)
      expect(heard('anthropic-messages', anthropicStream(whole, sizes))).toEqual(messages.saidIn(whole))
      expect(heard('openai-chat', streamed.out)).toEqual(chat.saidIn(direct))
      expect(messages.saidIn(whole)).toEqual(chat.saidIn(direct))
      // The client adds up what the gateway books.
      const used = messages.usageOf(whole)
      expect({ ...chat.usageOf(direct), tier: used?.tier }).toEqual({ ...used, tier: used?.tier })
    }),
    { numRuns: 200 },
  )
})

const chatAnswer = fc
  .record({
    content: words,
    refusal: fc.option(words, { freq: 4 }),
    calls: fc.array(fc.record({ name: fc.constantFrom('weather', 'order'), input }), { maxLength: 4 }),
    finish_reason: fc.constantFrom('stop', 'length', 'tool_calls', 'content_filter'),
    usage: fc.record({ prompt: count, cached: count, completion: count, reasoning: count }),
  })
  .map(({ content, refusal, calls, finish_reason, usage: u }) => ({
    id: 'chatcmpl-1',
    object: 'chat.completion',
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
          tool_calls: calls.map(({ name, input }, i) => ({
            id: `call_${i}`,
            type: 'function',
            function: { name, arguments: JSON.stringify(input) },
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
    service_tier: 'default',
  }))

function chatStream(
  whole: typeof chatAnswer extends fc.Arbitrary<infer A> ? A : never,
  sizes: number[],
  isInTurns: boolean,
): string {
  const { choices, usage, ...head } = whole
  const [choice] = choices
  if (!choice) return ''
  const { content, refusal, tool_calls } = choice.message
  const chunk = (delta: object, finish: string | null = null): object => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: finish }],
    usage: null,
  })
  const starts = tool_calls.map((call, index) => ({
    tool_calls: [{ index, ...call, function: { name: call.function.name, arguments: '' } }],
  }))
  const parts = tool_calls.map((call, index) =>
    pieces(call.function.arguments, sizes).map((piece) => ({
      tool_calls: [{ index, function: { arguments: piece } }],
    })),
  )
  const turns = Math.max(0, ...parts.map((list) => list.length))
  const inTurns = [...starts, ...Array.from({ length: turns }, (_, i) => parts.flatMap((list) => list[i] ?? [])).flat()]
  const inOrder = starts.flatMap((start, i) => [start, ...(parts[i] ?? [])])
  return dataEvents(
    chunk({ role: 'assistant', content: '' }),
    ...pieces(content, sizes).map((piece) => chunk({ content: piece })),
    ...pieces(refusal ?? '', sizes).map((piece) => chunk({ refusal: piece })),
    ...(isInTurns ? inTurns : inOrder).map((delta) => chunk(delta)),
    chunk({}, choice.finish_reason),
    { ...chunk({}), choices: [], usage },
  )
}

test('OpenAI for a client of messages: equal too, also where the calls come in turns', async () => {
  await fc.assert(
    fc.asyncProperty(chatAnswer, sizes, fc.boolean(), async (whole, sizes, isInTurns) => {
      const inOne = answer(messagesOverChat, whole)
      const streamed = carry(messagesOverChat, chatStream(whole, sizes, isInTurns))
      const final = JSON.parse(JSON.stringify(await messageFinal(streamed.out))) as Anthropic.Message
      expect(final).toMatchObject(JSON.parse(inOne.body) as object)
      expect(messages.usageOf(final)).toEqual(chat.usageOf(whole))
      expect(heard('openai-chat', chatStream(whole, sizes, isInTurns))).toEqual(chat.saidIn(whole))
      expect(heard('anthropic-messages', streamed.out)).toEqual(messages.saidIn(final))
      // As Anthropic sends them: a block is over before the next begins.
      const places = [...streamed.out.matchAll(/"type":"content_block_(start|stop)","index":(\d+)/g)]
      expect(places.map(([, what, index]) => `${what} ${index}`)).toEqual(
        final.content.flatMap((_, i) => [`start ${i}`, `stop ${i}`]),
      )
    }),
    { numRuns: 200 },
  )
})

test('a stream that was cut is never carried to its end', () => {
  fc.assert(
    fc.property(anthropicAnswer, chatAnswer, fc.nat(), (message, completion, cut) => {
      const sides = [
        { adapter: chatOverMessages, text: anthropicStream(message, []), end: '[DONE]' },
        { adapter: messagesOverChat, text: chatStream(completion, [], false), end: 'message_stop' },
      ]
      for (const { adapter, text, end } of sides) {
        const blocks = text.split(/(?<=\n\n)/)
        const kept = blocks.slice(0, cut % blocks.length).join('')
        expect(carry(adapter, kept).out).not.toContain(`data: ${end}`)
        expect(carry(adapter, kept).out).not.toContain(`event: ${end}`)
        expect(carry(adapter, text).out).toContain(end)
      }
    }),
    { numRuns: 50 },
  )
})

test('a number in a call keeps its digits: another order’s number would be another order', () => {
  const content = '"content":[{"type":"tool_use","id":"t","name":"order","input":{"n":12345678901234567890,"x":1.0}}]'
  const message = chatOverMessages.answer(Buffer.from(`{"id":"m",${content},"stop_reason":"tool_use"}`), facts)
  expect(message.body).toContain(String.raw`{\"n\":12345678901234567890,\"x\":1}`)
  const call = String.raw`{"id":"c","function":{"name":"order","arguments":"{\"n\":12345678901234567890}"}}`
  const chat = messagesOverChat.answer(Buffer.from(`{"choices":[{"message":{"tool_calls":[${call}]}}]}`), facts)
  expect(chat.body).toContain('"input":{"n":12345678901234567890}')
})

test('what an answer loses is named: thinking, citations, probabilities', () => {
  const thought = { type: 'thinking', thinking: 'hm', signature: 's' }
  const cited = { type: 'text', text: 'a', citations: [{ type: 'char_location' }] }
  const message = {
    id: 'm',
    content: [thought, cited],
    stop_reason: 'stop_sequence',
    stop_sequence: 'END',
    new_field: 1,
  }
  expect(answer(chatOverMessages, message).dropped).toEqual([
    'content.*.citations',
    'content.*:thinking',
    'new_field',
    'stop_sequence',
  ])
  const choice = { message: { content: 'a', reasoning_content: 'hm' }, logprobs: { content: [] } }
  expect(answer(messagesOverChat, { choices: [choice] }).dropped).toEqual([
    'choices.*.logprobs',
    'choices.*.message.reasoning_content',
  ])
  const { out } = carry(messagesOverChat, dataEvents({ choices: [{ delta: { reasoning_content: 'hm' } }] }))
  expect(out).toContain(': millrace-dropped choices.*.message.reasoning_content\n\n')
})

test('calls that are no calls are a provider’s fault, in one piece and in a stream', () => {
  for (const call of [{ function: { name: 'f', arguments: '{"a":' } }, { function: { arguments: '{}' } }]) {
    const isMalformed = (error: unknown): boolean => isMillraceError(error, 'model/malformed-answer')
    const attempts = [
      () => answer(messagesOverChat, { choices: [{ message: { tool_calls: [call] } }] }),
      () => carry(messagesOverChat, dataEvents({ choices: [{ delta: { tool_calls: [{ index: 0, ...call }] } }] })),
    ]
    for (const attempt of attempts) {
      try {
        attempt()
        expect.unreachable()
      } catch (error) {
        expect(isMalformed(error)).toBe(true)
      }
    }
  }
})

test('a refusal of OpenAI’s is one for Anthropic’s clients, though it ended as any answer', () => {
  const refused = { choices: [{ message: { content: null, refusal: 'I cannot.' }, finish_reason: 'stop' }] }
  expect(JSON.parse(answer(messagesOverChat, refused).body)).toMatchObject({
    content: [{ type: 'text', text: 'I cannot.' }],
    stop_reason: 'refusal',
    stop_details: { type: 'refusal' },
  })
})

test('usage that comes before the last chunk is told at the end', () => {
  const usage = { prompt_tokens: 3, completion_tokens: 2 }
  const { out } = carry(
    messagesOverChat,
    dataEvents(
      { choices: [{ delta: { content: 'a' } }], usage },
      { choices: [{ delta: {}, finish_reason: 'stop' }], usage: null },
    ),
  )
  expect(out).toMatch(/"message_delta".*"input_tokens":3.*"output_tokens":2/)
})

test('calls without a place or an id, as smaller servers send them, are told apart', async () => {
  const call = (name: string): object => ({ function: { name, arguments: '{}' } })
  const whole = { id: 'c', choices: [{ message: { tool_calls: [call('a'), call('b')] }, finish_reason: 'stop' }] }
  const message = JSON.parse(answer(messagesOverChat, whole).body) as Anthropic.Message
  expect(message.content).toMatchObject([{ id: 'c_0' }, { id: 'c_1' }])
  expect(message.stop_reason).toBe('tool_use')
  const stream = dataEvents(
    { id: 'c', choices: [{ delta: { tool_calls: [{ id: 'x', ...call('a') }] } }] },
    { id: 'c', choices: [{ delta: { tool_calls: [{ id: 'y', ...call('b') }] }, finish_reason: 'stop' }] },
  )
  expect((await messageFinal(carry(messagesOverChat, stream).out)).content).toMatchObject([
    { id: 'x', name: 'a' },
    { id: 'y', name: 'b' },
  ])
})
