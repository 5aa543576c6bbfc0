import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../store/testing.ts'
import { latencyPercentiles, type LatencyGroup } from './latency-percentiles.ts'
import { LatencySketches } from './latency-sketches.ts'
import { keepMeasuresSmall } from './measure-upkeep.ts'
import { Sketch } from './sketch.ts'
import { SetClock, testCall } from './testing-calls.ts'

let database: TestDatabase
beforeAll(async () => void (database = await testDatabase()))
afterAll(() => database.drop())
beforeEach(async () => void (await database.pool.query('delete from call_latency')))

const minute = 60_000
const begun = Date.UTC(2026, 0, 5, 9)
const meterOf = (clock: SetClock, process: string) => new LatencySketches({ pool: database.pool, clock, process })
const read = (by: LatencyGroup = 'route', from = begun - 10 * 86_400_000, until = begun + 86_400_000) =>
  latencyPercentiles(database.pool, { tenant: 'main', from, until, by })

const exact = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? 0
const isNear = (found: number, wanted: number): boolean => Math.abs(found - wanted) <= wanted * 0.0101

test('percentiles over minutes and processes are those of all calls, within 1%: the average of a busy minute and a slow one is neither', async () => {
  const clock = new SetClock(begun)
  const meters = [meterOf(clock, 'pro_1'), meterOf(clock, 'pro_2')]
  const all: number[] = []
  for (let n = 0; n < 3000; n++) {
    // The first minute has nearly all calls, and all of them fast; averages would say that the P95 is seconds.
    clock.time = begun + (n < 2900 ? 0 : 5) * minute
    const total = n < 2900 ? 10 + (n % 97) * 1.7 : 5000 + n
    all.push(total)
    meters[n % 2]?.observe(testCall({ total }))
  }
  await Promise.all(meters.map((meter) => meter.flush()))
  const [figures, ...others] = await read()
  expect(others).toEqual([])
  expect(figures).toMatchObject({
    name: 'drafts',
    dialect: 'openai-chat',
    total: { count: 3000, most: Math.max(...all) },
  })
  for (const [found, share] of [
    [figures?.total.p50, 0.5],
    [figures?.total.p95, 0.95],
    [figures?.total.p99, 0.99],
  ] as const)
    expect([share, isNear(found ?? 0, exact(all, share))]).toEqual([share, true])
  expect(figures?.total.mean).toBeCloseTo(all.reduce((sum, ms) => sum + ms, 0) / 3000, 3)
})

test('any split into sketches that are written, read and added is the sketch of all values', () => {
  const value = fc.double({ min: 0, max: 1e7, noNaN: true })
  fc.assert(
    fc.property(fc.array(fc.array(value), { maxLength: 8 }), (parts) => {
      const [whole, added] = [new Sketch(), new Sketch()]
      for (const part of parts) {
        const sketch = new Sketch()
        for (const one of part) {
          whole.accept(one)
          sketch.accept(one)
        }
        added.add(JSON.parse(JSON.stringify(sketch.bins())) as ReturnType<Sketch['bins']>) // what the database does
      }
      expect(added.bins()).toEqual(whole.bins())
      expect([added.count, added.quantile(0.5)]).toEqual([whole.count, whole.quantile(0.5)])
      const sorted = parts.flat().filter((one) => one >= 0.001)
      if (sorted.length === parts.flat().length && sorted.length > 0)
        for (const share of [0, 0.5, 0.95, 1])
          expect(isNear(added.quantile(share) ?? 0, exact(sorted, share))).toBe(true)
    }),
  )
})

test('a flush that is sent again, or goes on within the minute, counts nothing twice', async () => {
  const meter = meterOf(new SetClock(begun), 'pro_1')
  meter.observe(testCall())
  await meter.flush()
  meter.observe(testCall())
  await Promise.all([meter.flush(), meter.flush()])
  expect((await read())[0]?.total.count).toBe(2)
})

test('what a database that is away did not take is there once it is back', async () => {
  let isAway = true
  const pool = new Proxy(database.pool, {
    get: (target, name): unknown =>
      name === 'query' && isAway ? () => Promise.reject(new Error('away')) : Reflect.get(target, name),
  })
  const clock = new SetClock(begun)
  const meter = new LatencySketches({ pool, clock, process: 'pro_1' })
  meter.observe(testCall())
  await expect(meter.flush()).rejects.toThrow('away')
  clock.time += minute
  meter.observe(testCall())
  isAway = false
  await meter.flush()
  expect((await read())[0]?.total.count).toBe(2)
})

test('by model and by task; the first content of streams apart; other tenants not at all', async () => {
  const meter = meterOf(new SetClock(begun), 'pro_1')
  meter.observe(testCall({ task: 'reply', isStream: true, firstContent: 40, total: 900 }))
  meter.observe(testCall({ task: 'sort', total: 30 }))
  meter.observe(testCall({ tenant: 'other' }))
  await meter.flush()
  expect(await read('model')).toMatchObject([
    { name: 'small', total: { count: 2 }, firstContent: { count: 1, most: 40 } },
  ])
  expect((await read('task')).map(({ name, total }) => [name, total.count])).toEqual([
    ['reply', 1],
    ['sort', 1],
  ])
})

test('a flood of tasks, or of routes that do not exist, makes no flood of rows', async () => {
  const meter = meterOf(new SetClock(begun), 'pro_1')
  for (let n = 0; n < 5000; n++) meter.observe(testCall({ task: `task-${n}\0` }))
  const error = { code: 'model/no-such-route', kind: 'semantic' } as const
  for (let n = 0; n < 50; n++) meter.observe(testCall({ route: `nonsense-${n}`, error }))
  await meter.flush()
  const tasks = await read('task')
  expect(tasks.length).toBeLessThanOrEqual(2001)
  expect(tasks.reduce((sum, { total }) => sum + total.count, 0)).toBe(5050)
  expect((await read()).map(({ name }) => name)).not.toContain('nonsense-1')
})

test('old minutes become hours, which say the same; what comes late is added to its hour', async () => {
  const clock = new SetClock(begun - 5 * 86_400_000)
  const meter = meterOf(clock, 'pro_1')
  const late = meterOf(clock, 'pro_2')
  for (let n = 0; n < 600; n++) {
    clock.time = begun - 5 * 86_400_000 + (n % 90) * minute
    meter.observe(testCall({ total: 1 + n }))
  }
  await meter.flush()
  const before = await read()
  await keepMeasuresSmall(database.pool, begun)
  expect(await read()).toEqual(before)
  const { rows } = await database.pool.query('select grain, count(*)::int from call_latency group by 1')
  expect(rows).toEqual([{ grain: 'hour', count: 2 }])
  late.observe(testCall({ total: 300 }))
  await late.flush()
  await keepMeasuresSmall(database.pool, begun)
  await keepMeasuresSmall(database.pool, begun)
  expect((await read())[0]?.total.count).toBe(601)
  await keepMeasuresSmall(database.pool, begun + 401 * 86_400_000)
  expect(await read()).toEqual([])
})
