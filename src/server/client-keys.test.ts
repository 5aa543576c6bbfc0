import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { mainTenant } from '../core/ids.ts'
import { ScriptedUpstream } from '../models/providers/testing.ts'
import { newKeyView } from './api/key-routes.ts'
import { type TestServer, testServer } from './testing.ts'

// Keys for models, made over the API and used over HTTP.

let upstream: ScriptedUpstream
let server: TestServer
beforeAll(async () => {
  upstream = await ScriptedUpstream.start({ does: 'answer' })
  server = await testServer({
    models: {
      small: { provider: 'openai-compatible', model: 'llama', url: `${upstream.url}/v1`, sees: ['public', 'internal'] },
    },
    routes: { chat: { targets: ['small'], aliases: ['gpt-4o'] }, hidden: { targets: ['small'] } },
    prices: [
      { provider: 'openai-compatible', model: 'llama', currency: 'USD', from: '2020-01-01', input: '1', output: '1' },
    ],
    budgets: [
      { id: 'clients', currency: 'USD', period: 'day', cap: '5' },
      { id: 'shop', parent: 'clients', currency: 'USD', period: 'day', cap: '1' },
      { id: 'poor', currency: 'USD', period: 'day', cap: '0.000001' },
    ],
    gateway: { budgets: ['clients'], dataClass: 'internal' },
  })
})
beforeEach(() => void (upstream.otherwise = { does: 'answer', text: 'Hello.', usage: { input: 20, output: 5 } }))
afterAll(async () => {
  await server.stop()
  await upstream.close()
})

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const make = async (grant: object | undefined, more: object = {}) => {
  const answer = await server.ask('/api/v1/keys', json({ name: 'shop', grant, ...more }))
  if (answer.status !== 201) throw new Error(await answer.text())
  return newKeyView.parse(await answer.json())
}
const chat = (secret: string, more: { headers?: Record<string, string>; signal?: AbortSignal; body?: object } = {}) =>
  fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, ...more.headers },
    body: JSON.stringify({
      model: 'chat',
      messages: [{ role: 'user', content: 'Hi' }],
      max_completion_tokens: 50,
      ...more.body,
    }),
    ...(more.signal && { signal: more.signal }),
  })
const failure = z.object({ error: z.object({ code: z.string(), message: z.string() }) })
const codeOf = async (answer: Response): Promise<string> => failure.parse(await answer.json()).error.code
const internal = { dataClass: 'internal' }

test('a key for models calls its routes, lists no other, and learns of none', async () => {
  const { secret } = await make({ ...internal, routes: ['gpt-4o'] })
  expect((await chat(secret)).status).toBe(200)
  expect((await chat(secret, { body: { model: 'gpt-4o' } })).status).toBe(200)
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: secret, maxRetries: 0 })
  expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['chat', 'gpt-4o'])
  const texts = []
  for (const model of ['hidden', 'nobody']) {
    const answer = await chat(secret, { body: { model } })
    expect(answer.status).toBe(404)
    const { error } = failure.parse(await answer.json())
    expect(error.code).toBe('model/no-such-route')
    texts.push(error.message.replace(model, ''))
  }
  expect(texts[0]).toBe(texts[1])
  expect(texts[0]).not.toContain('hidden')
  const counted = await fetch(`${server.url}/v1/messages/count_tokens`, {
    ...json({ model: 'nobody', messages: [{ role: 'user', content: 'Hi' }] }),
    headers: { 'x-api-key': secret },
  })
  expect(counted.status).toBe(404)
  expect(await counted.text()).not.toContain('hidden')
})

test('a key for models opens nothing of the API, and a key for the API calls no model unless it is the owner’s', async () => {
  const { secret } = await make(internal)
  const answer = await fetch(`${server.url}/api/v1/runs`, { headers: { authorization: `Bearer ${secret}` } })
  expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'governance/not-allowed' }])
  const person = z
    .object({ id: z.string() })
    .parse(await (await server.ask('/api/v1/people', json({ name: 'B' }))).json())
  const other = await make(undefined, { person: person.id })
  const refused = await chat(other.secret)
  expect([refused.status, await codeOf(refused)]).toEqual([403, 'model/key-not-for-models'])
  expect((await chat(server.key)).status).toBe(200)
})

test('data without a class is the most delicate, and no header makes it less, lends a budget or a route', async () => {
  const { secret } = await make({ routes: ['chat'], budgets: ['poor'] })
  const headers = { 'millrace-data-class': 'public', 'millrace-budget': 'clients', 'millrace-routes': 'hidden' }
  const answer = await chat(secret, { headers })
  expect([answer.status, await codeOf(answer)]).toEqual([403, 'model/refused-by-constraint'])
  const poor = await make({ ...internal, budgets: ['poor'] })
  const over = await chat(poor.secret, { headers })
  expect([over.status, over.headers.get('x-should-retry'), over.headers.get('retry-after')]).toEqual([
    429,
    'false',
    null,
  ])
  expect(await codeOf(over)).toBe('cost/over-budget')
})

test('a key over its requests hears when to come again, in the dialect, and nobody is asked', async () => {
  const { secret } = await make({ ...internal, requests: 2 })
  expect([(await chat(secret)).status, (await chat(secret)).status]).toEqual([200, 200])
  const asked = upstream.calls.length
  const over = await chat(secret)
  expect([over.status, over.headers.get('x-should-retry')]).toEqual([429, 'true'])
  const wait = Number(over.headers.get('retry-after'))
  expect(wait).toBeGreaterThanOrEqual(1)
  expect(wait).toBeLessThanOrEqual(60)
  expect(await codeOf(over)).toBe('model/key-over-limit')
  expect(upstream.calls.length).toBe(asked)
})

test('tokens are held with the worst case and then counted as used; a call above the limit is refused for good', async () => {
  const { secret } = await make({ ...internal, tokens: 1000 })
  for (let n = 0; n < 20; n++) {
    // 25 used of each: were the worst case kept, seven would fill the minute. The count follows the answer.
    await expect.poll(async () => (await chat(secret)).status).toBe(200)
  }
  const never = await chat(secret, { body: { max_completion_tokens: 5000 } })
  expect([never.status, never.headers.get('x-should-retry'), never.headers.get('retry-after')]).toEqual([
    429,
    'false',
    null,
  ])
  expect(await codeOf(never)).toBe('model/call-over-key')
})

test('calls at once: one is refused while another runs, and one that its client left is over', async () => {
  const { secret } = await make({ ...internal, atOnce: 1 })
  upstream.otherwise = { does: 'answer', text: 'Late.', held: 'headers' }
  const asked = upstream.calls.length
  const leaves = new AbortController()
  const first = chat(secret, { signal: leaves.signal })
  await upstream.until(() => upstream.calls.length > asked)
  const second = await chat(secret)
  expect([second.status, await codeOf(second)]).toEqual([429, 'model/key-over-limit'])
  leaves.abort()
  await expect(first).rejects.toThrow(/abort/i)
  await upstream.until(() => upstream.calls[asked]?.state === 'left') // the socket to the provider is freed too
  upstream.otherwise = { does: 'answer', text: 'Hello.' }
  await expect.poll(async () => (await chat(secret)).status).toBe(200)
})

test('a stream that its client left before its first word is over too: at its provider, and for the limit', async () => {
  const { secret } = await make({ ...internal, atOnce: 1 })
  upstream.otherwise = { does: 'answer', text: 'Late.', held: 'headers' }
  const asked = upstream.calls.length
  const leaves = new AbortController()
  const first = chat(secret, { signal: leaves.signal, body: { stream: true } })
  await upstream.until(() => upstream.calls.length > asked)
  leaves.abort()
  await expect(first).rejects.toThrow(/abort/i)
  await upstream.until(() => upstream.calls[asked]?.state === 'left')
  upstream.otherwise = { does: 'answer', text: 'Hello.' }
  await expect.poll(async () => (await chat(secret, { body: { stream: true } })).status).toBe(200)
})

test('a body past the limit is refused in the words of the dialect', async () => {
  const { secret } = await make(internal)
  const body = 'x'.repeat(33 * 1024 * 1024)
  const headers = { 'x-api-key': secret }
  const said = async (path: string): Promise<unknown> =>
    (await fetch(`${server.url}${path}`, { method: 'POST', headers, body })).json()
  expect(await said('/v1/chat/completions')).toMatchObject({ error: { code: 'api/too-large' } })
  expect(await said('/v1/messages')).toMatchObject({ type: 'error', error: { type: 'request_too_large' } })
})

test('calls stick to their entity, or else to their user: the same for both never, and nobody reads either out of it', () => {
  const { clients } = server.planes
  const entity = { type: 'customer', id: '4711' }
  const key = clients.stickyKey(mainTenant, { entity, endUser: 'ada' })
  expect(key).toBe(clients.stickyKey(mainTenant, { entity, endUser: 'bob' }))
  expect(key).toMatch(/^[0-9a-f]{64}$/)
  expect(clients.stickyKey(mainTenant, { endUser: '4711' })).not.toBe(key)
  expect(clients.stickyKey(mainTenant, {})).toBeUndefined()
})

test('entity, task and user of a call are counted by name, and none of it reaches the provider', async () => {
  const { secret } = await make(internal)
  const headers = { 'millrace-entity': 'customer/4711', 'millrace-task': 'triage', 'millrace-end-user': 'ada' }
  expect((await chat(secret, { headers })).status).toBe(200)
  expect(Object.keys(upstream.calls.at(-1)?.headers ?? {}).filter((name) => name.startsWith('millrace'))).toEqual([])
  expect((await chat(secret, { body: { metadata: { millrace_entity: 'customer/4711' } } })).status).toBe(200)
  const days = async () => {
    const { rows } = await server.database.pool.query<{ dimension: string; key: string; attempts: string }>(
      `select dimension, key, attempts from cost_day where key in ('customer/4711', 'triage') order by 1`,
    )
    return rows.map(({ attempts, dimension, key }) => `${dimension} ${key} ${attempts}`)
  }
  await expect.poll(days).toEqual(['entity customer/4711 2', 'task triage 1'])
})

test.each([
  ['millrace-entity', 'customer'],
  ['millrace-entity', 'Customer/1'],
  ['millrace-entity', `customer/${'1'.repeat(201)}`],
  ['millrace-task', 'a task'],
  ['millrace-end-user', 'a'.repeat(513)],
])('a call whose header %s is %s is refused, and nothing is sent', async (name, value) => {
  const { secret } = await make(internal)
  const asked = upstream.calls.length
  const answer = await chat(secret, { headers: { [name]: value } })
  expect([answer.status, await codeOf(answer)]).toEqual([400, 'model/bad-caller'])
  expect(upstream.calls.length).toBe(asked)
})

test.each([
  [{ routes: ['nobody'] }, 'model/no-such-route'],
  [{ budgets: ['nobody'] }, 'cost/no-such-budget'],
  [{ requests: 0 }, 'api/bad-request'],
  [{ dataClass: 'secret' }, 'api/bad-request'],
  [{ admin: true }, 'api/bad-request'],
])('a key with %j is not made', async (grant, code) => {
  const answer = await server.ask('/api/v1/keys', json({ name: 'shop', grant }))
  expect(await answer.json()).toMatchObject({ code })
})

test('a revoked key calls nothing: at once here, within two seconds where it was revoked elsewhere', async () => {
  const here = await make(internal)
  expect((await chat(here.secret)).status).toBe(200)
  await server.ask(`/api/v1/keys/${here.key.id}/revoke`, { method: 'POST' })
  expect((await chat(here.secret)).status).toBe(401)
  const elsewhere = await make(internal)
  expect((await chat(elsewhere.secret)).status).toBe(200)
  await server.database.ownerPool.query('update api_key set revoked = clock_timestamp() where id = $1', [
    elsewhere.key.id,
  ])
  await expect.poll(async () => (await chat(elsewhere.secret)).status, { timeout: 2000 }).toBe(401)
})
