import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bundledEncoder } from '../bundled.ts'
import type { Json } from '../../core/json.ts'
import { Classifier } from '../classifier.ts'
import { openLocal } from '../directory/local-directory.ts'
import { manifestDigest } from '../directory/open-directory.ts'
import { Encoder } from '../encoder.ts'
import { type ModelVersion, versionOf } from '../routes/model-version.ts'
import { temporaryDirectory } from '../testing.ts'
import { answerLocally } from './answer.ts'
import { LocalModels } from './local-models.ts'
import { labelGraph, pieces, tokenGraph, writeLayout } from './testing.ts'

let place: ReturnType<typeof temporaryDirectory>
let models: LocalModels
beforeEach(() => {
  place = temporaryDirectory()
  models = new LocalModels({ root: place.path })
})
afterEach(async () => {
  await models.close()
  place[Symbol.dispose]()
})

const encoderConfig = { architectures: ['BertModel'], vocab_size: pieces, max_position_embeddings: 32, pad_token_id: 0 }
const labelConfig = {
  ...encoderConfig,
  architectures: ['DistilBertForSequenceClassification'],
  id2label: { 0: 'NEGATIVE', 1: 'POSITIVE' },
}
type Parameters = {
  variant?: string
  prefix?: string
  pooling?: 'mean' | 'cls' | 'max'
  isUnit?: boolean
  onLong?: 'cut'
}

async function declared(directory: string, parameters: Parameters = {}): Promise<ModelVersion> {
  const { digest } = await openLocal(join(place.path, directory), parameters)
  return versionOf(directory, { provider: 'onnx', directory, parameters }, digest)
}
const layout = (name: string, files: Readonly<Record<string, unknown>>): string =>
  writeLayout(join(place.path, name), files)
const tokens = (name = 'tokens', more: object = {}): string =>
  layout(name, { 'config.json': encoderConfig, 'onnx/model.onnx': tokenGraph({ width: 4 }), ...more })
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) =>
      error instanceof Error && 'code' in error ? `${String(error.code)}: ${error.message}` : String(error),
  )
const lengthOf = (vector: Float32Array | undefined): number => Math.hypot(...(vector ?? []))

test('an encoder in the usual layout is pooled, and its padding is not: a short text beside a long one keeps its vector', async () => {
  tokens()
  const model = await declared('tokens')
  const [alone, together] = [
    await models.embed(model, ['card']),
    await models.embed(model, ['card', 'where is my new card today']),
  ]
  expect([...(together.vectors[0] ?? [])].map((n) => n.toFixed(5))).toEqual(
    [...(alone.vectors[0] ?? [])].map((n) => n.toFixed(5)),
  )
  expect(lengthOf(alone.vectors[0])).toBeCloseTo(1, 5)
  expect(alone.tokens).toBe(3) // the first and the last one, too
})

test('pooling and length follow the sentence-transformers files, and the declaration before them', async () => {
  tokens('files', {
    'modules.json': [
      { type: 'sentence_transformers.models.Transformer' },
      { type: 'sentence_transformers.models.Pooling' },
    ],
    '1_Pooling/config.json': {
      pooling_mode_cls_token: true,
      pooling_mode_mean_tokens: false,
      word_embedding_dimension: 4,
    },
  })
  const cls = await declared('files')
  const [a, b] = (await models.embed(cls, ['card', 'refund'])).vectors
  expect(a).toEqual(b) // both begin with the same token
  expect(lengthOf(a)).not.toBeCloseTo(1, 3)
  const mean = await declared('files', { pooling: 'mean', isUnit: true })
  const [c, d] = (await models.embed(mean, ['card', 'refund'])).vectors
  expect(c).not.toEqual(d)
  expect(lengthOf(c)).toBeCloseTo(1, 5)
  expect(models.loaded).toBe(2)
})

test('the bundled encoder gives the vectors that it gives to steps', async () => {
  cpSync(bundledEncoder, join(place.path, 'mini'), { recursive: true })
  const { vectors } = await models.embed(await declared('mini'), ['where is my card?'])
  const encoder = await Encoder.open(bundledEncoder)
  expect(vectors[0]).toEqual(await encoder.embed('where is my card?'))
  await encoder.close()
})

test('a head of ours classifies as it does for steps, on the bundled encoder', async () => {
  const path = join(bundledEncoder, '../support-intent')
  cpSync(path, join(place.path, 'head'), { recursive: true })
  const model = await declared('head')
  const text = 'Hello. I was charged twice for one coffee, and my card is lost.'
  const { labels, probabilities, tokens } = await models.classify(model, [text])
  const encoder = await Encoder.open(bundledEncoder)
  const classifier = await Classifier.open(path, () => encoder)
  const { confidence, label } = await classifier.classify(text)
  await encoder.close()
  const [row = new Float32Array()] = probabilities
  expect(labels[row.indexOf(Math.max(...row))]).toBe(label)
  expect(Math.max(...row)).toBeCloseTo(confidence, 3)
  expect(tokens).toBeGreaterThan(5)
  expect(await codeOf(models.embed(model, [text]))).toMatch(/^model\/wrong-task/)
})

test('a head on another encoder is refused, and it is told how a route leads to it', async () => {
  cpSync(join(bundledEncoder, '../support-intent'), join(place.path, 'head'), { recursive: true })
  const path = join(place.path, 'head/model.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as { encoder: object } & Record<string, Json>
  const other = { ...manifest, encoder: { name: 'other', digest: 'a'.repeat(64) } }
  writeFileSync(path, JSON.stringify({ ...other, digest: manifestDigest(other) }))
  expect(await codeOf(declared('head'))).toMatch(/^model\/bad-directory: .*classifier: DIRECTORY/s)
})

test('the bundled encoder without its manifest loads as any other model does', async () => {
  layout('plain', { 'config.json': encoderConfig })
  cpSync(join(bundledEncoder, 'model.onnx'), join(place.path, 'plain/model.onnx'))
  const { vectors } = await models.embed(await declared('plain'), ['where is my card?'])
  expect(vectors[0]).toHaveLength(384)
})

test('a classifier answers a probability for each label of its config', async () => {
  layout('labels', { 'config.json': labelConfig, 'onnx/model.onnx': labelGraph({ width: 2 }) })
  const model = await declared('labels')
  const { labels, probabilities } = await models.classify(model, ['good', 'bad'])
  expect(labels).toEqual(['NEGATIVE', 'POSITIVE'])
  for (const row of probabilities) expect((row[0] ?? 0) + (row[1] ?? 0)).toBeCloseTo(1, 5)
  expect(await codeOf(models.embed(model, ['good']))).toMatch(/^model\/wrong-task/)
})

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  ['no config', { 'config.json': Buffer.from('{') }, 'model/bad-directory: .*not JSON'],
  [
    'a generator',
    { 'config.json': { ...encoderConfig, architectures: ['LlamaForCausalLM'] } },
    'model/bad-directory: .*LlamaForCausalLM',
  ],
  [
    'labels with a gap',
    { 'config.json': { ...labelConfig, id2label: { 0: 'a', 2: 'b' } } },
    'model/bad-directory: .*label 1 is missing',
  ],
  [
    'a config with fewer rows',
    { 'config.json': { ...encoderConfig, vocab_size: 9000 } },
    'model/bad-tokenizer: .*13999',
  ],
  [
    'a matrix with fewer rows',
    { 'onnx/model.onnx': tokenGraph({ width: 4, rows: 9000 }) },
    'model/bad-tokenizer: .*no row',
  ],
  [
    'an input of another kind',
    { 'onnx/model.onnx': tokenGraph({ width: 4, extraInput: 'pixel_values' }) },
    'model/unusable-weights: .*pixel_values',
  ],
  [
    'labels of another number',
    { 'config.json': labelConfig, 'onnx/model.onnx': labelGraph({ width: 3 }) },
    'model/unusable-weights: .*3 numbers',
  ],
  [
    'a layer outside the graph',
    { 'modules.json': [{ type: 'sentence_transformers.models.Dense' }] },
    'model/unusable-weights: .*Dense',
  ],
  [
    'an unknown pooling',
    { '1_Pooling/config.json': { pooling_mode_lasttoken: true } },
    'model/bad-directory: .*lasttoken',
  ],
  ['weights that are none', { 'onnx/model.onnx': Buffer.from('none') }, 'model/unusable-weights'],
])('%s: refused with what is wrong, and the other models go on', async (_, files, expected) => {
  tokens()
  tokens('bad', files)
  const asked = declared('bad').then((model) => models.embed(model, ['card']))
  expect(await codeOf(asked)).toMatch(new RegExp(expected, 's'))
  expect(models.loaded).toBe(0)
  expect((await models.embed(await declared('tokens'), ['card'])).vectors).toHaveLength(1)
})

test('a file that is missing, changed since, or one of several variants is told apart', async () => {
  tokens()
  const model = await declared('tokens')
  layout('tokens', { 'onnx/model.onnx': tokenGraph({ width: 8 }) })
  expect(await codeOf(models.embed(model, ['card']))).toMatch(/^model\/wrong-digest/)
  rmSync(join(place.path, 'tokens/onnx/model.onnx'))
  expect(await codeOf(declared('tokens'))).toMatch(/^model\/missing-file/)
  const weights = tokenGraph({ width: 4 })
  layout('tokens', { 'onnx/model_int8.onnx': weights, 'onnx/model_fp16.onnx': weights })
  expect(await codeOf(declared('tokens'))).toMatch(/^model\/bad-directory: .*model_int8\.onnx/s)
  expect((await declared('tokens', { variant: 'int8' })).upstream).not.toBe(model.upstream)
})

test('a text beyond the limit is refused by its place, or cut where the declaration says so', async () => {
  tokens()
  const long = 'card '.repeat(40)
  expect(await codeOf(models.embed(await declared('tokens'), ['card', long]))).toMatch(/^model\/too-long-text: Text 1 /)
  const cut = await models.embed(await declared('tokens', { onLong: 'cut' }), [long])
  expect(cut.tokens).toBe(32)
})

test('room is made by unloading who was asked longest ago, and never one that is being asked', async () => {
  const each = 4 * tokenGraph({ width: 4 }).byteLength + 32 * 1024 * 1024
  const small = new LocalModels({ root: place.path, memory: 2 * each })
  for (const name of ['a', 'b', 'c'])
    layout(name, { 'config.json': { ...encoderConfig, name }, 'onnx/model.onnx': tokenGraph({ width: 4 }) })
  const [a, b, c] = [await declared('a'), await declared('b'), await declared('c')]
  await small.embed(a, ['card'])
  await small.embed(b, ['card'])
  await small.embed(a, ['card'])
  await small.embed(c, ['card'])
  expect([small.loaded, small.bytes]).toEqual([2, 2 * each])
  const held = [small.embed(a, ['card']), small.embed(c, ['card'])]
  expect(await codeOf(small.embed(b, ['card']))).toMatch(/^none|^model\/no-memory/) // as the others end before or after
  await Promise.all(held)
  const tiny = new LocalModels({ root: place.path, memory: each - 1 })
  expect(await codeOf(tiny.embed(a, ['card']))).toMatch(/^model\/beyond-memory/)
  await small.close()
  expect(await codeOf(small.embed(b, ['card']))).toMatch(/^model\/closed/)
})

test('two that come at once for the last room: one is loaded, and the other is told', async () => {
  const each = 4 * tokenGraph({ width: 4 }).byteLength + 32 * 1024 * 1024
  const small = new LocalModels({ root: place.path, memory: each })
  for (const name of ['a', 'b'])
    layout(name, { 'config.json': { ...encoderConfig, name }, 'onnx/model.onnx': tokenGraph({ width: 4 }) })
  const [a, b] = [await declared('a'), await declared('b')]
  const both = await Promise.all([codeOf(small.embed(a, ['card'])), codeOf(small.embed(b, ['card']))])
  expect(both.map((code) => code.split(':')[0])).toEqual(['none', 'model/no-memory'])
  await small.close()
})

test('OpenAI’s embeddings: float and base64 say the same, the tokens are counted, and what is not offered is refused', async () => {
  tokens()
  const model = await declared('tokens')
  const ask = async (json: Record<string, unknown>) => {
    const answer = await answerLocally(models, model, { dialect: 'openai-embeddings', json })
    return {
      ...answer,
      json: JSON.parse(answer.body.toString()) as { data: { embedding: number[] | string }[]; usage: object },
    }
  }
  const float = await ask({ input: ['card', 'my card'] })
  const base64 = await ask({ input: ['card', 'my card'], encoding_format: 'base64', dimensions: 4 })
  expect(float.json.usage).toEqual({ prompt_tokens: 7, total_tokens: 7 })
  expect(float.usage.input).toBe(7)
  const bytes = Buffer.from(String(base64.json.data[1]?.embedding), 'base64')
  expect([0, 4, 8, 12].map((at) => bytes.readFloatLE(at))).toEqual(float.json.data[1]?.embedding)
  expect(await codeOf(ask({ input: 'card', dimensions: 2 }))).toMatch(/^model\/refused-field/)
  for (const input of ['', [], [''], [[1, 2]], Array.from({ length: 2049 }, () => 'a')])
    expect(await codeOf(ask({ input }))).toMatch(/^model\/bad-body/)
})
