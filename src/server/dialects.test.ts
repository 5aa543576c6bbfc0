import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ScriptedUpstream } from '../models/providers/testing.ts'
import { callPage, trialView } from './api/call-schemas.ts'
import { armsView, latencyView } from './api/measure-schemas.ts'
import { type TestServer, testServer } from './testing.ts'

// The official clients, unchanged but for their base URL and key, against the real server. Behind it stands a scripted upstream, which says so.

let upstream: ScriptedUpstream
let server: TestServer
let openai: OpenAI
let anthropic: Anthropic
beforeAll(async () => {
  upstream = await ScriptedUpstream.start({ does: 'answer' })
  const price = { currency: 'USD', from: '2020-01-01', input: '1', output: '1' }
  server = await testServer({
    models: {
      small: { provider: 'openai-compatible', model: 'llama', url: `${upstream.url}/v1`, sees: ['public', 'internal'] },
      calm: { provider: 'anthropic', model: 'calm-1', url: upstream.url, sees: ['public', 'internal'] },
    },
    routes: {
      chat: { targets: ['small'], aliases: ['gpt-4o'] },
      talk: { targets: ['calm'] },
    },
    prices: [
      { provider: 'openai-compatible', model: 'llama', ...price },
      { provider: 'anthropic', model: 'calm-1', ...price },
    ],
    budgets: [{ id: 'clients', currency: 'USD', period: 'day', cap: '5' }],
    gateway: { budgets: ['clients'], dataClass: 'internal' },
  })
  openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: server.key, maxRetries: 0 })
  anthropic = new Anthropic({ baseURL: server.url, apiKey: server.key, maxRetries: 0 })
})
beforeEach(() => {
  upstream.otherwise = { does: 'answer', text: 'Hello there.', usage: { input: 20, output: 5 } }
})
afterAll(async () => {
  await server.stop()
  await upstream.close()
})

const messages = [{ role: 'user' as const, content: 'Hi' }]
const spent = async (): Promise<{ held: bigint; spent: bigint }> => {
  const { rows } = await server.database.ownerPool.query<{ held: string; spent: string }>(
    `select coalesce(sum(held), 0) as held, coalesce(sum(spent), 0) as spent from budget_period where budget = 'clients'`,
  )
  return { held: BigInt(rows[0]?.held ?? 0), spent: BigInt(rows[0]?.spent ?? 0) }
}

describe('the client of OpenAI', () => {
  test('asks by a route or by its alias, and what it used is booked', async () => {
    const before = await spent()
    for (const model of ['chat', 'gpt-4o']) {
      const answer = await openai.chat.completions.create({ model, messages, max_completion_tokens: 50 })
      expect(answer.choices[0]?.message.content).toBe('Hello there.')
    }
    await expect.poll(spent).toEqual({ held: 0n, spent: before.spent + 50_000n }) // 25 tokens at 1,000 nano each, twice
  })

  test('reads a stream to its end, and one that is cut as an error', async () => {
    const parts: string[] = []
    const stream = await openai.chat.completions.create({ model: 'chat', messages, stream: true })
    for await (const chunk of stream) parts.push(chunk.choices[0]?.delta.content ?? '')
    expect(parts.join('')).toBe('Hello there.')
    upstream.otherwise = { does: 'truncate' }
    const cut = await openai.chat.completions.create({ model: 'chat', messages, stream: true })
    await expect(
      (async () => {
        for await (const _ of cut);
      })(),
    ).rejects.toThrow(/closed the connection early/)
  })

  test('leaves a stream: the socket to the provider is freed, and nothing stays held', async () => {
    upstream.otherwise = { does: 'answer', text: 'One two three.', held: 'events' }
    const asked = upstream.calls.length
    const steps = setInterval(() => upstream.calls[asked]?.release(), 1)
    const stream = await openai.chat.completions.create({ model: 'chat', messages, stream: true })
    clearInterval(steps)
    for await (const _ of stream) break
    await upstream.until(() => upstream.calls.at(-1)?.state === 'left')
    await expect.poll(async () => (await spent()).held).toBe(0n)
  })

  test('hears an error of ours as one of its own', async () => {
    await expect(openai.chat.completions.create({ model: 'nobody', messages })).rejects.toMatchObject({
      status: 404,
      code: 'model/no-such-route',
    })
    const wrong = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'mr_wrong', maxRetries: 0 })
    await expect(wrong.chat.completions.create({ model: 'chat', messages })).rejects.toMatchObject({ status: 401 })
  })

  test('lists routes and aliases as models', async () => {
    const ids: string[] = []
    for await (const { id } of openai.models.list()) ids.push(id)
    expect(ids.toSorted()).toEqual(['chat', 'gpt-4o', 'talk'])
  })
})

describe('the client of Anthropic', () => {
  test('asks, streams, and lists', async () => {
    const answer = await anthropic.messages.create({ model: 'talk', max_tokens: 50, messages })
    expect(answer.content).toMatchObject([{ type: 'text', text: 'Hello there.' }])
    const stream = anthropic.messages.stream({ model: 'talk', max_tokens: 50, messages })
    expect(await stream.finalText()).toBe('Hello there.')
    expect((await anthropic.models.list()).data.map(({ id }) => id).toSorted()).toEqual(['chat', 'gpt-4o', 'talk'])
    expect(upstream.calls.at(-1)?.headers).not.toHaveProperty('authorization') // our key is none of the provider's
  })

  test('hears an error in its own words', async () => {
    await expect(anthropic.messages.create({ model: 'nobody', max_tokens: 50, messages })).rejects.toMatchObject({
      status: 404,
      error: { type: 'error' },
    })
  })
})

test('a body that is too large or no JSON is refused in the dialect, and nothing is held', async () => {
  const post = (body: string): Promise<Response> => server.ask('/v1/chat/completions', { method: 'POST', body })
  expect((await post('{')).status).toBe(400)
  expect((await post('x'.repeat(33 * 1024 * 1024))).status).toBe(413)
  expect((await spent()).held).toBe(0n)
})

test('calls are measured: percentiles, the read-out of arms, and figures for Prometheus without a client’s words', async () => {
  await openai.chat.completions.create({ model: 'chat', messages })
  await openai.chat.completions.create({ model: 'no-such-route', messages }).catch(() => undefined)
  const latency = async () =>
    latencyView.parse(await (await server.ask('/api/v1/measures/latency?by=route')).json()).figures
  await expect.poll(async () => (await latency()).find(({ name }) => name === 'chat')?.total.count).toBeGreaterThan(0)
  const { arms } = armsView.parse(await (await server.ask('/api/v1/routes/chat/arms')).json())
  expect(arms).toMatchObject([{ arm: 'small', costs: [{ currency: 'USD' }] }])
  const metrics = await (await server.ask('/metrics')).text()
  expect(metrics).toContain(
    'millrace_model_calls_total{route="chat",dialect="openai-chat",provider="openai-compatible",model="small"',
  )
  expect(metrics).toContain('millrace_model_breaker_open{model="small@')
  expect(metrics).not.toContain('no-such-route')
})

test('a call is found again by its id with each attempt, and a route is tried with its lineage shown', async () => {
  const tried = await server.ask('/api/v1/routes/chat/try', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'Hi', dataClass: 'internal' }),
  })
  const { call, text } = trialView.parse(await tried.json())
  expect([text, call.answered?.model, call.cost, call.attempts.length]).toEqual([
    'Hello there.',
    'small',
    { nano: '25000', currency: 'USD' },
    1,
  ])
  const found = async (): Promise<unknown> => (await server.ask(`/api/v1/calls/${call.id}`)).json()
  await expect.poll(found).toEqual(call)
  const page = callPage.parse(await (await server.ask('/api/v1/calls?route=chat&limit=1')).json())
  expect(page.calls[0]?.id).toBe(call.id)
  const none = await server.ask('/api/v1/calls/cal_0190a1b2c3d47e5f8a9b0c1d2e3f4a5b')
  expect([none.status, await none.json()]).toMatchObject([404, { code: 'model/no-such-call' }])
})

test('a server whose project does not open the gateway takes no call', async () => {
  const closed = await testServer()
  try {
    const answer = await closed.ask('/v1/models')
    expect([answer.status, await answer.json()]).toMatchObject([404, { error: { code: 'api/no-gateway' } }])
  } finally {
    await closed.stop()
  }
})
