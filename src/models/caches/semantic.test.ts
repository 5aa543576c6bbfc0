import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { mainTenant, type TenantId } from '../../core/ids.ts'
import { type TestDatabase, testDatabase } from '../../store/testing.ts'
import { Encoder } from '../encoder.ts'
import type { AnswerCache } from './answer-cache.ts'
import { cacheReport } from './cache-report.ts'
import type { CacheCounts } from './cache-counts.ts'
import { type Asked, answerOf, blindEncoder, completion, openCache, questionOf, TestKeys } from './testing.ts'

// To the blind encoder every text is as near as any: what it does not answer wrongly, no encoder does.

let database: TestDatabase
let cache: AnswerCache
let counts: CacheCounts
beforeAll(async () => void (database = await testDatabase()))
beforeEach(async () => {
  await database.ownerPool.query('truncate answer_cache, cache_day')
  ;({ cache, counts } = openCache(database.pool))
})
afterAll(() => database.drop())

const semantic: Asked = { cache: { semantic: { for: '1h', least: 0.9 } } }
const ask = (text: string, over: Asked = {}): ReturnType<typeof questionOf> =>
  questionOf(text, { ...semantic, ...over })
const keep = async (text: string, over: Asked = {}): Promise<ReturnType<typeof answerOf>> => {
  const [asked, answer] = [ask(text, over), answerOf(completion(text))]
  await cache.find(asked)
  expect(await cache.keep(asked, answer)).toBe('kept')
  return answer
}

test('another wording of a question is answered, and says whose answer it is', async () => {
  const answer = await keep('How do I reset my password?')
  const hit = await cache.find(ask('Hi, how can I reset the password? '))
  expect(hit).toMatchObject({ kind: 'semantic', from: answer.call, cosine: 1, saved: { nano: 70n, currency: 'USD' } })
  expect(hit?.body).toEqual(answer.body)
  expect(await cache.evict({ tenant: mainTenant, route: 'chat', call: answer.call })).toBe(1)
  expect(await cache.find(ask('how to reset my password'))).toBeUndefined()
})

test('cancel is not the answer to do not cancel, and the report says what stood in the way', async () => {
  await keep('Cancel my order 17 for Anna.')
  for (const other of [
    'Do not cancel my order 17 for Anna.',
    'Cancel my order 18 for Anna.',
    'Cancel my order 17 for Hanna.',
  ])
    expect([other, await cache.find(ask(other))]).toEqual([other, undefined])
  expect((await cache.find(ask('please cancel the order 17 for Anna')))?.kind).toBe('semantic')
  await counts.write()
  const [report] = await cacheReport(database.pool, { tenant: mainTenant, from: '2020-01-01', until: '2999-01-01' })
  expect(report).toEqual({
    route: 'chat',
    exactHits: 0,
    semanticHits: 1,
    misses: 4,
    hitRate: 0.2,
    kept: 1,
    evicted: 0,
    passed: {},
    refused: { negation: 1, number: 1, name: 1 },
    unkept: {},
    saved: [{ currency: 'USD', nano: 70n }],
  })
})

test('counts are added to a day’s, by any process, and another tenant’s are not shown', async () => {
  const other = openCache(database.pool)
  await cache.keep(questionOf('Hi'), answerOf(completion('Hi')))
  await Promise.all([cache.find(questionOf('Hi')), other.cache.find(questionOf('Hi'))])
  await Promise.all([counts.close(), other.counts.close(), counts.write()])
  const report = (tenant: TenantId) => cacheReport(database.pool, { tenant, from: '2020-01-01', until: '2999-01-01' })
  expect(await report(mainTenant)).toMatchObject([{ exactHits: 2, kept: 1, saved: [{ nano: 140n }] }])
  expect(await report('other' as TenantId)).toEqual([])
  expect(counts.snapshot()).toContainEqual({ tenant: mainTenant, route: 'chat', measure: 'exact-hit', amount: 1n })
})

test('everything before the last message, and all that an exact answer hangs on, must be equal', async () => {
  await keep('How do I reset it?')
  const alike = 'how do I reset it'
  const system = { role: 'system', content: 'Answer in French.' }
  const said = (...messages: object[]): Asked => ({ body: { messages } })
  const cases: Readonly<Record<string, Asked>> = {
    tenant: { tenant: 'other' as TenantId },
    route: { route: 'desk' },
    scope: { sees: { scope: 'key_1' } },
    arm: { target: 'b2' },
    'data class': { sees: { dataClass: 'public' } },
    context: said(system, { role: 'user', content: alike }),
    sampling: { body: { temperature: 1 } },
    stream: { body: { stream: true } },
    'two texts': said({
      role: 'user',
      content: [
        { type: 'text', text: alike },
        { type: 'text', text: 'no' },
      ],
    }),
    picture: said({ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] }),
    'another’s word': said({ role: 'assistant', content: alike }),
    tools: { body: { tools: [{ type: 'function', function: { name: 'f' } }] } },
    'too long': said({ role: 'user', content: 'x'.repeat(501) }),
  }
  for (const [what, over] of Object.entries(cases))
    expect([what, await cache.find(ask(alike, over))]).toEqual([what, undefined])
  expect(await cache.find(ask(alike))).toBeDefined()
})

test('nothing of a person is found by its meaning, nor kept for that', async () => {
  const keys = new TestKeys(database.pool)
  const { cache: own } = openCache(database.pool, { keys })
  const subject = await keys.person()
  const both: Asked = { cache: { exact: '1h', semantic: { for: '1h', least: 0 } } }
  for (const dataClass of ['internal', 'personal', 'special'] as const) {
    const sees = { dataClass, subject }
    const asked = questionOf('How do I reset it?', { ...both, sees })
    await own.find(asked)
    expect(await own.keep(asked, answerOf(completion('So.')))).toBe('kept')
    expect(await own.find(questionOf('how do I reset it', { ...both, sees }))).toBeUndefined()
  }
  const { rows } = await database.pool.query('select from answer_cache where scope is not null or asked is not null')
  expect(rows).toEqual([])
})

test('a threshold, an encoder that is not there or says nothing, and an expired neighbour are misses', async () => {
  await keep('How do I reset it?')
  const alike = ask('how do I reset it')
  const far = { ...blindEncoder, embed: async () => Float32Array.of(4, 3) } // 0.96 near
  const find = (over: Parameters<typeof openCache>[1], cacheOver: Asked = {}) =>
    openCache(database.pool, over).cache.find(ask('how do I reset it', cacheOver))
  expect((await find({ encoder: () => far }))?.cosine).toBeCloseTo(0.96)
  const strict: Asked = { cache: { semantic: { for: '1h', least: 0.97 } } }
  await keep('How do I reset it?', strict)
  expect(await find({ encoder: () => far }, strict)).toBeUndefined()
  expect(await find({ encoder: () => undefined })).toBeUndefined()
  expect(await find({ encoder: () => ({ ...blindEncoder, digest: 'c'.repeat(64) }) })).toBeUndefined()
  expect(await find({ encoder: () => ({ ...blindEncoder, embed: async () => Float32Array.of(0, 0) }) })).toBeUndefined()
  expect(await cache.find(alike)).toBeDefined()
  await database.pool.query(`update answer_cache set semantic_until = clock_timestamp() - interval '1 ms'`)
  expect(await cache.find(ask('how do I reset it'))).toBeUndefined()
})

test('with the bundled encoder, as a route has it by default, what means the same is found and what does not is not', async () => {
  const encoder = await Encoder.open(join(import.meta.dirname, '../../../models/mini-en'))
  try {
    const { cache: real } = openCache(database.pool, { encoder: (name) => (name === 'mini-en' ? encoder : undefined) })
    const asks = (text: string): ReturnType<typeof questionOf> =>
      questionOf(text, { cache: { semantic: { for: '1h' } } })
    const first = asks('How do I cancel my subscription?')
    await real.find(first)
    await real.keep(first, answerOf(completion('So.')))
    const hit = await real.find(asks('Hello, could you tell me how to cancel the subscription?'))
    expect(hit?.kind).toBe('semantic')
    expect((await real.find(asks('Hi, how can I cancel my subscription? Thank you!')))?.kind).toBe('semantic')
    expect(await real.find(asks('How do I not cancel my subscription?'))).toBeUndefined()
    expect(await real.find(asks('How do I pause my subscription?'))).toBeUndefined()
    expect(await real.find(asks('Where is my parcel?'))).toBeUndefined()
  } finally {
    await encoder.close()
  }
})
