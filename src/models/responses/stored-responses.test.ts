import { createSecretKey, type KeyObject } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { type KeyId, mainTenant, mintId, type TenantId } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import { type TestDatabase, testDatabase } from '../../store/testing.ts'
import type { Usage } from '../cost/usage.ts'
import { dialects } from '../dialects/dialects.ts'
import { framesOf, namedEvents } from '../dialects/testing.ts'
import { listedItems } from './conversation.ts'
import { responseIn } from './heard-response.ts'
import { isStored, type Owner, type ResponseKeys, StoredResponses } from './stored-responses.ts'

let database: TestDatabase
let stored: StoredResponses
const asked: string[] = []
beforeAll(async () => {
  database = await testDatabase()
})
beforeEach(async () => {
  await database.ownerPool.query('truncate stored_response')
  stored = new StoredResponses({ pool: database.pool, keys: keysOn(database), random: systemRandom })
})
afterAll(() => database.drop())

/** Keys as the vault keeps them, without a master key around them. */
function keysOn({ ownerPool }: TestDatabase): ResponseKeys {
  const ids = new Map<string, KeyId>()
  const unwrap = (_: TenantId, id: KeyId, wrapped: Uint8Array | null): KeyObject => {
    if (!wrapped) throw new MillraceError('governance/key-destroyed', { key: id })
    return createSecretKey(Buffer.from(wrapped))
  }
  return {
    unwrap,
    async get(tenant, id) {
      const { rows } = await ownerPool.query<{ wrapped: Buffer }>('select wrapped from subject_key where id = $1', [id])
      return unwrap(tenant, id, rows[0]?.wrapped ?? null)
    },
    async subjects(tenant, [outside = '']) {
      asked.push(outside)
      const key = ids.get(outside) ?? mintId('key', 1, systemRandom)
      if (!ids.has(outside))
        await ownerPool.query('insert into subject_key (t, id, wrapped, retention_class) values ($1, $2, $3, $4)', [
          tenant,
          key,
          systemRandom.bytes(32),
          'event',
        ])
      ids.set(outside, key)
      return [{ key }]
    },
  }
}

const mine: Owner = { tenant: mainTenant, client: 'key_a' }
const theirs: Owner = { tenant: mainTenant, client: 'key_b' }
const usage: Usage = { input: 20, cacheRead: 5, cacheWrite: 0, cacheWriteLong: 0, output: 10, reasoning: 3 }
const read = (more: object = {}) =>
  dialects['openai-responses'].read(Buffer.from(JSON.stringify({ model: 'm', input: 'hello', ...more })))
const answer = (id: string, text = 'Hi'): string =>
  `{ "id":"${id}","object":"response","n":12345678901234567890,"output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"${text}"}]}],"status":"completed" }`
const keep = (id: string, o: { request?: ReturnType<typeof read>; isCarried?: boolean; owner?: Owner } = {}) =>
  stored.keep(o.owner ?? mine, {
    request: o.request ?? read(),
    response: answer(id),
    version: 'v1',
    usage,
    isCarried: o.isCarried ?? false,
  })

test('a response is there for its client alone, byte for byte, until it is deleted', async () => {
  await keep('resp_1')
  expect(await stored.read(mine, 'resp_1')).toEqual({
    id: 'resp_1',
    version: 'v1',
    heldBy: 'provider',
    response: answer('resp_1'),
    input: '[{"type":"message","role":"user","content":"hello"}]',
  })
  const gone = { code: 'model/no-such-response', status: 404 }
  await expect(stored.read(theirs, 'resp_1')).rejects.toMatchObject(gone)
  await expect(stored.read({ ...mine, tenant: 'other' as TenantId }, 'resp_1')).rejects.toMatchObject(gone)
  await expect(stored.previous(theirs, read({ previous_response_id: 'resp_1' }))).rejects.toMatchObject(gone)
  await expect(stored.remove(theirs, 'resp_1')).rejects.toMatchObject(gone)
  await stored.remove(mine, 'resp_1')
  await expect(stored.read(mine, 'resp_1')).rejects.toMatchObject(gone)
})

test('nothing of its text lies open in the database, and without the key of its person it is gone', async () => {
  await keep('resp_1', { request: read({ user: 'mia@example.test' }) })
  expect(asked.at(-1)).toBe('mia@example.test')
  const { rows } = await database.ownerPool.query<{ body: Buffer; key_id: string }>(
    'select body, key_id from stored_response',
  )
  expect(rows[0]?.body.toString('latin1')).not.toContain('hello')
  await keep('resp_2')
  expect(asked.at(-1)).toBe('client:key_a')
  await database.ownerPool.query('update subject_key set wrapped = null where id = $1', [rows[0]?.key_id])
  await expect(stored.read(mine, 'resp_1')).rejects.toMatchObject({ code: 'model/no-such-response' })
  expect(await stored.read(mine, 'resp_2')).toMatchObject({ id: 'resp_2' })
})

test('who goes on is led to the version that answered, and pays for the conversation before', async () => {
  await keep('resp_1')
  const request = read({ previous_response_id: 'resp_1' })
  const previous = await stored.previous(mine, request)
  expect(previous).toMatchObject({ version: 'v1', heldBy: 'provider' })
  expect(previous?.request.raw).toBe(request.raw)
  expect(previous?.request.inputBound).toBe(request.inputBound + 38)
  expect(await stored.previous(mine, read())).toBeUndefined()
})

test('a conversation that no provider holds is written out, over several turns', async () => {
  await keep('resp_1', { isCarried: true })
  const second = await stored.previous(
    mine,
    read({ input: [{ role: 'user', content: 'and?' }], previous_response_id: 'resp_1' }),
  )
  expect(second).toMatchObject({ heldBy: 'gateway', request: { json: { previous_response_id: null } } })
  expect(second?.request.previous).toBeUndefined()
  expect(second?.request.json['input']).toMatchObject([
    { role: 'user', content: 'hello' },
    { role: 'assistant', content: [{ text: 'Hi' }] },
    { role: 'user', content: 'and?' },
  ])
  if (second) await keep('resp_2', { isCarried: true, request: second.request })
  const third = await stored.previous(mine, read({ input: 'so?', previous_response_id: 'resp_2' }))
  expect(third?.request.json['input']).toHaveLength(5)
})

test('what is not to be kept is not, what has expired is swept, and an id’s first answer stays', async () => {
  await keep('resp_1', { request: read({ store: false }) })
  await expect(stored.read(mine, 'resp_1')).rejects.toMatchObject({ code: 'model/no-such-response' })
  expect([read(), read({ store: true }), read({ store: false })].map(isStored)).toEqual([true, true, false])
  await keep('resp_2')
  await keep('resp_2', { owner: theirs })
  await expect(stored.read(theirs, 'resp_2')).rejects.toMatchObject({ code: 'model/no-such-response' })
  await database.ownerPool.query(`update stored_response set expires = clock_timestamp()`)
  await expect(stored.read(mine, 'resp_2')).rejects.toMatchObject({ code: 'model/no-such-response' })
  expect([await stored.sweep(), await stored.sweep()]).toEqual([1, 0])
})

test('the last event of a stream has the whole response', () => {
  const text = answer('resp_1')
  const events = [
    'event: response.created\ndata: {"type":"response.created","response":{"id":"resp_1"}}\n\n',
    namedEvents({ type: 'response.output_text.delta' }),
    `event: response.completed\ndata: {"type":"response.completed","response":${text}}\n\n`,
  ]
  expect(framesOf(events.join('')).map(responseIn)).toEqual([undefined, undefined, text])
})

test('items are listed with ids, and messages in parts', () => {
  const input = '[{"role":"user","content":"a"},{"type":"function_call_output","call_id":"c","output":"1"}]'
  expect(listedItems(input, 'resp_9')).toEqual([
    { id: 'msg_9_0', type: 'message', role: 'user', content: [{ type: 'input_text', text: 'a' }] },
    { id: 'item_9_1', type: 'function_call_output', call_id: 'c', output: '1' },
  ])
})
