import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { InferenceHost, spawnWorker } from './inference-host.ts'
import type { EncoderData } from './protocol.ts'

const directory = join(import.meta.dirname, '../../../models/mini-en')
const read = (name: string): Uint8Array => readFileSync(join(directory, name))
const data: EncoderData = {
  weights: read('model.onnx'),
  tokenizer: read('tokenizer.json'),
  tokenizerConfig: read('tokenizer_config.json'),
  dimensions: 384,
  pieces: 14_000,
  longest: 256,
}
const paths = { tokenizer: 'models/mini-en/tokenizer.json', weights: 'models/mini-en/model.onnx' }
const hostOf = (some: Partial<EncoderData>): InferenceHost =>
  new InferenceHost({ name: 'mini-en', paths, data: { ...data, ...some } })

test('when the worker dies every waiting call fails with a code, and the next one gets a new worker', async () => {
  const workers: Worker[] = []
  const spawn = (given: EncoderData): Worker => {
    const worker = spawnWorker(given)
    workers.push(worker)
    return worker
  }
  const host = new InferenceHost({ name: 'mini-en', paths, data, spawn })
  const shape = { dimensions: 384, hidden: 1, buckets: 1, labels: 2 }
  await host.addHead('two', { shape, weights: new Uint8Array((384 + 1 + 2 + 2 + 1 + 2) * 4), temperature: 1 })
  const long = Array.from({ length: 16 }, () => 'card '.repeat(200))
  const settled = Promise.allSettled(
    Array.from({ length: 40 }, (_, i) => host.run(long, i % 2 === 0 ? 'two' : undefined)),
  )
  await workers[0]?.terminate()
  expect((await settled).at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'model/worker-died' } })
  const [vectors, probabilities] = await Promise.all([
    host.run(['where is my card?'], undefined),
    host.run(['a'], 'two'),
  ])
  expect(vectors.rows).toHaveLength(384)
  expect(probabilities.rows).toEqual(Float32Array.of(0.5, 0.5)) // its heads came along
  expect(workers).toHaveLength(2)
  await host.close()
})

test.each([
  ['a tokenizer of another vocabulary', { pieces: 30_522 }, 'model/bad-tokenizer'],
  ['a tokenizer that is none', { tokenizer: Buffer.from('{}') }, 'model/bad-tokenizer'],
  ['weights that are none', { weights: Buffer.from('not onnx') }, 'model/unusable-weights'],
  ['weights of another width', { dimensions: 768 }, 'model/unusable-weights'],
])('%s: refused without a native trace', async (_, some, code) => {
  const error: unknown = await hostOf(some)
    .start()
    .catch((refused: unknown) => refused)
  expect(error).toMatchObject({ code })
  expect(String(error)).not.toMatch(/onnxruntime\/core|\.cc:|at .*\.js/)
})

test('a head whose weights do not fit is refused, and the encoder goes on', async () => {
  const host = hostOf({})
  const shape = { dimensions: 384, hidden: 4, buckets: 8, labels: 2 }
  const adding = host.addHead('bad', { shape, weights: new Uint8Array(12), temperature: 1 })
  await expect(adding).rejects.toMatchObject({ code: 'model/unusable-weights' })
  expect((await host.run(['a', 'b'], undefined)).rows).toHaveLength(768)
  await expect(host.run(['a'], 'unknown')).rejects.toMatchObject({ code: 'model/failed' })
  await host.close()
})

test('a text of thousands of words is cut to what the encoder takes', async () => {
  const host = hostOf({})
  const { rows, tokens } = await host.run(['card '.repeat(20_000)], undefined)
  expect(rows).toHaveLength(384)
  expect(tokens[0]).toBeGreaterThan(256) // that it was cut can be told
  await host.close()
})
