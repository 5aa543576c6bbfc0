import { expect, test, vi } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { testDatabase } from '../../store/testing.ts'
import { KnownKeys } from './known-keys.ts'
import { answerOf, completion, openCache, questionOf } from './testing.ts'

const soon = { timeout: 20_000, interval: 20 }

test('a key that nothing stands under costs no look-up; what another process keeps is known soon; old knowledge is none', async () => {
  const database = await testDatabase()
  let late = 0
  const clock = { ...systemClock, now: () => systemClock.now() + late }
  const known = new KnownKeys({ pool: database.pool, clock })
  const none = Buffer.alloc(32, 7)
  expect(known.mayHave(none)).toBe(true) // nothing has been read yet
  await vi.waitFor(() => expect(known.mayHave(none)).toBe(false), soon)
  known.add(none)
  expect(known.mayHave(none)).toBe(true)

  const { cache } = openCache(database.pool)
  await cache.keep(questionOf('elsewhere'), answerOf(completion('yes')))
  const { rows } = await database.pool.query<{ key: Buffer }>('select key from answer_cache')
  const key = rows[0]?.key ?? Buffer.alloc(32)
  await vi.waitFor(() => {
    known.mayHave(Buffer.alloc(32, 8))
    expect(known.mayHave(key) && !known.mayHave(Buffer.alloc(32, 9))).toBe(true)
  }, soon)
  late = 60_000
  expect(known.mayHave(Buffer.alloc(32, 9))).toBe(true)
  await vi.waitFor(() => expect(known.mayHave(Buffer.alloc(32, 9))).toBe(false), soon)
  await database.drop()
})

test('a database that is away makes nothing known: each question goes there, and none is taken for unknown', async () => {
  const query = vi.fn().mockRejectedValue(new Error('away'))
  const known = new KnownKeys({ pool: { query } as never, clock: systemClock })
  for (let turn = 0; turn < 3; turn++) {
    expect(known.mayHave(Buffer.alloc(32))).toBe(true)
    await systemClock.turn()
  }
  expect(query).toHaveBeenCalledTimes(3)
})
