import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Behaviour, ScriptedUpstream } from '../src/models/providers/testing.ts'
import { testServer, type TestServer } from '../src/server/testing.ts'

// Calls that cannot be answered, each over HTTP: it ends with its code, nothing stays held, and only what a provider may have billed is booked.

let upstream: ScriptedUpstream
let server: TestServer
beforeAll(async () => {
  upstream = await ScriptedUpstream.start()
  const at = {
    provider: 'openai-compatible' as const,
    url: `${upstream.url}/v1`,
    sees: ['public' as const, 'internal' as const],
  }
  const price = { provider: 'openai-compatible', currency: 'USD' as const, from: '2020-01-01', input: '1', output: '1' }
  server = await testServer({
    models: {
      small: { ...at, model: 'small' },
      plain: { ...at, model: 'plain', capabilities: ['streaming'] },
      dear: { ...at, model: 'dear' },
    },
    routes: { chat: { targets: ['small'] }, plain: { targets: ['plain'] }, dear: { targets: ['dear'] } },
    prices: [
      { ...price, model: 'small' },
      { ...price, model: 'plain' },
    ],
    budgets: [{ id: 'clients', currency: 'USD', period: 'day', cap: '5' }],
    gateway: { budgets: ['clients'], dataClass: 'internal' },
  })
})
beforeEach(() => void (upstream.otherwise = { does: 'answer', text: 'Hello.', usage: { input: 20, output: 5 } }))
afterAll(async () => {
  await server.stop()
  await upstream.close()
})

const budget = async (): Promise<{ held: bigint; spent: bigint }> => {
  const { rows } = await server.database.ownerPool.query<{ held: string; spent: string }>(
    `select coalesce(sum(held), 0) as held, coalesce(sum(spent), 0) as spent from budget_period where budget = 'clients'`,
  )
  return { held: BigInt(rows[0]?.held ?? 0), spent: BigInt(rows[0]?.spent ?? 0) }
}
const messages = [{ role: 'user', content: 'Hi' }]
const body = (more: object): object => ({ model: 'chat', messages, max_tokens: 50, ...more })
async function call(sent: object): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(sent),
  })
  return { status: answer.status, text: await answer.text() }
}
const picture = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }]
const file = [{ type: 'file', file: { file_data: 'data:application/pdf;base64,AA==' } }]
const form = { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object', required: ['a'] } } }

test.each<[string, number, string, object]>([
  ['a route that is not there', 404, 'model/no-such-route', { model: 'nowhere' }],
  ['another dialect’s body', 400, 'model/bad-body', { messages: undefined, input: 'Hi' }],
  ['no messages', 400, 'model/bad-body', { messages: [] }],
  [
    'a body that is too large',
    413,
    'api/too-large',
    { messages: [{ role: 'user', content: 'a'.repeat(33 * 1024 * 1024) }] },
  ],
  [
    'a picture where none is taken',
    403,
    'model/refused-by-constraint',
    { model: 'plain', messages: [{ role: 'user', content: picture }] },
  ],
  [
    'a file where none is taken',
    403,
    'model/refused-by-constraint',
    { model: 'plain', messages: [{ role: 'user', content: file }] },
  ],
  ['a form that no model there keeps', 403, 'model/refused-by-constraint', { model: 'plain', response_format: form }],
  ['no price where a budget applies', 422, 'cost/unknown-price', { model: 'dear' }],
])('%s is refused with %i %s, and nothing is sent or booked', async (_, status, code, more) => {
  const before = await budget()
  const asked = upstream.calls.length
  const answer = await call(body(more))
  expect(answer).toMatchObject({ status, text: expect.stringContaining(code) })
  expect(upstream.calls.length).toBe(asked)
  expect(await budget()).toEqual(before)
})

test.each<[string, Behaviour]>([
  ['garbage', { does: 'garbage' }],
  ['a 200 with an error inside', { does: 'error-inside' }],
  ['half an answer', { does: 'truncate' }],
])('%s of a provider ends in an error, and nothing stays held', async (_, behaviour) => {
  upstream.otherwise = behaviour
  const answer = await call(body({}))
  expect([502, 503]).toContain(answer.status)
  await expect.poll(async () => (await budget()).held).toBe(0n)
})

test('half a stream ends in an error’s event, and nothing stays held', async () => {
  upstream.otherwise = { does: 'truncate' }
  const answer = await call(body({ stream: true }))
  expect(answer.text).toContain('"error"')
  expect(answer.text).not.toContain('[DONE]')
  await expect.poll(async () => (await budget()).held).toBe(0n)
})

test('an answer that does not fit its schema is an error, and is paid for all the same', async () => {
  const { spent } = await budget()
  const answer = await call(body({ response_format: form }))
  expect(answer.status).toBe(502)
  await expect.poll(async () => (await budget()).spent > spent).toBe(true)
  await expect.poll(async () => (await budget()).held).toBe(0n)
})
