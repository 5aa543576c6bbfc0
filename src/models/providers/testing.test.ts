import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ScriptedUpstream } from './testing.ts'

// The scripted upstream stands in for providers in many tests: the providers' own clients must not see a difference.

let scripted: ScriptedUpstream
let openai: OpenAI
let anthropic: Anthropic
const text = 'One two three.'
const usage = { input: 7, cacheRead: 5, output: 3, reasoning: 2 }

beforeEach(async () => {
  scripted = await ScriptedUpstream.start({ does: 'answer', text, usage })
  openai = new OpenAI({ apiKey: 'k', baseURL: `${scripted.url}/v1`, maxRetries: 0 })
  anthropic = new Anthropic({ apiKey: 'k', baseURL: scripted.url, maxRetries: 0 })
})
afterEach(() => scripted.close())

const messages = [{ role: 'user' as const, content: 'Hello' }]

test('OpenAI’s client reads chat completions, stream and not, with the usage that is counted', async () => {
  const whole = await openai.chat.completions.create({ model: 'm', messages })
  expect(whole.choices[0]?.message.content).toBe(text)
  const streamed = await openai.chat.completions
    .stream({ model: 'm', messages, stream_options: { include_usage: true } })
    .finalChatCompletion()
  expect(streamed.choices[0]?.message.content).toBe(text)
  expect(streamed.usage).toEqual(whole.usage)
  expect(whole.usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 })
  expect(scripted.used).toMatchObject({ input: 14, cacheRead: 10, output: 6, reasoning: 4 })
})

test('OpenAI’s client reads responses and embeddings', async () => {
  const whole = await openai.responses.create({ model: 'm', input: 'Hello' })
  expect([whole.output_text, whole.usage?.output_tokens]).toEqual([text, 5])
  const streamed = await openai.responses.stream({ model: 'm', input: 'Hello' }).finalResponse()
  expect(streamed.output_text).toBe(text)
  const { data } = await openai.embeddings.create({ model: 'm', input: ['a', 'b'] })
  expect(data.map(({ embedding }) => embedding[1])).toEqual([0.5, 0.5])
})

test('Anthropic’s client reads messages, stream and not', async () => {
  const whole = await anthropic.messages.create({ model: 'm', max_tokens: 9, messages })
  const streamed = await anthropic.messages.stream({ model: 'm', max_tokens: 9, messages }).finalMessage()
  for (const { content, usage } of [whole, streamed]) {
    expect(content).toMatchObject([{ type: 'text', text }])
    expect(usage).toMatchObject({ input_tokens: 7, cache_read_input_tokens: 5, output_tokens: 5 })
  }
})

test('clients see its faults as a provider’s', async () => {
  scripted.next({ does: 'status', status: 429, headers: { 'retry-after': '3' } }, { does: 'error-inside' })
  await expect(openai.chat.completions.create({ model: 'm', messages })).rejects.toMatchObject({ status: 429 })
  const stream = anthropic.messages.stream({ model: 'm', max_tokens: 9, messages })
  await expect(stream.finalMessage()).rejects.toThrow(/Overloaded/)
  scripted.next({ does: 'duplicate' }, { does: 'drip', text }, { does: 'truncate' })
  const read = (): Promise<string | null> => openai.chat.completions.stream({ model: 'm', messages }).finalContent()
  expect(await read()).toBe('This This text is scripted, no model wrote it.')
  expect(await read()).toBe(text)
  await expect(openai.chat.completions.create({ model: 'm', messages })).rejects.toThrow(/JSON/)
})

test('it counts its calls, and what became of each', async () => {
  scripted.next({ does: 'close', after: 'headers' })
  await expect(openai.chat.completions.create({ model: 'm', messages })).rejects.toThrow()
  await openai.chat.completions.create({ model: 'm', messages })
  await scripted.until(() => scripted.calls.every(({ state }) => state !== 'open'))
  expect(scripted.calls.map(({ behaviour, state }) => [behaviour, state])).toEqual([
    ['close', 'cut'],
    ['answer', 'whole'],
  ])
  await scripted.refuse()
  await expect(openai.models.list()).rejects.toThrow()
  await scripted.accept()
  expect((await openai.chat.completions.create({ model: 'm', messages })).model).toBe('m')
})
