import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { mainTenant, mintId } from '../core/ids.ts'
import { systemRandom } from '../core/random.ts'
import { type TestDatabase, testDatabase } from '../store/testing.ts'
import { Overview } from './overview.ts'
import { returnsOf } from './return-on-automation.ts'
import { wilson } from './wilson.ts'

let database: TestDatabase
beforeAll(async () => void (database = await testDatabase()))
afterAll(() => database.drop())

const now = systemClock.today()
const run = async (state: string, at: number, why?: string): Promise<string> => {
  const id = mintId('run', at, systemRandom)
  const values = [id, state, why ?? null, state === 'open' || state === 'paused' ? null : new Date(at + 10)]
  await database.ownerPool.query(
    `insert into run (t, id, root, pipeline, digest, state, why, started, ended) values ('main', $1, $1, 'desk', 'd', $2, $3, to_timestamp(${at / 1000}), $4)`,
    values,
  )
  return id
}

test('it counts what began since, by hour, and tells what is stuck from what is done', async () => {
  const pool = database.pool
  const since = now - 3 * 3_600_000
  await run('succeeded', now - 60_000)
  await run('succeeded', now - 2 * 3_600_000)
  await run('failed', now - 60_000, 'run/threw')
  await run('failed', now - 86_400_000, 'run/threw') // yesterday's is no part of today
  const stuck = await run('paused', now - 5 * 86_400_000, 'model/unreachable') // but what is stuck is, however old
  const view = await new Overview({ pool, clock: systemClock, baselines: {} }).read(mainTenant, since)
  expect(view.runs).toMatchObject({ began: 3, succeeded: 2, failed: 1, paused: 1 })
  expect(view.failures).toMatchObject({ ended: 3, count: 1 })
  expect(view.hours.reduce((sum, hour) => sum + hour.runs, 0)).toBe(3)
  expect(view.hours).toHaveLength(4)
  expect(view.automation).toEqual({ decided: 2, alone: 2 })
  expect(view.stuck).toEqual([
    expect.objectContaining({ kind: 'paused', where: 'desk', code: 'model/unreachable', count: 1, example: stuck }),
    expect.objectContaining({ kind: 'failed', code: 'run/threw', count: 1 }),
  ])
})

test('the interval holds the share, narrows with trials, and never claims certainty from none', () => {
  expect(wilson(0, 0)).toEqual({ count: 0, share: 0, low: 0, high: 1 })
  expect(wilson(1, 10).high).toBeCloseTo(0.4042, 3)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (trials, part) => {
      const { high, low, share } = wilson(Math.round(part * trials), trials)
      return low >= 0 && high <= 1 && low <= share && share <= high && high > low
    }),
  )
})

test('a return counts people’s minutes and the models of its own currency alone', () => {
  const [desk] = returnsOf(
    { desk: { minutes: 6, hourly: 40, currency: 'EUR' } },
    {
      succeeded: [{ pipeline: 'desk', runs: 10 }],
      people: [
        { pipeline: 'desk', active: 1_800_000 },
        { pipeline: 'other', active: 1_800_000 },
      ],
      costs: [
        { pipeline: 'desk', currency: 'EUR', nano: '500000000' },
        { pipeline: 'desk', currency: 'USD', nano: '900000000' },
      ],
    },
  )
  expect(desk).toEqual({
    pipeline: 'desk',
    currency: 'EUR',
    transactions: 10,
    baseline: '40000000000',
    spent: '20500000000',
  })
})
