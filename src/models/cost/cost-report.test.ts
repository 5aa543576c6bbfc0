import { afterAll, beforeAll, expect, test } from 'vitest'
import { mainTenant, mintId } from '../../core/ids.ts'
import { seededRandom } from '../../core/random.ts'
import { testDatabase, type TestDatabase } from '../../store/testing.ts'
import {
  attemptsOfRun,
  costReport,
  type Dimension,
  newestAlerts,
  type ReportLine,
  type ReportPosition,
} from './cost-report.ts'
import { admitted, attempt, declare, openLedger, unitPrice, used } from './testing.ts'

const run = mintId('run', 0, seededRandom(1))
const days = { from: '2020-01-01', until: '2100-01-01' }
let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
  const { pool } = database
  await declare(pool, { id: 'key', nano: 1000, warn: 9 })
  const { ledger } = await openLedger(pool)
  const euros = { ...unitPrice, currency: 'EUR', version: 'declared/euros' }
  const entity = (id: string) => ({ type: 'customer', id })
  const reserve = async (...a: Parameters<typeof attempt>) => admitted(await ledger.reserve(attempt(...a)))

  await ledger.settle(
    await reserve(100, ['key'], { facts: { task: 'reply', pipeline: 'triage', run, step: 's1', entity: entity('a') } }),
    used(30),
  )
  await ledger.assume(
    await reserve(50, ['key'], {
      facts: { kind: 'hedge', task: 'reply', pipeline: 'triage', run, step: 's1', entity: entity('a') },
    }),
    'lost',
  )
  await ledger.release(await reserve(70, ['key'], { facts: { task: 'reply' } }), 'never sent')
  const billed = await reserve(20, ['key'], { facts: { task: 'summary', entity: entity('b') } })
  await ledger.settle(billed, used(10))
  await ledger.correct({ tenant: mainTenant, id: billed.id, key: 'bill', amount: 5n, reason: 'the bill', by: 'per_0' })
  await ledger.settle(await reserve(9, [], { price: euros, facts: { task: 'summary' } }), used(9))
  await ledger.settle(await reserve(0, [], { price: undefined, worst: undefined, model: 'local' }), used(4))
  await reserve(100, ['key'], { facts: { task: 'reply', run, step: 's2' } })
})
afterAll(() => database.drop())

const short = ({ key, currency, attempts, assumed, unknown, cost, input }: ReportLine): string =>
  `${key || '-'} ${currency || '-'}: ${attempts} attempts, ${assumed} assumed, ${unknown} unknown, ${cost}, ${input} tokens`
const report = async (by: Dimension) =>
  (await costReport(database.pool, { tenant: mainTenant, by, ...days })).lines.map(short)

test('cost by task, entity, pipeline and model: assumed and corrected amounts in it, released ones not, currencies and the unknown apart (C6)', async () => {
  expect(await report('task')).toEqual([
    '- -: 1 attempts, 0 assumed, 1 unknown, 0, 4 tokens',
    'reply USD: 2 attempts, 1 assumed, 0 unknown, 80, 30 tokens',
    'summary EUR: 1 attempts, 0 assumed, 0 unknown, 9, 9 tokens',
    'summary USD: 1 attempts, 0 assumed, 0 unknown, 15, 10 tokens',
  ])
  expect(await report('entity')).toContain('customer/b USD: 1 attempts, 0 assumed, 0 unknown, 15, 10 tokens')
  expect(await report('pipeline')).toContain('triage USD: 2 attempts, 1 assumed, 0 unknown, 80, 30 tokens')
  expect(await report('model')).toEqual([
    'scripted/local -: 1 attempts, 0 assumed, 1 unknown, 0, 4 tokens',
    'scripted/parrot EUR: 1 attempts, 0 assumed, 0 unknown, 9, 9 tokens',
    'scripted/parrot USD: 3 attempts, 1 assumed, 0 unknown, 95, 40 tokens',
  ])
})

test('the days of a report say what the attempts and corrections say: a sum that is kept apart could drift', async () => {
  const { rows } = await database.pool.query<{ total: string }>(
    'select coalesce(sum(actual), 0) + (select sum(amount) from cost_correction) as total from reservation',
  )
  for (const by of ['model', 'task', 'pipeline', 'entity'] as const) {
    const { lines } = await costReport(database.pool, { tenant: mainTenant, by, ...days })
    expect(lines.reduce((sum, line) => sum + line.cost, 0n)).toBe(BigInt(rows[0]?.total ?? -1))
  }
})

test('pages join up: no line is on two of them or on none; the dearest come first where that is asked', async () => {
  const request = { tenant: mainTenant, by: 'task', ...days } as const
  const pages: ReportLine[][] = []
  for (let after: ReportPosition | undefined; ;) {
    const { lines, next } = await costReport(database.pool, { ...request, limit: 1, after })
    pages.push([...lines])
    if (!next) break
    after = next
  }
  expect(pages.map((page) => page.length)).toEqual([1, 1, 1, 1])
  expect(pages.flat()).toEqual((await costReport(database.pool, request)).lines)
  const { lines, next } = await costReport(database.pool, { ...request, order: 'cost', limit: 2 })
  expect(lines.map(({ cost }) => cost)).toEqual([80n, 15n])
  expect(next).toBeUndefined()
})

test('a report of other days, and of another tenant, is empty', async () => {
  const past = { tenant: mainTenant, by: 'task', from: '2020-01-01', until: '2020-01-31' } as const
  expect((await costReport(database.pool, past)).lines).toEqual([])
  const stranger = 'stranger' as typeof mainTenant // a tenant's name is any text
  expect((await costReport(database.pool, { ...past, ...days, tenant: stranger })).lines).toEqual([])
})

test('a run shows each of its attempts with its state, price and cost; what is still held has none', async () => {
  const attempts = await attemptsOfRun(database.pool, { tenant: mainTenant, run })
  expect(attempts.map(({ step, kind, state, cost }) => [step, kind, state, cost])).toEqual([
    ['s1', 'first', 'settled', 30n],
    ['s1', 'hedge', 'assumed', 50n],
    ['s2', 'first', 'held', undefined],
  ])
  expect(attempts[0]).toMatchObject({ price: unitPrice.version, currency: 'USD', held: 100n })
  const after = attempts[1]?.id ?? ''
  expect(await attemptsOfRun(database.pool, { tenant: mainTenant, run, after })).toHaveLength(1)
})

test('alerts can be read later too', async () => {
  const alerts = await newestAlerts(database.pool, { tenant: mainTenant })
  expect(alerts.map(({ kind, budget }) => `${kind} ${budget}`)).toEqual(['warn key'])
})
