import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundledEncoder } from '../models/bundled.ts'
import { callPage } from './api/call-schemas.ts'
import { type TestServer, testServer } from './testing.ts'

// The bundled encoder behind a route, asked by the official client over HTTP: governed as any model is, and free unless a price is declared.

let server: TestServer
let openai: OpenAI
beforeAll(async () => {
  server = await testServer({
    models: { mini: { provider: 'onnx', directory: bundledEncoder } },
    routes: { vectors: { targets: ['mini'] } },
    budgets: [{ id: 'clients', currency: 'EUR', period: 'day', cap: '5' }],
    gateway: { budgets: ['clients'], dataClass: 'special' },
  })
  openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: server.key, maxRetries: 0 })
})
afterAll(() => server.stop())

test('a model within the process answers embeddings, with the tokens that it read, a reservation and a record', async () => {
  const { data, usage } = await openai.embeddings.create({ model: 'vectors', input: ['My card is lost', 'Top up'] })
  expect(data.map(({ embedding }) => embedding.length)).toEqual([384, 384])
  expect(Math.hypot(...(data[0]?.embedding ?? []))).toBeCloseTo(1, 3)
  const calls = async () => callPage.parse(await (await server.ask('/api/v1/calls?route=vectors')).json()).calls
  await expect.poll(calls).toMatchObject([
    {
      status: 200,
      usage: { input: usage.prompt_tokens },
      cost: { nano: '0', currency: 'EUR' },
      answered: { model: 'mini' },
    },
  ])
})

test('what the model cannot do is refused in the dialect, and what was held for it is given back', async () => {
  await expect(openai.embeddings.create({ model: 'vectors', input: 'Hi', dimensions: 3 })).rejects.toMatchObject({
    status: 400,
    code: 'model/refused-field',
  })
  const states = async () =>
    (await server.database.ownerPool.query<{ state: string }>('select state from reservation order by id')).rows
  await expect.poll(states).toEqual([{ state: 'settled' }, { state: 'released' }])
})
