import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import type { ErrorCode } from '../core/errors/dictionary.ts'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { mainTenant, type TenantId } from '../core/ids.ts'
import { sha256 } from '../core/json.ts'
import { collection } from '../sdk/resources.ts'
import { testDatabase, type TestDatabase } from '../store/testing.ts'
import type { SourceDocument } from './ingest.ts'
import { KnowledgeBase } from './knowledge-base.ts'
import type { TextEncoder } from './text-encoder.ts'

/** By the words that a text has: texts with the same words are near. Counts what it is asked. */
function wordEncoder(name = 'words', dimensions = 64): TextEncoder & { asked: number } {
  return {
    digest: sha256(name),
    asked: 0,
    async embed(text) {
      this.asked++
      const vector = new Float32Array(dimensions).fill(0.01)
      for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? [])
        vector[Number.parseInt(sha256(word).slice(0, 8), 16) % dimensions] = 1
      return vector
    },
  }
}

const replies = collection({
  name: 'replies',
  encoder: 'words',
  document: z.object({ id: z.string(), text: z.string() }),
  text: (document) => document.text,
})
const document = (id: string, text: string): SourceDocument => ({ id, source: `${id}.md`, body: { id, text } })
const shelf = [
  document('arrival', 'Your new card arrives within five working days.'),
  document('pin', 'You can change the PIN of a card at any cash machine.'),
  document('refund', 'A refund takes up to ten days to reach your account.'),
]

let database: TestDatabase
let encoder: ReturnType<typeof wordEncoder>
beforeEach(async () => {
  database = await testDatabase()
  encoder = wordEncoder()
})
afterEach(() => database.drop())

const open = (with_: TextEncoder = encoder): KnowledgeBase =>
  new KnowledgeBase({ pool: database.pool, collections: [{ declaration: replies, encoder: with_ }] })
const put = (base: KnowledgeBase, documents: readonly SourceDocument[], tenant = mainTenant) =>
  base.ingest({ tenant, collection: 'replies', documents })
const search = async (base: KnowledgeBase, text: string, over: { topK?: number; tenant?: TenantId } = {}) =>
  (
    await base.search({
      tenant: mainTenant,
      collection: 'replies',
      text,
      topK: 3,
      signal: new AbortController().signal,
      ...over,
    })
  ).hits
const ids = async (...q: Parameters<typeof search>): Promise<string[]> =>
  (await search(...q)).map((hit) => hit.document.id)
const coded = (code: ErrorCode) => expect.toSatisfy((e) => isMillraceError(e, code))

test('the nearest document is found, with its version, source, chunk and score', async () => {
  const base = open()
  await put(base, shelf)
  const [first, ...others] = await search(base, 'when does my new card arrive')
  expect(first).toMatchObject({
    document: { id: 'arrival', source: 'arrival.md', body: shelf[0]?.body },
    chunk: { name: 'replies/arrival#0' },
  })
  expect(first?.document.version).toMatch(/^[0-9a-f]{64}$/)
  expect(first?.score).toBeCloseTo(2 / 61, 10) // first by words and by meaning
  expect(others.every((hit) => hit.score < (first?.score ?? 0))).toBe(true)
})

test('again with the same documents it does nothing, and asks the encoder nothing', async () => {
  expect(await put(open(), shelf)).toEqual({ documents: 3, added: 3, unchanged: 0, retired: 0 })
  const before = encoder.asked
  expect(await put(open(), shelf)).toEqual({ documents: 3, added: 0, unchanged: 3, retired: 0 })
  expect(encoder.asked).toBe(before)
})

test('a changed document gets a version, the one before is found no more but stays in the database', async () => {
  const base = open()
  await put(base, shelf)
  const [before] = await search(base, 'change the PIN')
  const changed = document('pin', 'The PIN is changed in the app, not at a machine.')
  expect(await put(base, [...shelf.slice(0, 1), changed])).toEqual({ documents: 2, added: 1, unchanged: 1, retired: 2 })
  expect(await ids(base, 'refund account')).not.toContain('refund')
  const [after] = await search(base, 'change the PIN')
  expect(after?.document.version).not.toBe(before?.document.version)
  const { rows } = await database.pool.query(`select from document where id in ('pin', 'refund')`)
  expect(rows).toHaveLength(3)
})

test('who keeps what was made from documents hears which versions are gone, and can go with them in one transaction', async () => {
  const heard: string[] = []
  const told = new KnowledgeBase({
    pool: database.pool,
    collections: [{ declaration: replies, encoder }],
    onRetired: async (connection, gone) => {
      await connection.query('select')
      heard.push(...gone.map((one) => `${one.tenant}/${one.collection}/${one.document}`))
      if (heard.length > 2) throw new Error('not now')
    },
  })
  await put(told, shelf)
  expect(heard).toEqual([])
  await put(told, shelf.slice(0, 1))
  expect(heard.toSorted()).toEqual(['main/replies/pin', 'main/replies/refund'])
  await expect(put(told, [])).rejects.toThrow('not now')
  expect(await ids(told, 'when does my new card arrive')).toContain('arrival')
})

test('a version that comes back is current again, without a new one', async () => {
  const base = open()
  await put(base, shelf)
  await put(base, shelf.slice(0, 1))
  expect(await put(base, shelf)).toMatchObject({ added: 0, retired: 0 })
  expect(await ids(base, 'refund to my account')).toContain('refund')
})

test('starts at once on nothing make each document once', async () => {
  await Promise.all([put(open(wordEncoder()), shelf), put(open(wordEncoder()), shelf), put(open(wordEncoder()), shelf)])
  const { rows } = await database.pool.query('select from chunk where current')
  expect(rows).toHaveLength(3)
  expect(await ids(open(), 'PIN')).toContain('pin')
})

test('an index in memory follows what another process changes', async () => {
  const [here, there] = [open(), open()]
  await put(here, shelf)
  expect(await ids(here, 'PIN', { topK: 1 })).toEqual(['pin'])
  await put(there, [document('pin-2', 'Another text of a PIN.')])
  expect(await ids(here, 'PIN')).toEqual(['pin-2'])
})

test.each([
  `'; drop table chunk; --`,
  `card & | ! <-> :* ( ) ' " \\`,
  'card\u0000',
  '\ud800 card',
  '',
  'the of and',
  '日本語 карта',
  'card '.repeat(5000),
  `card${'-card'.repeat(900)}`,
  "can't a&b <b>card</b> http://x.example/card?a=1|2",
])('a query is words, whatever stands in it: %j', async (text) => {
  const base = open()
  await put(base, shelf)
  expect(await ids(base, text)).toHaveLength(3)
})

test('words count as well as meaning: a rare word finds its document', async () => {
  const base = open({ ...encoder, embed: async () => new Float32Array([1, 0]) }) // all texts mean the same
  await put(base, shelf)
  expect(await ids(base, 'cash', { topK: 1 })).toEqual(['pin'])
})

test('a document with many chunks is found once, by its best', async () => {
  const base = open()
  const long = document('long', `${'Something about loans. '.repeat(60)}\n\n${'A word on mortgages. '.repeat(60)}`)
  await put(base, [...shelf, long])
  const hits = await search(base, 'mortgages')
  expect(hits.filter((hit) => hit.document.id === 'long')).toHaveLength(1)
  expect(hits[0]?.chunk.name).toMatch(/long#[1-9]/)
})

test('a tenant finds its own documents alone', async () => {
  const base = open()
  const other = 'other' as TenantId
  await put(base, shelf)
  await put(base, [document('secret', 'The card of the other tenant.')], other)
  expect(await ids(base, 'card')).not.toContain('secret')
  expect(await ids(base, 'card', { tenant: other })).toEqual(['secret'])
  expect(await ids(base, 'card', { tenant: 'nobody' as TenantId })).toEqual([])
})

test('another encoder has vectors of its own, and never meets the old ones', async () => {
  await put(open(), shelf)
  const next = wordEncoder('words-2', 16)
  expect(await search(open(next), 'card')).toEqual([])
  expect(await put(open(next), shelf)).toMatchObject({ added: 3 })
  expect(await ids(open(next), 'card')).toHaveLength(3)
  expect(await ids(open(), 'card')).toHaveLength(3)
})

test.each([
  ['two documents of one id', [document('a', 'x'), { ...document('a', 'y'), source: 'b/a.md' }]],
  ['a document that does not fit the schema', [{ id: 'a', source: 'a.md', body: { id: 'a' } }]],
  ['no text', [document('a', ' \n ')]],
  ['no id', [document('', 'x')]],
  ['NUL in the text', [document('a', 'x\u0000')]],
  ['half a character', [document('a', 'x\ud800')]],
  ['a text that is too long', [document('a', 'x'.repeat(1_000_001))]],
])('%s: refused, and nothing of the collection is changed', async (_, bad) => {
  const base = open()
  await put(base, shelf)
  await expect(put(base, [document('new', 'A new text.'), ...bad])).rejects.toEqual(coded('knowledge/bad-document'))
  expect(await ids(base, 'card')).toHaveLength(3)
  expect(await ids(base, 'new text')).not.toContain('new')
})

test.each([
  ['no numbers', new Float32Array(0)],
  ['zeros', new Float32Array(8)],
  ['a number that is none', new Float32Array([1, Number.NaN])],
])('an encoder that answers %s is refused', async (_, vector) => {
  await expect(put(open({ ...encoder, embed: async () => vector }), shelf)).rejects.toEqual(
    coded('knowledge/bad-embedding'),
  )
})

test('a vector of another length than the stored ones is refused, and so are stored ones that were altered', async () => {
  await put(open(), shelf)
  await expect(search(open({ ...encoder, embed: async () => new Float32Array([1, 2]) }), 'card')).rejects.toEqual(
    coded('knowledge/bad-embedding'),
  )
  await database.ownerPool.query(`update chunk set vector = '\\x0102' where document = 'pin'`)
  await expect(search(open(), 'card')).rejects.toEqual(coded('knowledge/damaged-index'))
})

test('a collection that nobody declared is named as missing', async () => {
  const base = open()
  const signal = new AbortController().signal
  await expect(base.search({ tenant: mainTenant, collection: 'x', text: 'a', topK: 1, signal })).rejects.toEqual(
    coded('knowledge/no-such-collection'),
  )
})

test('a search that was called off answers nothing', async () => {
  const base = open()
  await put(base, shelf)
  const signal = AbortSignal.abort(new Error('called off'))
  await expect(
    base.search({ tenant: mainTenant, collection: 'replies', text: 'card', topK: 1, signal }),
  ).rejects.toThrow('called off')
})
