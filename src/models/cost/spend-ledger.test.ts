import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { mainTenant } from '../../core/ids.ts'
import { testDatabase, type TestDatabase } from '../../store/testing.ts'
import { differencesOf } from './held-check.ts'
import type { SpendLedger } from './spend-ledger.ts'
import { admitted, attempt, balances, declare, openLedger, unitPrice, used } from './testing.ts'
import type { CostAlert } from './reservation.ts'

let database: TestDatabase
let ledger: SpendLedger
let alerts: CostAlert[]
beforeAll(async () => {
  database = await testDatabase({ max: 20 })
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.ownerPool.query(
    'truncate budget, budget_period, reservation, cost_correction, cost_alert, cost_day, price cascade',
  )
  ;({ ledger, alerts } = await openLedger(database.pool))
  await declare(
    database.pool,
    { id: 'company', nano: 1000 },
    { id: 'team', nano: 500, parent: 'company' },
    { id: 'key', nano: 300, parent: 'team' },
    { id: 'other', nano: 900, parent: 'company' },
  )
})

const reserve = async (worst: number, budgets = ['key']) => admitted(await ledger.reserve(attempt(worst, budgets)))
const noDifference = async () => expect(await differencesOf(database.pool, mainTenant)).toEqual([])

test('an attempt is held at every level of the tree, and only levels that all have room admit it (C1)', async () => {
  await reserve(300)
  expect(await balances(database.pool)).toEqual({ company: '300/0', key: '300/0', team: '300/0' })
  const second = await ledger.reserve(attempt(1, ['key']))
  expect(second).toMatchObject({ outcome: 'refused', error: { code: 'cost/over-budget', details: { budget: 'key' } } })
  await reserve(700, ['other'])
  const third = await ledger.reserve(attempt(1, ['team']))
  expect(third).toMatchObject({ outcome: 'refused', error: { details: { budget: 'company' } } })
  expect(await balances(database.pool)).toEqual({ company: '1000/0', key: '300/0', other: '700/0', team: '300/0' })
  await noDifference()
})

test('when `reserve` answers, the reservation is durable: whoever looks sees it before anything is sent (C3)', async () => {
  const { id } = await reserve(100)
  const { rows } = await database.ownerPool.query('select state, held, price, budgets from reservation where id = $1', [
    id,
  ])
  expect(rows).toEqual([{ state: 'held', held: '100', price: unitPrice.version, budgets: ['company', 'key', 'team'] }])
})

test('in one batch the first come are admitted, and a small one goes past a large one that has no room (C1)', async () => {
  const worsts = [200, 150, 100, 1]
  const got = await Promise.all(worsts.map((worst) => ledger.reserve(attempt(worst, ['key']))))
  expect(got.map((one) => one.outcome)).toEqual(['admitted', 'refused', 'admitted', 'refused'])
})

test('a level that two of the budgets share is held once', async () => {
  await reserve(100, ['key', 'other', 'team'])
  expect(await balances(database.pool)).toEqual({ company: '100/0', key: '100/0', other: '100/0', team: '100/0' })
})

test('a settlement books what was used and gives the rest back; a second end books nothing (C4)', async () => {
  const reservation = await reserve(100)
  expect(await ledger.settle(reservation, used(40))).toEqual({ state: 'settled', isFirst: true, cost: 40n })
  expect(await ledger.settle(reservation, used(40))).toEqual({ state: 'settled', isFirst: false, cost: 0n })
  expect(await ledger.release(reservation, 'never sent')).toMatchObject({ state: 'settled', isFirst: false })
  expect(await balances(database.pool)).toEqual({ company: '0/40', key: '0/40', team: '0/40' })
  await noDifference()
})

test('ends of one reservation in one batch: one of them counts (C4)', async () => {
  const reservation = await reserve(100)
  const ends = await Promise.all([
    ledger.settle(reservation, used(40)),
    ledger.assume(reservation, 'hung up'),
    ledger.release(reservation, 'never sent'),
  ])
  expect(ends.filter((end) => end.isFirst)).toHaveLength(1)
  expect(await balances(database.pool)).toEqual({ company: '0/40', key: '0/40', team: '0/40' })
  await noDifference()
})

test('what is assumed costs the worst case, what is released nothing (C4)', async () => {
  expect(await ledger.assume(await reserve(100), 'hung up')).toMatchObject({ state: 'assumed', cost: 100n })
  expect(await ledger.release(await reserve(50), 'never sent')).toMatchObject({ state: 'released', cost: 0n })
  expect(await balances(database.pool)).toEqual({ company: '0/100', key: '0/100', team: '0/100' })
})

test('more than was held is booked in full, overdraws, and is alarmed; then nothing more is admitted (C5)', async () => {
  const reservation = await reserve(100)
  await ledger.settle(reservation, used(310))
  expect(await balances(database.pool)).toEqual({ company: '0/310', key: '0/310', team: '0/310' })
  expect(alerts).toContainEqual(expect.objectContaining({ kind: 'excess', reservation: reservation.id, amount: 210n }))
  expect(alerts).toContainEqual(expect.objectContaining({ kind: 'overdrawn', budget: 'key', amount: 310n }))
  expect(await ledger.reserve(attempt(0, ['key']))).toMatchObject({ outcome: 'refused' })
  await noDifference()
})

test('a price that is not known is refused where a budget applies, and recorded as unknown, not zero, where none does (C6)', async () => {
  const unknown = { price: undefined, worst: undefined }
  expect(await ledger.reserve(attempt(0, ['key'], unknown))).toMatchObject({
    outcome: 'refused',
    error: { code: 'cost/unknown-price' },
  })
  const reservation = admitted(await ledger.reserve(attempt(0, [], unknown)))
  expect(await ledger.settle(reservation, used(5))).toEqual({ state: 'settled', isFirst: true, cost: undefined })
  const { rows } = await database.pool.query('select held, actual, input from reservation')
  expect(rows).toEqual([{ held: null, actual: null, input: '5' }])
})

test('a use that has no price, or is no use at all, costs the worst case, never zero (C6)', async () => {
  expect(await ledger.settle(await reserve(100), { ...used(5), tier: 'priority' })).toMatchObject({
    state: 'assumed',
    cost: 100n,
  })
  expect(await ledger.settle(await reserve(50), used(-5))).toMatchObject({ state: 'assumed', cost: 50n })
  expect(await ledger.settle(await reserve(50), used(Number.MAX_SAFE_INTEGER))).toMatchObject({ state: 'settled' })
  expect(await balances(database.pool)).toMatchObject({ key: `0/${150n + BigInt(Number.MAX_SAFE_INTEGER)}` })
})

test('a use that Postgres cannot hold is assumed: its reservation would stay held for as long as this process lives (C4)', async () => {
  const dear = { input: 10n ** 15n, cacheRead: 0n, output: 0n, reasoning: 0n }
  const price = { ...unitPrice, version: 'declared/dear', standard: { base: dear, long: [] } }
  const reservation = admitted(await ledger.reserve(attempt(100, ['key'], { price })))
  expect(await ledger.settle(reservation, used(Number.MAX_SAFE_INTEGER))).toMatchObject({
    state: 'assumed',
    cost: 100n,
  })
  const unpriced = admitted(await ledger.reserve(attempt(0, [], { price: undefined, worst: undefined })))
  expect(await ledger.settle(unpriced, { ...used(1), tier: 'a\0b' })).toMatchObject({ state: 'assumed' })
})

test('a correction is a row of its own, and the balances follow; what is held cannot be corrected (C7)', async () => {
  const reservation = await reserve(100)
  const correction = { tenant: mainTenant, id: reservation.id, reason: 'the bill says so', by: 'per_0' }
  await expect(ledger.correct({ ...correction, key: 'a', amount: 5n })).rejects.toMatchObject({ code: 'cost/not-held' })
  await ledger.assume(reservation, 'hung up')
  await ledger.correct({ ...correction, key: 'a', amount: -60n })
  await ledger.correct({ ...correction, key: 'a', amount: -60n })
  await ledger.correct({ ...correction, key: 'b', amount: 7n })
  expect(await balances(database.pool)).toMatchObject({ key: '0/47', company: '0/47' })
  const { rows } = await database.pool.query('select key, amount from cost_correction order by key')
  expect(rows).toEqual([
    { key: 'a', amount: '-60' },
    { key: 'b', amount: '7' },
  ])
  expect((await database.pool.query('select actual from reservation')).rows).toEqual([{ actual: '100' }])
  await noDifference()
})

test('the application cannot change what an attempt was admitted by, nor any correction or alert (C7, C8, C9)', async () => {
  for (const statement of [
    'update reservation set held = 0',
    `update reservation set periods = '{}'`,
    `update reservation set price = 'other'`,
    'delete from reservation',
    'update cost_correction set amount = 0',
    'delete from cost_correction',
    'delete from cost_alert',
    `update price set body = '{}'`,
    'delete from budget_period',
    `update budget set currency = 'EUR'`,
  ])
    await expect(database.pool.query(statement)).rejects.toThrow(/permission denied/)
})

test('a settlement stays in the period of its reservation, whatever day it is (C8)', async () => {
  const reservation = await reserve(100)
  // As if it had been admitted in October.
  await database.ownerPool.query(
    `insert into budget_period (t, budget, period, held) select t, budget, '2020-10', held from budget_period`,
  )
  await database.ownerPool.query(`update budget_period set held = 0 where period <> '2020-10'`)
  await database.ownerPool.query(`update reservation set periods = array['2020-10', '2020-10', '2020-10']`)
  await ledger.settle(reservation, used(40))
  expect(await balances(database.pool)).toEqual({ company: '0/40 0/0', key: '0/40 0/0', team: '0/40 0/0' })
  await noDifference()
})

test('another price than the one it was admitted with ends no reservation (C8)', async () => {
  const reservation = await reserve(100)
  const dearer = { ...reservation, price: { ...unitPrice, version: 'declared/dearer' } }
  await expect(ledger.settle(dearer, used(40))).rejects.toMatchObject({ code: 'cost/not-held' })
  expect(await balances(database.pool)).toMatchObject({ key: '100/0' })
  const { rows } = await database.pool.query('select version, currency from price')
  expect(rows).toEqual([{ version: unitPrice.version, currency: 'USD' }])
})

test('a budget in another currency refuses: amounts are never added across currencies (C8)', async () => {
  const euros = { ...unitPrice, currency: 'EUR', version: 'declared/euros' }
  expect(await ledger.reserve(attempt(1, ['key'], { price: euros }))).toMatchObject({
    outcome: 'refused',
    error: { code: 'cost/wrong-currency' },
  })
})

test('a budget that is not declared refuses, and holds nothing at those that are', async () => {
  expect(await ledger.reserve(attempt(1, ['key', 'typo']))).toMatchObject({
    outcome: 'refused',
    error: { code: 'cost/no-such-budget', details: { budget: 'typo' } },
  })
  await noDifference()
  expect(Object.values(await balances(database.pool))).toEqual(['0/0', '0/0', '0/0'])
})

test('each threshold is told once a period, by whichever process passes it, and the first refusal (C9)', async () => {
  await declare(database.pool, { id: 'key', nano: 100, warn: 50, downgrade: 70, stop: 75 })
  const second = await openLedger(database.pool)
  const spend = async (worst: number): Promise<void> => {
    for (const one of [ledger, second.ledger]) {
      const admission = await one.reserve(attempt(worst, ['key']))
      if (admission.outcome === 'admitted') await one.settle(admission.reservation, used(15))
    }
  }
  for (const worst of [20, 20, 20, 15, 1]) await spend(worst)
  const told = [...alerts, ...second.alerts].filter((alert) => alert.budget === 'key')
  expect(told.map((alert) => `${alert.kind} ${alert.amount}`).toSorted()).toEqual([
    'downgrade 75',
    'refused 60',
    'stop 75',
    'warn 60',
  ])
  expect((await database.pool.query(`select kind from cost_alert where budget = 'key'`)).rowCount).toBe(4)
})

test('past `downgrade` what could be done cheaper is refused, and the cheaper way admitted', async () => {
  await declare(database.pool, { id: 'key', nano: 100, warn: 10, downgrade: 20 })
  const first = await ledger.reserve(attempt(20, ['key'], { mayDowngrade: true }))
  await ledger.settle(admitted(first), used(20))
  expect(await ledger.reserve(attempt(5, ['key'], { mayDowngrade: true }))).toMatchObject({ outcome: 'downgrade' })
  expect(await ledger.reserve(attempt(5, ['key']))).toMatchObject({
    outcome: 'admitted',
    reservation: { standing: 'downgrade' },
  })
})
