import { afterAll, beforeAll, expect, test } from 'vitest'
import { mainTenant } from '../../core/ids.ts'
import { testDatabase, type TestDatabase } from '../../store/testing.ts'
import { declareBudgets, listBudgets } from './budgets.ts'
import { admitted, attempt, openLedger, used } from './testing.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

const company = { id: 'company', currency: 'USD', cap: 1, period: 'all' } as const
const declare = (...budgets: object[]) => declareBudgets(database.pool, mainTenant, budgets)

test.each([
  [[{ ...company, cap: -1 }], /cap/],
  [[{ ...company, cap: '1,50' }], /cap/],
  [[{ ...company, periode: 'day' }], /periode/],
  [[{ ...company, warn: 90, downgrade: 80 }], /must rise/],
  [[{ ...company, stop: 101 }], /stop/],
  [[company, company], /twice/],
  [[{ ...company, parent: 'holding' }], /not declared/],
  [[company, { ...company, id: 'team', parent: 'company', currency: 'EUR' }], /counts in USD/],
  [
    [
      { ...company, parent: 'team' },
      { ...company, id: 'team', parent: 'company' },
    ],
    /above itself/,
  ],
])('a tree that cannot be used is refused, and says why: %j', async (budgets, why) => {
  await expect(declare(...budgets)).rejects.toThrow(why)
  expect(await listBudgets(database.pool, { tenant: mainTenant })).toEqual([])
})

test('a child may be declared before its parent; later declarations change caps and thresholds, and keep what is spent', async () => {
  await declare({ ...company, id: 'team', parent: 'company', warn: 50 }, company)
  const { ledger } = await openLedger(database.pool)
  const spend = async (tokens: number) =>
    ledger.settle(admitted(await ledger.reserve(attempt(tokens, ['team']))), used(tokens))
  await spend(600_000_000)
  expect(await listBudgets(database.pool, { tenant: mainTenant })).toMatchObject([
    { id: 'company', cap: 1_000_000_000n, spent: 600_000_000n, held: 0n, standing: 'normal', period: 'all' },
    { id: 'team', parent: 'company', spent: 600_000_000n, standing: 'warn' },
  ])
  await declare({ ...company, id: 'team', parent: 'company', cap: '0.6' }, company)
  expect(await ledger.reserve(attempt(1, ['team']))).toMatchObject({ outcome: 'refused' })
  expect(await listBudgets(database.pool, { tenant: mainTenant, after: 'company' })).toMatchObject([
    { id: 'team', spent: 600_000_000n, standing: 'stop' },
  ])
})

test('a budget keeps its currency: what it has spent is in that, and nothing of the declaration is taken', async () => {
  await expect(declare({ ...company, currency: 'EUR' }, { ...company, id: 'new', currency: 'EUR' })).rejects.toThrow(
    /currency/,
  )
  const ids = (await listBudgets(database.pool, { tenant: mainTenant })).map(({ id }) => id)
  expect(ids).toEqual(['company', 'team'])
})

test.each([
  ['day', '2026-12-31'],
  ['week', '2026-W53'],
  ['month', '2026-12'],
  ['all', 'all'],
])('the period of a %s is named %s on the last evening of the year, in UTC', async (period, name) => {
  const { rows } = await database.pool.query<{ name: string }>('select budget_period_name($1, $2) as name', [
    period,
    '2027-01-01T01:30:00+02:00',
  ])
  expect(rows).toEqual([{ name }])
})
