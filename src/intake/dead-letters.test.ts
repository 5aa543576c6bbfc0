import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { type KeyId, mainTenant, type RunId } from '../core/ids.ts'
import { systemRandom } from '../core/random.ts'
import { unseal } from '../core/seal.ts'
import { testDatabase, type TestDatabase } from '../store/testing.ts'
import { DeadLetters } from './dead-letters.ts'
import { testKeys } from './testing-keys.ts'

let database: TestDatabase
let letters: DeadLetters
const keys = testKeys()
const keep = (id: string) =>
  letters.keep({
    source: 'urn:test',
    id,
    pipeline: 'triage',
    type: 'message.received',
    bytes: Buffer.from([0, 255, 10, 65]),
    error: new MillraceError('intake/unreadable', { why: 'it has no sender' }),
  })

beforeAll(async () => {
  database = await testDatabase()
  letters = new DeadLetters({ pool: database.pool, keys, random: systemRandom, clock: systemClock, tenant: mainTenant })
})
afterAll(() => database.drop())

test('what cannot become an event is kept once, however often and at once it comes', async () => {
  const kept = await Promise.all(Array.from({ length: 6 }, () => keep('a')))
  expect(kept.filter(Boolean)).toHaveLength(1)
  expect(await letters.list({ limit: 10 })).toMatchObject([{ event: 'a', code: 'intake/unreadable', attempts: 1 }])
  expect((await database.pool.query('select from payload')).rows).toHaveLength(1)
})

test('its bytes are kept as they came, sealed', async () => {
  await keep('b')
  const { rows } = await database.pool.query<{ body: Buffer; key_id: KeyId; wrapped: Buffer }>(
    `select p.body, p.key_id, k.wrapped from inbox i join payload p on p.id = i.payload join subject_key k on k.id = p.key_id where i.id = 'b'`,
  )
  const [row] = rows
  if (!row) throw new Error('a row')
  expect(unseal(keys.unwrap(mainTenant, row.key_id, row.wrapped), row.body)).toEqual({ raw: 'AP8KQQ==' })
})

test('it is settled in the inbox from the first moment, and found by the run that it would have had', async () => {
  await keep('c')
  const { rows } = await database.pool.query<{ run: RunId; state: string }>(
    `select run, state from inbox where id = 'c'`,
  )
  const run = rows[0]?.run
  if (!run) throw new Error('a run')
  expect(rows[0]?.state).toBe('dead')
  const found = (await letters.ofRuns([run])).get(run)
  expect(found).toMatchObject({ event: 'c', code: 'intake/unreadable' })
  expect(Math.abs((found?.created ?? 0) - systemClock.today())).toBeLessThan(60_000)
})

const letterOf = async (event: string) => {
  const found = (await letters.list({ limit: 100 })).find((letter) => letter.event === event)
  if (!found) throw new Error('a letter')
  return found
}
const stateOf = async (event: string) =>
  (
    await database.pool.query<{ state: string; attempts: number; run: RunId }>(
      'select state, attempts, run from inbox where id = $1',
      [event],
    )
  ).rows[0]

test('a replayed letter waits in the inbox again, as what its bytes say now, under its first run', async () => {
  await keep('d')
  const { id, run } = await letterOf('d')
  const event = { specversion: '1.0', id: 'd', source: 's', type: 't', data: { n: 1 } }
  const seen: number[] = []
  const replayed = await letters.replay(id, async (letter, bytes) => {
    expect(letter.event).toBe('d')
    seen.push(...bytes)
    return event
  })
  expect(replayed).toBe(run)
  expect(seen).toEqual([0, 255, 10, 65])
  expect(await stateOf('d')).toEqual({ state: 'pending', attempts: 0, run })
  await expect(letters.show(id)).rejects.toMatchObject({ code: 'intake/no-such-letter' })
})

test('what is still unreadable stays a letter, and nothing of it has changed', async () => {
  await keep('e')
  const { id } = await letterOf('e')
  await expect(letters.replay(id, async () => Promise.reject(new Error('still')))).rejects.toThrow('still')
  expect(await stateOf('e')).toMatchObject({ state: 'dead' })
  expect((await letters.show(id)).content).toEqual({ bytes: Buffer.from([0, 255, 10, 65]) })
})

test('two who replay one letter at once replay it once', async () => {
  await keep('f')
  const { id } = await letterOf('f')
  const event = { specversion: '1.0', id: 'f', source: 's', type: 't', data: null }
  const ended = await Promise.allSettled([1, 2, 3].map(() => letters.replay(id, async () => event)))
  expect(ended.filter((one) => one.status === 'fulfilled')).toHaveLength(1)
})
