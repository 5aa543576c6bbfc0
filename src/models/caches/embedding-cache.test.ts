import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { mainTenant, type TenantId } from '../../core/ids.ts'
import { type TestDatabase, testDatabase } from '../../store/testing.ts'
import { EmbeddingCache } from './embedding-cache.ts'
import { TestKeys } from './testing.ts'
import type { CacheEncoder } from './vectors.ts'

let database: TestDatabase
let asked: string[]
let encoder: CacheEncoder
let warned: unknown[]
const open = (): EmbeddingCache => new EmbeddingCache({ pool: database.pool, warn: (error) => warned.push(error) })
beforeAll(async () => void (database = await testDatabase()))
beforeEach(async () => {
  await database.ownerPool.query('truncate embedding_cache')
  asked = []
  warned = []
  encoder = {
    digest: 'a'.repeat(64),
    embed: async (text) => Float32Array.of(text.length, asked.push(text)),
  }
})
afterAll(() => database.drop())
const main = { tenant: mainTenant }

test('a vector is made once, for all processes, and a caller that changes its own changes no other’s', async () => {
  const cache = open()
  const first = await cache.over(encoder, main).embed('refunds')
  first[0] = -1
  expect(await cache.over(encoder, main).embed('refunds')).toEqual(Float32Array.of(7, 1))
  expect(await open().over(encoder, main).embed('refunds')).toEqual(Float32Array.of(7, 1))
  expect(asked).toEqual(['refunds'])
})

test('another text, encoder, tenant or person has its own vector', async () => {
  const cache = open()
  const { id: subject } = await new TestKeys(database.pool).person()
  await cache.over(encoder, main).embed('refunds')
  await cache.over(encoder, main).embed('refunds ')
  await cache.over({ ...encoder, digest: 'b'.repeat(64) }, main).embed('refunds')
  await cache.over(encoder, { tenant: 'other' as TenantId }).embed('refunds')
  await cache.over(encoder, { ...main, subject }).embed('refunds')
  expect(asked).toHaveLength(5)
})

test('a person’s vectors go with the person, also out of a process that used them', async () => {
  const cache = open()
  const { id: subject } = await new TestKeys(database.pool).person()
  await cache.over(encoder, main).embed('refunds')
  for (const _ of [1, 2]) await cache.over(encoder, { ...main, subject }).embed('my illness')
  expect(asked).toEqual(['refunds', 'my illness'])
  expect(await open().erase({ ...main, subject })).toBe(1)
  await cache.over(encoder, { ...main, subject }).embed('my illness')
  expect(asked).toHaveLength(3)
})

test('vectors end by the database’s clock, and what is too much is deleted', async () => {
  for (const text of ['a', 'bb', 'ccc']) await open().over(encoder, main).embed(text)
  await database.pool.query(
    `update embedding_cache set expires = clock_timestamp() - interval '1 ms' where text = sha256('a')`,
  )
  await open().over(encoder, main).embed('a')
  expect(asked).toEqual(['a', 'bb', 'ccc', 'a'])
  await database.pool.query(
    `update embedding_cache set expires = clock_timestamp() - interval '1 ms' where text = sha256('a')`,
  )
  expect(await open().purge()).toBe(1)
  expect(await open().purge(1)).toBe(1)
  expect((await database.pool.query('select from embedding_cache')).rowCount).toBe(1)
})

test('a database that fails costs the vector’s making, and fails no caller; an encoder that fails does', async () => {
  const broken = { query: () => Promise.reject(new Error('gone')) }
  // Only `query` is asked of it.
  const cache = new EmbeddingCache({ pool: broken as never, warn: (error) => warned.push(error) })
  expect(await cache.over(encoder, main).embed('refunds')).toEqual(Float32Array.of(7, 1))
  expect(warned).toHaveLength(2)
  const failing = { ...encoder, embed: () => Promise.reject(new Error('closed')) }
  await expect(open().over(failing, main).embed('other')).rejects.toThrow('closed')
})
