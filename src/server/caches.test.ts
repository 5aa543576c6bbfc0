import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { mainTenant, type TenantId } from '../core/ids.ts'
import { systemRandom } from '../core/random.ts'
import { sourceName } from '../models/caches/source-name.ts'
import { answerOf, blindEncoder, completion, questionOf, TestKeys } from '../models/caches/testing.ts'
import { KnowledgeBase } from '../knowledge/knowledge-base.ts'
import { collection } from '../sdk/resources.ts'
import { testDatabase, type TestDatabase } from '../store/testing.ts'
import { z } from 'zod'
import { type Caches, openCaches } from './caches.ts'

let database: TestDatabase
let keys: TestKeys
let caches: Caches
beforeAll(async () => {
  database = await testDatabase()
  keys = new TestKeys(database.pool)
  caches = openCaches({
    pool: database.pool,
    keys,
    audit: { append: async () => {} },
    models: { encoder: () => blindEncoder },
    say: () => {},
    clock: systemClock,
    random: systemRandom,
  })
})
afterAll(async () => {
  await caches.close()
  await database.drop()
})

test('an answer dies with the version of the document that it was made from, when a new one is ingested', async () => {
  const faq = collection({
    name: 'faq',
    encoder: 'any',
    document: z.object({ text: z.string() }),
    text: ({ text }) => text,
  })
  const knowledge = new KnowledgeBase({
    pool: database.pool,
    collections: [
      {
        declaration: faq,
        encoder: blindEncoder,
        documents: caches.embeddings.over(blindEncoder, { tenant: mainTenant }),
      },
    ],
    onRetired: (...gone) => caches.retire(...gone),
  })
  const ingest = (text: string) =>
    knowledge.ingest({
      tenant: mainTenant,
      collection: 'faq',
      documents: [{ id: 'fees', source: 'fees.md', body: { text } }],
    })
  await ingest('The fee is 10 EUR.')
  const { hits } = await knowledge.search({
    tenant: mainTenant,
    collection: 'faq',
    text: 'fee',
    topK: 1,
    signal: new AbortController().signal,
  })
  const sources = hits.map(({ document }) =>
    sourceName({ collection: 'faq', document: document.id, version: document.version }),
  )
  expect(sources).toHaveLength(1)
  for (const tenant of [mainTenant, 'other' as TenantId])
    expect(
      await caches.answers.keep(
        questionOf('What is the fee?', { tenant }),
        answerOf(completion('10 EUR'), { sources }),
      ),
    ).toBe('kept')
  await ingest('The fee is 10 EUR.')
  expect(await caches.answers.find(questionOf('What is the fee?'))).toBeDefined()
  await ingest('The fee is 12 EUR.')
  expect(await caches.answers.find(questionOf('What is the fee?'))).toBeUndefined()
  expect(await caches.answers.find(questionOf('What is the fee?', { tenant: 'other' as TenantId }))).toBeDefined()
})

test('forgetting a person takes their answers and vectors, and nobody else’s', async () => {
  const [anna, ben] = [await keys.person(), await keys.person()]
  for (const subject of [anna, ben]) {
    await caches.answers.keep(
      questionOf('Hi', { sees: { dataClass: 'personal', subject } }),
      answerOf(completion('Hi.')),
    )
    await caches.embeddings.over(blindEncoder, { tenant: mainTenant, subject: subject.id }).embed('my illness')
  }
  expect(await caches.forget({ tenant: mainTenant, subject: anna.id })).toBe(2)
  const left = `select subject from answer_cache where subject is not null union all select subject from embedding_cache where subject <> ''`
  expect((await database.pool.query(left)).rows).toEqual([{ subject: ben.id }, { subject: ben.id }])
})
