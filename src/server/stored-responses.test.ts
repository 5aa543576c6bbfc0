import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { dialects } from '../models/dialects/dialects.ts'
import { ScriptedUpstream } from '../models/providers/testing.ts'
import type { Owner } from '../models/responses/stored-responses.ts'
import { type TestServer, testServer } from './testing.ts'

// The official clients against the real server and its vault; the upstream is scripted.

let upstream: ScriptedUpstream
let server: TestServer
let openai: OpenAI
let anthropic: Anthropic
let owner: Owner
let version: string
beforeAll(async () => {
  upstream = await ScriptedUpstream.start()
  const price = { currency: 'USD', from: '2020-01-01', input: '1', output: '1' }
  server = await testServer({
    models: {
      small: { provider: 'openai-compatible', model: 'llama', url: `${upstream.url}/v1`, sees: ['public', 'internal'] },
      calm: { provider: 'anthropic', model: 'calm-1', url: upstream.url, sees: ['public', 'internal'] },
      shy: { provider: 'anthropic', model: 'shy-1', url: upstream.url, sees: ['public'] },
    },
    routes: { chat: { targets: ['small'] }, talk: { targets: ['calm'] }, shy: { targets: ['shy'] } },
    prices: [
      { provider: 'openai-compatible', model: 'llama', ...price },
      { provider: 'anthropic', model: 'calm-1', ...price },
    ],
    budgets: [{ id: 'clients', currency: 'USD', period: 'day', cap: '5' }],
    gateway: { budgets: ['clients'], dataClass: 'internal' },
  })
  openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: server.key, maxRetries: 0 })
  anthropic = new Anthropic({ baseURL: server.url, apiKey: server.key, maxRetries: 0 })
  const principal = await server.planes.keys.verify(server.key)
  if (!principal) throw new Error('the owner has a key')
  owner = { tenant: principal.tenant, client: principal.key.id }
  version = Object.keys(server.planes.modelRoutes.live.get('chat').models)[0] ?? ''
})
beforeEach(() => {
  upstream.calls.length = 0
  upstream.otherwise = { does: 'answer', usage: { input: 20, output: 5 } }
})
afterAll(async () => {
  await server.stop()
  await upstream.close()
})

const sentBodies = (): {
  readonly input?: unknown
  readonly messages?: unknown
  readonly previous_response_id?: unknown
}[] => upstream.calls.map(({ body }) => JSON.parse(body) as object)

test('a response is gone on from at its provider, streamed or not, and is another client’s nothing', async () => {
  const first = await openai.responses.create({ model: 'chat', input: 'hello' })
  const stream = openai.responses.stream({ model: 'chat', input: 'and?', previous_response_id: first.id })
  expect(await stream.finalResponse()).toMatchObject({ id: first.id, status: 'completed' })
  expect(sentBodies()[1]).toMatchObject({ input: 'and?', previous_response_id: first.id })
  expect(await openai.responses.retrieve(first.id)).toMatchObject({ id: first.id })
  await expect(
    openai.responses.create({ model: 'chat', input: 'x', previous_response_id: 'resp_nobody' }),
  ).rejects.toMatchObject({ status: 404, code: 'model/no-such-response' })
  await openai.responses.delete(first.id)
})

test('an Anthropic model answers a client of responses, and the gateway holds the conversation', async () => {
  const first = await openai.responses.create({ model: 'talk', input: 'hello', max_output_tokens: 50 })
  expect(first.id).toMatch(/^resp_/)
  const second = openai.responses.stream({
    model: 'talk',
    input: 'and?',
    previous_response_id: first.id,
    max_output_tokens: 50,
  })
  const put = await second.finalResponse()
  expect(put.output_text).toBe(first.output_text)
  expect(sentBodies()[1]?.messages).toMatchObject([{ role: 'user' }, { role: 'assistant' }, { role: 'user' }])
})

const keep = (id: string, o: { client?: string; isCarried?: boolean } = {}): Promise<void> =>
  server.planes.responses.stored.keep(
    { ...owner, client: o.client ?? owner.client },
    {
      request: dialects['openai-responses'].read(Buffer.from('{"model":"chat","input":"hello"}')),
      response: `{"id":"${id}","object":"response","status":"completed","output":[],"model":"llama"}`,
      version,
      usage: undefined,
      isCarried: o.isCarried ?? false,
    },
  )

test('OpenAI’s client retrieves its response, lists what it answered, and deletes both copies', async () => {
  await keep('resp_1')
  expect(await openai.responses.retrieve('resp_1')).toMatchObject({ id: 'resp_1', model: 'llama' })
  const items = await openai.responses.inputItems.list('resp_1')
  expect(items.data).toMatchObject([{ type: 'message', content: [{ type: 'input_text', text: 'hello' }] }])
  await openai.responses.delete('resp_1')
  expect(upstream.calls.map(({ method, path }) => [method, path])).toEqual([['DELETE', '/v1/responses/resp_1']])
  await expect(openai.responses.retrieve('resp_1')).rejects.toMatchObject({
    status: 404,
    code: 'model/no-such-response',
  })
})

test('a response of another client is not there, and a provider’s copy that cannot be deleted keeps ours', async () => {
  await keep('resp_2', { client: 'key_other' })
  await expect(openai.responses.retrieve('resp_2')).rejects.toMatchObject({ status: 404 })
  await expect(openai.responses.delete('resp_2')).rejects.toMatchObject({ status: 404 })
  await keep('resp_3')
  upstream.otherwise = { does: 'status', status: 501 }
  await expect(openai.responses.delete('resp_3')).rejects.toMatchObject({ status: 502 })
  expect(await openai.responses.retrieve('resp_3')).toMatchObject({ id: 'resp_3' })
  await keep('resp_4', { isCarried: true })
  upstream.calls.length = 0
  await openai.responses.delete('resp_4')
  expect(upstream.calls).toEqual([]) // its provider never had it
})

test('what providers offer around stored responses is refused by its name', async () => {
  const refused = { status: 400, code: 'model/refused-field' }
  await expect(openai.post('/responses/compact', { body: {} })).rejects.toMatchObject(refused)
  await expect(openai.responses.cancel('resp_1')).rejects.toMatchObject(refused)
  await expect(openai.get('/responses/resp_1', { query: { stream: true } })).rejects.toMatchObject(refused)
  const stranger = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'mr_wrong', maxRetries: 0 })
  await expect(stranger.responses.retrieve('resp_1')).rejects.toMatchObject({ status: 401 })
})

test('tokens are counted by an Anthropic model that may see them, and estimated otherwise, which the answer says', async () => {
  const count = (model: string) =>
    anthropic.messages.countTokens({ model, messages: [{ role: 'user', content: 'hello there' }] }).withResponse()
  const counted = await count('talk')
  expect(counted.data.input_tokens).toBe(20)
  expect(counted.response.headers.get('millrace-estimate')).toBeNull()
  expect(upstream.calls.map(({ body, path }) => [path, (JSON.parse(body) as { model: string }).model])).toEqual([
    ['/v1/messages/count_tokens', 'calm-1'],
  ])
  for (const model of ['chat', 'shy']) {
    const { data, response } = await count(model)
    expect([data.input_tokens > 2, response.headers.get('millrace-estimate')]).toEqual([true, 'true'])
  }
  upstream.otherwise = { does: 'close', after: 'request' }
  expect((await count('talk')).response.headers.get('millrace-estimate')).toBe('true')
  await expect(count('nowhere')).rejects.toMatchObject({ status: 404 })
})
