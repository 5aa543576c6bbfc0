import type Anthropic from '@anthropic-ai/sdk'
import fc from 'fast-check'
import type OpenAI from 'openai'
import { expect, test } from 'vitest'
import { contextOf } from '../cost/usage.ts'
import { dialects } from './dialects.ts'
import { dataEvents, listen, namedEvents } from './testing.ts'

const count = fc.nat({ max: 1_000_000 })
const chat = dialects['openai-chat']
const responses = dialects['openai-responses']
const messages = dialects['anthropic-messages']

const openaiCounts = fc.record({ fresh: count, read: count, written: count, output: count, reasoning: count })

test('chat: streamed usage equals unstreamed, and no token is counted twice or lost', () => {
  fc.assert(
    fc.property(openaiCounts, fc.constantFrom(null, 'default', 'priority', 'flex'), (c, tier) => {
      const usage: OpenAI.CompletionUsage = {
        prompt_tokens: c.fresh + c.read + c.written,
        completion_tokens: c.output + c.reasoning,
        total_tokens: c.fresh + c.read + c.written + c.output + c.reasoning,
        prompt_tokens_details: { cached_tokens: c.read, cache_write_tokens: c.written },
        completion_tokens_details: { reasoning_tokens: c.reasoning },
      }
      const unstreamed = chat.usageOf({ choices: [], usage, service_tier: tier })
      const stream = dataEvents(
        { choices: [{ index: 0, delta: { content: 'a' }, finish_reason: 'stop' }], usage: null, service_tier: tier },
        { choices: [], usage, service_tier: tier },
        { choices: [], usage, service_tier: tier }, // a repeated event is no second use
      )
      expect(listen(chat, stream).reader.usage).toEqual(unstreamed)
      expect(unstreamed).toEqual({
        input: c.fresh,
        cacheRead: c.read,
        cacheWrite: c.written,
        cacheWriteLong: 0,
        output: c.output,
        reasoning: c.reasoning,
        ...(tier !== null && tier !== 'default' && { tier }),
      })
    }),
  )
})

test('responses: streamed usage equals unstreamed', () => {
  fc.assert(
    fc.property(openaiCounts, fc.constantFrom('completed', 'incomplete'), (c, status) => {
      const response = {
        status,
        model: 'm',
        output: [],
        service_tier: 'flex',
        usage: {
          input_tokens: c.fresh + c.read + c.written,
          output_tokens: c.output + c.reasoning,
          total_tokens: 0,
          input_tokens_details: { cached_tokens: c.read, cache_write_tokens: c.written },
          output_tokens_details: { reasoning_tokens: c.reasoning },
        },
      }
      const stream = namedEvents(
        { type: 'response.created', response: { ...response, usage: null } } as { type: string },
        { type: `response.${status}`, response } as { type: string },
      )
      const { reader } = listen(responses, stream)
      expect(reader.usage).toEqual(responses.usageOf(response))
      expect(reader.usage).toMatchObject({ input: c.fresh, output: c.output, reasoning: c.reasoning, tier: 'flex' })
      expect(reader.isComplete).toBe(true)
    }),
  )
})

const anthropicCounts = fc.record({
  input: count,
  read: count,
  short: count,
  long: count,
  output: count,
  thinking: count,
  tier: fc.constantFrom<'standard' | 'priority' | null>('standard', 'priority', null),
  repeats: fc.boolean(),
})

test('messages: streamed usage equals unstreamed, cache writes by their lifetime', () => {
  fc.assert(
    fc.property(anthropicCounts, (c) => {
      const usage: Anthropic.Usage = {
        input_tokens: c.input,
        output_tokens: c.output + c.thinking,
        cache_read_input_tokens: c.read,
        cache_creation_input_tokens: c.short + c.long,
        cache_creation: { ephemeral_5m_input_tokens: c.short, ephemeral_1h_input_tokens: c.long },
        output_tokens_details: { thinking_tokens: c.thinking },
        service_tier: c.tier,
        inference_geo: null,
        server_tool_use: null,
        speed: null,
      }
      const { cache_creation: _split, service_tier: _tier, ...told } = usage
      const start = { ...usage, output_tokens: 1, output_tokens_details: null }
      const stream = namedEvents(
        { type: 'message_start', message: { model: 'm', usage: start } } as { type: string },
        // The numbers are cumulative: an earlier delta is not added to the later one.
        { type: 'message_delta', delta: {}, usage: { output_tokens: 1 } } as { type: string },
        {
          type: 'message_delta',
          delta: { stop_reason: 'end_turn' },
          usage: c.repeats
            ? told
            : { output_tokens: told.output_tokens, output_tokens_details: told.output_tokens_details },
        } as { type: string },
        { type: 'message_stop' },
      )
      const { reader } = listen(messages, stream)
      expect(reader.usage).toEqual(messages.usageOf({ usage }))
      expect(reader.usage).toEqual({
        input: c.input,
        cacheRead: c.read,
        cacheWrite: c.short,
        cacheWriteLong: c.long,
        output: c.output,
        reasoning: c.thinking,
        ...(c.tier === 'priority' && { tier: 'priority' }),
      })
      expect(reader.isComplete).toBe(true)
    }),
  )
})

test('cache writes that a stream tells without their lifetime are of the one that it used', () => {
  const usage = { input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 100 }
  const long = { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 40 }
  expect(messages.usageOf({ usage })).toMatchObject({ cacheWrite: 100, cacheWriteLong: 0 })
  expect(messages.usageOf({ usage: { ...usage, cache_creation: long } })).toMatchObject({
    cacheWrite: 0,
    cacheWriteLong: 100,
  })
})

test('a part that message_delta leaves out or sends as null stands as message_start told it', () => {
  const start = { input_tokens: 5, output_tokens: 1, cache_read_input_tokens: 7 }
  const delta = { output_tokens: 9, input_tokens: null, cache_read_input_tokens: null }
  const { reader } = listen(
    messages,
    namedEvents(
      { type: 'message_start', message: { usage: start } } as { type: string },
      { type: 'message_delta', delta: {}, usage: delta } as { type: string },
    ),
  )
  expect(reader.usage).toMatchObject({ input: 5, cacheRead: 7, output: 9 })
})

test('usage that is no usage is unknown, never zero', () => {
  for (const wrong of [
    undefined,
    null,
    {},
    [],
    { prompt_tokens: '5' },
    { prompt_tokens: -1 },
    { prompt_tokens: 0.5 },
  ]) {
    expect(chat.usageOf({ choices: [], usage: wrong })).toBeUndefined()
    expect(messages.usageOf({ content: [], usage: wrong })).toBeUndefined()
  }
  expect(chat.usageOf('garbage')).toBeUndefined()
  expect(listen(chat, dataEvents({ choices: [{ index: 0, delta: { content: 'a' } }] })).reader.usage).toBeUndefined()
})

test('reasoning that a server counts beside the completion is not taken out of it', () => {
  const details = { completion_tokens_details: { reasoning_tokens: 30 } }
  const inside = { prompt_tokens: 10, completion_tokens: 50, total_tokens: 60, ...details }
  const beside = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 60, ...details }
  expect(chat.usageOf({ usage: inside })).toEqual(chat.usageOf({ usage: beside }))
})

test('what OpenAI writes into its cache of longer life is told apart', () => {
  const written = { cached_tokens: 0, cache_write_tokens: 10, cache_write_tokens_details: { ttl_12h_tokens: 4 } }
  const usage = { input_tokens: 15, output_tokens: 1, input_tokens_details: written }
  expect(responses.usageOf({ usage })).toMatchObject({ input: 5, cacheWrite: 6, cacheWriteLong: 4 })
})

test('embeddings are input alone', () => {
  const usage = dialects['openai-embeddings'].usageOf({ data: [], usage: { prompt_tokens: 7, total_tokens: 7 } })
  expect(usage).toMatchObject({ input: 7, output: 0 })
  expect(usage && contextOf(usage)).toBe(7)
})

test('fast mode is priced apart, so it is a tier', () => {
  const usage = { input_tokens: 1, output_tokens: 1, service_tier: 'standard', speed: 'fast' }
  expect(messages.usageOf({ usage })).toMatchObject({ tier: 'fast' })
})
