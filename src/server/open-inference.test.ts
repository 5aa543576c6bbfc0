import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundledEncoder } from '../models/bundled.ts'
import { dataClasses } from '../sdk/models.ts'
import { listOf, objectOf, objectsOf, parsed } from '../models/dialects/unknown-json.ts'
import { callPage } from './api/call-schemas.ts'
import { type TestServer, testServer } from './testing.ts'

// The Open Inference Protocol over HTTP: models within the process, and another server that speaks it, governed as every call is.

/** A server of the protocol: for each text the vector [its length, 0.5]. Remembers what it was asked. */
class InferenceServer {
  readonly asked: { url: string; headers: IncomingMessage['headers']; body: unknown }[] = []
  answer: ((texts: readonly unknown[]) => object) | undefined
  status = 200
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.once('end', () => {
        const body = parsed(Buffer.concat(parts).toString())
        this.asked.push({ url: request.url ?? '', headers: request.headers, body })
        const [input] = objectsOf(objectOf(body)?.['inputs'])
        const texts = (input?.['data'] ?? []) as string[]
        const answer = this.answer?.(texts) ?? {
          model_name: 'remote',
          model_version: '3',
          outputs: [
            {
              name: 'vector',
              datatype: 'FP32',
              shape: [texts.length, 2],
              data: texts.flatMap((one) => [one.length, 0.5]),
            },
          ],
        }
        response.writeHead(this.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      })
    })
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}` // it listens on TCP
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

const remote = new InferenceServer()
let server: TestServer
beforeAll(async () => {
  const url = await remote.start()
  const kserve = {
    provider: 'kserve-v2' as const,
    url,
    model: 'e5/base',
    sees: [...dataClasses],
    parameters: { version: '3', input: 'sentences', output: 'vector', width: 2, isColumn: true },
  }
  server = await testServer({
    models: {
      mini: { provider: 'onnx', directory: bundledEncoder },
      intent: { provider: 'onnx', directory: join(bundledEncoder, '../support-intent') },
      remote: kserve,
      unpriced: { ...kserve, model: 'unpriced' },
      free: { ...kserve, model: 'free' },
      openai: { provider: 'openai-compatible', url: `${url}/v1`, model: 'small-3', sees: [...dataClasses] },
    },
    routes: {
      vectors: { targets: ['mini'], aliases: ['sentence-transformers/mini'] },
      intents: { targets: ['intent'] },
      sure: { targets: ['intent'], cascade: { scorer: { by: 'confidence' }, least: 0.999999, then: ['remote'] } },
      away: { targets: ['remote'] },
      unpriced: { targets: ['unpriced'] },
      free: { targets: ['free'] },
      openai: { targets: ['openai'] },
    },
    prices: (['e5/base', 'free', 'small-3'] as const).map((model) => {
      const price = model === 'free' ? '0' : '1'
      const provider = model === 'small-3' ? 'openai-compatible' : 'kserve-v2'
      return { provider, model, currency: 'EUR', from: '2020-01-01', input: price, cacheRead: price }
    }),
    budgets: [{ id: 'clients', currency: 'EUR', period: 'day', cap: '5' }],
    gateway: { budgets: ['clients'], dataClass: 'special' },
  })
})
afterAll(async () => {
  await server.stop()
  await remote.stop()
})

const ask = (path: string, body?: string | Buffer, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${server.url}/v2${path}`, {
    headers: { authorization: `Bearer ${server.key}`, ...headers },
    ...(body !== undefined && { method: 'POST', body: typeof body === 'string' ? body : new Uint8Array(body) }),
  })
const textInput = (data: readonly string[], more: object = {}) =>
  ({ name: 'text', shape: [data.length], datatype: 'BYTES', data, ...more }) as const
const infer = async (name: string, body: object, version = '') => {
  const response = await ask(`/models/${name}${version && `/versions/${version}`}/infer`, JSON.stringify(body))
  return { status: response.status, body: objectOf(await response.json()) ?? {} }
}
const outputs = (body: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(objectsOf(body['outputs']).map((output) => [String(output['name']), output]))
/** Records are written behind the answer. */
const poll = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 15_000 })
const lastCall = async (route: string) =>
  callPage.parse(await (await server.ask(`/api/v1/calls?route=${route}`)).json()).calls[0]

test('health needs no key, the rest does, and each error is in the protocol’s form', async () => {
  expect((await fetch(`${server.url}/v2/health/live`)).status).toBe(200)
  expect((await fetch(`${server.url}/v2/health/ready`)).status).toBe(200)
  const closed = await fetch(`${server.url}/v2`)
  expect([closed.status, await closed.json()]).toEqual([401, { error: expect.any(String), code: 'api/no-key' }])
  expect(await (await ask('')).json()).toMatchObject({ name: 'millrace', extensions: ['binary_tensor_data'] })
  const missing = await ask('/models/none/ready')
  expect([missing.status, await missing.json()]).toMatchObject([404, { code: 'model/no-such-route' }])
  expect((await ask('/repository/index', '{}')).status).toBe(404)
})

test('metadata and readiness of a route, its alias and its versions', async () => {
  const vectors = objectOf(await (await ask('/models/vectors')).json()) ?? {}
  expect(vectors).toMatchObject({
    inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
    outputs: [{ name: 'embedding', datatype: 'FP32', shape: [-1, 384] }],
  })
  const [version] = vectors['versions'] as string[]
  expect(await (await ask(`/models/vectors/versions/${version}`)).json()).toMatchObject({ versions: [version] })
  expect((await ask(`/models/vectors/versions/${version}/ready`)).status).toBe(200)
  expect((await ask(`/models/${encodeURIComponent('sentence-transformers/mini')}/ready`)).status).toBe(200)
  for (const other of ['1', '00000000', 'x'.repeat(300)])
    expect((await ask(`/models/vectors/versions/${other}/ready`)).status).toBe(404)
  expect(await (await ask('/models/away')).json()).toMatchObject({
    inputs: [{ name: 'sentences', datatype: 'BYTES', shape: [-1, 1] }],
    outputs: [{ name: 'vector', datatype: 'FP32', shape: [-1, 2] }],
  })
})

test('texts become vectors, in JSON and in binary data the same, with a record that counts tokens', async () => {
  const { body, status } = await infer('vectors', { id: 'a1', inputs: [textInput(['My card is lost', 'Top up'])] })
  expect([status, body['id'], body['model_name']]).toEqual([200, 'a1', 'vectors'])
  const { embedding } = outputs(body)
  expect(embedding).toMatchObject({ shape: [2, 384], datatype: 'FP32' })
  const texts = ['My card is lost', 'Top up'].flatMap((text) => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(text.length)
    return [length, Buffer.from(text)]
  })
  const data = Buffer.concat(texts)
  const header = JSON.stringify({
    inputs: [{ name: 'text', shape: [2, 1], datatype: 'BYTES', parameters: { binary_data_size: data.length } }],
    parameters: { binary_data_output: true },
  })
  const response = await ask('/models/vectors/infer', Buffer.concat([Buffer.from(header), data]), {
    'inference-header-content-length': String(header.length),
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  const length = Number(response.headers.get('inference-header-content-length'))
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/octet-stream'])
  const told = objectOf(parsed(bytes.subarray(0, length).toString())) ?? {}
  expect(told['outputs']).toEqual([
    { name: 'embedding', datatype: 'FP32', shape: [2, 384], parameters: { binary_data_size: 2 * 384 * 4 } },
  ])
  const vectors = bytes.subarray(length)
  expect(vectors).toHaveLength(2 * 384 * 4)
  const inJson = embedding?.['data'] as number[]
  // A quantised graph: a text's vector depends a little on its batch.
  for (const at of [0, 383, 384, 767]) expect(vectors.readFloatLE(at * 4)).toBeCloseTo(inJson[at] ?? Number.NaN, 1)
  await poll(() => lastCall('vectors')).toMatchObject({
    dialect: 'open-inference',
    usage: { input: 10 },
    cost: { nano: '0' },
    status: 200,
  })
})

test('a head answers its label, how sure it is, and all scores; only outputs that are asked for come', async () => {
  const { body } = await infer('intents', { inputs: [textInput(['My card has not arrived yet'])] })
  const { label, labels, probability, scores } = outputs(body)
  expect(label?.['data']).toEqual(['card_arrival'])
  const names = labels?.['data'] as string[]
  const all = scores?.['data'] as number[]
  expect(all).toHaveLength(names.length)
  expect(all[names.indexOf('card_arrival')]).toBe(listOf(probability?.['data'])[0])
  const few = await infer('intents', { inputs: [textInput(['Hi'])], outputs: [{ name: 'label' }] })
  expect(Object.keys(outputs(few.body))).toEqual(['label'])
})

test('a classifier that is not sure hands over to the next of the cascade', async () => {
  remote.answer = () => ({
    model_name: 'remote',
    outputs: [{ name: 'label', datatype: 'BYTES', shape: [1], data: ['other'] }],
  })
  const { body } = await infer('sure', { inputs: [textInput(['Is it perhaps something about a thing?'])] })
  remote.answer = undefined
  expect(outputs(body)['label']?.['data']).toEqual(['other'])
  await poll(() => lastCall('sure')).toMatchObject({ answered: { model: 'remote', reason: 'escalation' } })
})

test('a version in the address is asked and no other', async () => {
  const { versions } = objectOf(await (await ask('/models/sure')).json()) as { versions: string[] }
  const [, second = ''] = versions
  const { body } = await infer('sure', { inputs: [textInput(['Hello'])] }, second)
  expect(body['model_name']).toBe('remote')
  expect(await infer('sure', { inputs: [textInput(['Hello'])] }, 'ffffffff')).toMatchObject({ status: 404 })
})

test('a server of the protocol gets the body as it is, under its own name and version, and is paid as assumed', async () => {
  remote.asked.length = 0
  const body = {
    id: '7',
    inputs: [{ name: 'sentences', shape: [1], datatype: 'BYTES', data: ['Hello'] }],
    parameters: { own: 1 },
  }
  expect(await infer('away', body)).toMatchObject({ status: 200, body: { model_name: 'remote', model_version: '3' } })
  const [asked] = remote.asked
  expect([asked?.url, asked?.body]).toEqual(['/v2/models/e5%2Fbase/versions/3/infer', body])
  expect(asked?.headers['authorization']).toBeUndefined()
  const states = async () => {
    const text = `select state from reservation where model = 'e5/base' order by id desc limit 1`
    return (await server.database.ownerPool.query(text)).rows
  }
  await poll(states).toEqual([{ state: 'assumed' }])
  const told = async () => {
    const call = await lastCall('away')
    return [call?.usage, Number(call?.cost?.nano) > 0]
  }
  await poll(told).toEqual([undefined, true])
})

test('without a price nobody can hold its cost to a budget, and it is not asked', async () => {
  remote.asked.length = 0
  const body = { inputs: [{ name: 'sentences', shape: [1], datatype: 'BYTES', data: ['Hello'] }] }
  expect(await infer('unpriced', body)).toMatchObject({ body: { code: 'cost/unknown-price' } })
  expect(remote.asked).toEqual([])
})

test('at a price of zero the worst case is zero, though nobody told the use', async () => {
  await infer('free', { inputs: [{ name: 'sentences', shape: [1], datatype: 'BYTES', data: ['Hello'] }] })
  await poll(() => lastCall('free')).toMatchObject({ cost: { nano: '0', currency: 'EUR' }, status: 200 })
})

test('a provider of OpenAI’s embeddings answers too, in the order of the texts, and is paid by what it used', async () => {
  remote.asked.length = 0
  remote.answer = () => ({
    object: 'list',
    data: [
      { object: 'embedding', index: 1, embedding: [2, 0.5] },
      { object: 'embedding', index: 0, embedding: [1, 0.5] },
    ],
    usage: { prompt_tokens: 7, total_tokens: 7 },
  })
  const { body } = await infer('openai', {
    id: 'b',
    inputs: [textInput(['Hello', 'Hi'])],
    outputs: [{ name: 'embedding' }],
  })
  remote.answer = undefined
  expect(body).toEqual({
    model_name: 'openai',
    id: 'b',
    outputs: [{ name: 'embedding', datatype: 'FP32', shape: [2, 2], data: [1, 0.5, 2, 0.5] }],
  })
  expect(remote.asked).toMatchObject([
    { url: '/v1/embeddings', body: { model: 'small-3', input: ['Hello', 'Hi'], encoding_format: 'float' } },
  ])
  await poll(() => lastCall('openai')).toMatchObject({ usage: { input: 7 }, cost: { nano: '7000' } })
  expect(await infer('openai', { inputs: [textInput(['a'])], parameters: { priority: 1 } })).toMatchObject({
    status: 400,
    body: { code: 'model/foreign-field' },
  })
})

test('vectors of a server of the protocol reach a client of OpenAI’s embeddings, who hears nothing of a usage that nobody told', async () => {
  const openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: server.key, maxRetries: 0 })
  remote.asked.length = 0
  const { data, usage } = await openai.embeddings.create({ model: 'away', input: ['Hello', 'Hi'] })
  expect(data.map(({ embedding }) => embedding)).toEqual([
    [5, 0.5],
    [2, 0.5],
  ])
  expect(usage).toBeUndefined()
  expect(remote.asked[0]?.body).toEqual({
    inputs: [{ name: 'sentences', shape: [2, 1], datatype: 'BYTES', data: ['Hello', 'Hi'] }],
    outputs: [{ name: 'vector' }],
  })
  const refused = openai.embeddings.create({ model: 'away', input: 'Hi', dimensions: 9 })
  await expect(refused).rejects.toMatchObject({ status: 400, code: 'model/foreign-field' })
})

test('what the server refuses reaches the client as it said it, and an answer without outputs is no success', async () => {
  const body = { inputs: [{ name: 'sentences', shape: [1], datatype: 'BYTES', data: ['Hello'] }] }
  remote.status = 400
  remote.answer = () => ({ error: 'unexpected shape' })
  expect(await infer('away', body)).toEqual({ status: 400, body: { error: 'unexpected shape' } })
  remote.status = 200
  remote.answer = () => ({ model_name: 'remote' })
  expect((await infer('away', body)).status).toBe(502)
  remote.answer = undefined
})

const one = { inputs: [textInput(['Hello'])] }
test.each<[string, string | object, Record<string, string>?]>([
  ['no JSON', '{'],
  ['no inputs', {}],
  ['a name that the address says', { ...one, model: 'other' }],
  ['no text', { inputs: [textInput([''])] }],
  ['numbers', { inputs: [{ name: 'text', shape: [1], datatype: 'INT64', data: [1] }] }],
  ['another input', { inputs: [{ ...textInput(['a']), name: 'b' }] }],
  ['two inputs', { inputs: [textInput(['a']), textInput(['a'])] }],
  ['a matrix of texts', { inputs: [textInput(['a', 'b', 'c', 'd'], { shape: [2, 2] })] }],
  ['fewer texts than the shape', { inputs: [textInput(['a'], { shape: [2] })] }],
  ['a shape beyond any number', { inputs: [textInput(['a'], { shape: [1e300, 1e300] })] }],
  ['a negative shape', { inputs: [textInput(['a'], { shape: [-1] })] }],
  ['an output that is not there', { ...one, outputs: [{ name: 'b' }] }],
  ['a parameter', { ...one, parameters: { priority: 1 } }],
  ['shared memory', { ...one, outputs: [{ name: 'embedding', parameters: { shared_memory_region: 'a' } }] }],
  ['nesting without end', `{"inputs":[${'['.repeat(50_000)}${']'.repeat(50_000)}]}`],
  [
    'binary data that are not there',
    { inputs: [{ ...textInput([]), data: undefined, parameters: { binary_data_size: 9 } }] },
  ],
  ['a length beyond the body', one, { 'inference-header-content-length': '99999' }],
  ['a length that is none', one, { 'inference-header-content-length': '-1' }],
  ['a length below the JSON', one, { 'inference-header-content-length': '3' }],
  ['a compressed body', one, { 'content-encoding': 'gzip' }],
])('%s: refused with 400 in the protocol’s form', async (_, body, headers) => {
  const response = await ask('/models/vectors/infer', typeof body === 'string' ? body : JSON.stringify(body), headers)
  const told = objectOf(await response.json()) ?? {}
  expect([response.status, typeof told['error']]).toEqual([400, 'string'])
})
