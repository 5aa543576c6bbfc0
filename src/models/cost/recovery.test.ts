import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../core/clock.ts'
import { mainTenant, mintId } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import type { Pool } from '../../store/pool.ts'
import { testDatabase, type TestDatabase } from '../../store/testing.ts'
import { differencesOf } from './held-check.ts'
import { SpendLedger } from './spend-ledger.ts'
import { admitted, attempt, balances, declare, openLedger, used } from './testing.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.ownerPool.query(
    'truncate budget, budget_period, reservation, cost_correction, cost_alert, cost_day, process cascade',
  )
  await declare(database.pool, { id: 'key', nano: 1000 })
})

const beat = (process: string, at: string) =>
  database.pool.query(`update process set beat = ${at} where id = $1`, [process])
const states = async () =>
  (
    await database.pool.query<{ state: string; why: string | null }>('select state, why from reservation order by id')
  ).rows.map(({ state, why }) => [state, why].join(' ').trim())

test('what a dead process held is assumed, by one of those that look; what a live one holds is left to it (C4)', async () => {
  const [dead, left, alive, other] = [
    await openLedger(database.pool),
    await openLedger(database.pool),
    await openLedger(database.pool),
    await openLedger(database.pool),
  ]
  for (const { ledger } of [dead, left, alive]) admitted(await ledger.reserve(attempt(100, ['key'])))
  await beat(dead.process, `clock_timestamp() - interval '1 min'`)
  await beat(left.process, `'infinity'`)
  const recovered = await Promise.all([other.ledger.recover(), alive.ledger.recover()])
  expect(recovered[0] + recovered[1]).toBe(2)
  expect(await states()).toEqual(['assumed process-died', 'assumed process-died', 'held'])
  expect(await balances(database.pool)).toEqual({ key: '100/200' })
})

test('a process that has not written its first beat yet is not taken for dead; one that never did is', async () => {
  const [one, other] = [await openLedger(database.pool), await openLedger(database.pool)]
  admitted(await one.ledger.reserve(attempt(100, ['key'])))
  await database.pool.query('delete from process where id = $1', [one.process])
  expect(await other.ledger.recover()).toBe(0)
  await database.ownerPool.query(`update reservation set at = at - interval '1 min'`)
  expect(await other.ledger.recover()).toBe(1)
})

test('a process that was taken for dead settles late: what the worst case did not cover is added once, and nothing taken off (C5, C7)', async () => {
  const [slow, other] = [await openLedger(database.pool), await openLedger(database.pool)]
  const [a, b] = [
    admitted(await slow.ledger.reserve(attempt(100, ['key']))),
    admitted(await slow.ledger.reserve(attempt(100, ['key']))),
  ]
  await beat(slow.process, `clock_timestamp() - interval '1 min'`)
  await other.ledger.recover()
  await slow.ledger.settle(a, used(130))
  await slow.ledger.settle(a, used(130))
  await slow.ledger.settle(b, used(70))
  expect(await balances(database.pool)).toEqual({ key: '0/230' })
  expect(await differencesOf(database.pool, mainTenant)).toEqual([])
})

/** A pool of which chosen statements are lost: before they reach Postgres, or after Postgres committed them. */
function lossy(pool: Pool, lose: (turn: number) => 'before' | 'after' | undefined): Pool {
  let turn = 0
  return new Proxy(pool, {
    get(target, name) {
      if (name !== 'query') return Reflect.get(target, name, target) as unknown
      return async (query: string) => {
        const way = lose(turn++)
        if (way === 'before') throw new Error('Connection terminated unexpectedly')
        const result = await target.query(query)
        if (way === 'after') throw new Error('Connection terminated unexpectedly')
        return result
      }
    },
  })
}

/** Waits are over at once. */
const hasty: Clock = { ...systemClock, after: (_, then) => systemClock.after(0, then) }
const ledgerOn = (pool: Pool): SpendLedger =>
  new SpendLedger({
    pool,
    clock: hasty,
    random: systemRandom,
    process: mintId('pro', systemClock.today(), systemRandom),
  })

test('a batch whose answer was lost is asked again under the same ids: nothing is held or booked twice (C2, C4)', async () => {
  const ledger = ledgerOn(lossy(database.pool, (turn) => (turn % 2 === 0 ? 'after' : undefined)))
  const admissions = await Promise.all([1, 2, 3].map(() => ledger.reserve(attempt(400, ['key']))))
  expect(admissions.map((one) => one.outcome)).toEqual(['admitted', 'admitted', 'refused'])
  expect(await balances(database.pool)).toEqual({ key: '800/0' })
  for (const admission of admissions.slice(0, 2)) await ledger.settle(admitted(admission), used(10))
  expect(await balances(database.pool)).toEqual({ key: '0/20' })
  expect(await differencesOf(database.pool, mainTenant)).toEqual([])
})

test('where nobody can say whether it was admitted, the caller is told so and the hold is withdrawn: it would stand for ever (C2)', async () => {
  const ledger = ledgerOn(lossy(database.pool, (turn) => (turn === 0 ? 'after' : turn < 4 ? 'before' : undefined)))
  await expect(ledger.reserve(attempt(400, ['key']))).rejects.toThrow(/terminated/)
  while ((await states())[0] !== 'released withdrawn') await systemClock.turn()
  expect(await balances(database.pool)).toEqual({ key: '0/0' })
})

test('an end that meets an outage is tried until it is booked: a cost that was told never vanishes (C5)', async () => {
  let isAway = false
  const ledger = ledgerOn(lossy(database.pool, () => (isAway ? 'before' : undefined)))
  const reservation = admitted(await ledger.reserve(attempt(400, ['key'])))
  isAway = true
  const settling = ledger.settle(reservation, used(30))
  for (let turns = 0; turns < 50; turns++) await systemClock.turn()
  expect(await balances(database.pool)).toEqual({ key: '400/0' })
  isAway = false
  expect(await settling).toMatchObject({ state: 'settled', isFirst: true })
  expect(await balances(database.pool)).toEqual({ key: '0/30' })
})

test('an attempt that Postgres does not take fails alone: the others of its batch are admitted', async () => {
  const { ledger } = await openLedger(database.pool)
  const got = await Promise.allSettled([
    ledger.reserve(attempt(10, ['key'])),
    ledger.reserve(attempt(10, ['key'], { facts: { task: 'a\0b' } })), // text in Postgres holds no such character
    ledger.reserve(attempt(10, ['key'])),
  ])
  expect(got.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await balances(database.pool)).toEqual({ key: '20/0' })
})
