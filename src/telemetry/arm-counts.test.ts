import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '../store/testing.ts'
import { ArmCounts } from './arm-counts.ts'
import { armReadOut } from './arm-read-out.ts'
import { ShadowLog, shadowReadOut } from './shadow-log.ts'
import { SetClock, testCall } from './testing-calls.ts'

let database: TestDatabase
const clock = new SetClock()
beforeAll(async () => {
  database = await testDatabase()
})
beforeEach(() => database.ownerPool.query('truncate arm_day, arm_answer, shadow_comparison'))
afterAll(() => database.drop())

const counts = (process = 'pro_1'): ArmCounts => new ArmCounts({ pool: database.pool, clock, process })
const drawn = { arm: 'a', version: 'v-small' }
const days = { tenant: 'main', route: 'drafts', from: '2026-01-05', until: '2026-01-05' }

test('a call counts to the arm that it was led to, though another had to answer; a kept answer counts to none', async () => {
  const arms = counts()
  arms.observe(testCall({ drawn }))
  arms.observe(testCall({ drawn, answered: { version: 'v-large', model: 'large', provider: 'openai', arm: 'large' } }))
  arms.observe(testCall({ drawn, cache: { kind: 'exact' } }))
  await arms.flush()
  const [read, ...others] = await armReadOut(database.pool, days)
  expect(others).toEqual([])
  expect(read).toMatchObject({ arm: 'a', calls: 2, takenOver: { value: 0.5 }, errors: { value: 0 } })
})

test('what several processes count adds up, a flush that is sent again counts nothing twice, and errors are told by kind', async () => {
  const [one, two] = [counts('pro_1'), counts('pro_2')]
  for (const arms of [one, two, one]) {
    arms.observe(testCall({ drawn, total: 100 }))
    arms.observe(testCall({ drawn, total: 300, error: { code: 'model/upstream-timeout', kind: 'transport' } }))
    await arms.flush()
    await arms.flush()
  }
  const [read] = await armReadOut(database.pool, days)
  expect(read).toMatchObject({ calls: 6, errors: { value: 0.5 }, errorsByKind: { transport: 3 } })
  expect(read?.p50.value).toBeGreaterThan(98)
  expect(read?.costs).toMatchObject([{ currency: 'USD', calls: 6, value: 1_000_000, low: 1_000_000 }])
})

test('a database that is away loses nothing that was counted', async () => {
  let isAway = true
  const pool = {
    query: (asked: never) => (isAway ? Promise.reject(new Error('away')) : database.pool.query(asked)),
  }
  const arms = new ArmCounts({ pool: pool as never, clock, process: 'pro_1' }) // of the pool this one method is used
  arms.observe(testCall({ drawn, run: 'run_1' }))
  await expect(arms.flush()).rejects.toThrow('away')
  isAway = false
  await arms.flush()
  expect((await armReadOut(database.pool, days))[0]?.calls).toBe(1)
  expect((await database.pool.query('select from arm_answer')).rows.length).toBe(1)
})

test('what people overturn counts against the arm that said it: rejected, or approved with other arguments', async () => {
  const arms = counts()
  for (const run of ['run_1', 'run_2', 'run_3', 'run_4'])
    arms.observe(testCall({ drawn, run, startedAt: clock.today() }))
  await arms.flush()
  const decide = async (run: string, verdict: string, digest: string): Promise<void> => {
    const item = `rev_${run}`
    await database.ownerPool.query(
      `insert into work_item (t, id, kind, run, step_key, queue, state, shown_digest, action_digest, form, head, key_id, body)
        values ('main', $1, 'approve', $2, 'act', 'q', 'decided', 's', 'same', 'f', '', 'k', '')`,
      [item, run],
    )
    await database.ownerPool.query(
      `insert into decision (t, item, ordinal, person, claim_no, verdict, shown_digest, action_digest, key_id, body)
        values ('main', $1, 1, 'per_1', 1, $2, 's', $3, 'k', '')`,
      [item, verdict, digest],
    )
  }
  await decide('run_1', 'approve', 'same')
  await decide('run_2', 'approve', 'edited')
  await decide('run_3', 'reject', 'same')
  const [read] = await armReadOut(database.pool, days)
  expect(read?.overturned).toMatchObject({ decided: 3, value: 2 / 3 })
})

test('shadows are read out with what they agreed on, failed and cost', async () => {
  const log = new ShadowLog(database.pool)
  const shadow = { tenant: 'main', route: 'drafts', version: 'v-large', at: clock.today(), ms: 100 }
  log.add({ ...shadow, call: 'cal_1', agrees: true, cost: { nano: 5n, currency: 'USD' } })
  log.add({ ...shadow, call: 'cal_2', agrees: false, cost: { nano: 7n, currency: 'USD' } })
  log.add({ ...shadow, call: 'cal_3', error: 'model/upstream-timeout' })
  await log.flush()
  await log.flush()
  expect(await shadowReadOut(database.pool, days)).toMatchObject([
    {
      version: 'v-large',
      calls: 3,
      failed: { value: 1 / 3 },
      agreed: { value: 0.5, compared: 2 },
      costs: [{ currency: 'USD', nano: '12' }],
    },
  ])
})
