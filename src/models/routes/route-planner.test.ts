import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { type CallId, mainTenant, mintId } from '../../core/ids.ts'
import { seededRandom, systemRandom } from '../../core/random.ts'
import { testDatabase, type TestDatabase } from '../../store/testing.ts'
import { PriceBook } from '../cost/price-book.ts'
import { noUsage } from '../cost/usage.ts'
import type { CallBody, CallRecord } from './call-record.ts'
import { LiveRoutes } from './live-routes.ts'
import { planRoute } from './plan-route.ts'
import { RoutePlanner } from './route-planner.ts'
import { RouteRegistry } from './route-registry.ts'
import { testModel } from './testing.ts'
import { TrafficLog } from './traffic-log.ts'

let database: TestDatabase
let registry: RouteRegistry
let traffic: TrafficLog
let planner: RoutePlanner
const tenant = mainTenant
const actor = mintId('per', systemClock.today(), systemRandom)
const [small, large] = [testModel('small'), testModel('large', { tier: 'premium', region: 'eu' })]
const price = (model: string, input: string) => ({
  provider: 'openai',
  model,
  from: '2020-01-01',
  currency: 'USD',
  input,
  output: input,
})
/** Long ago, so that nothing of it is still under way. */
const start = systemClock.today() - 3_600_000
const usage = { ...noUsage, input: 1000, output: 1000 }
const random = seededRandom('traffic')

beforeAll(async () => {
  database = await testDatabase()
  const { pool } = database
  registry = new RouteRegistry({ pool, audit: { append: async () => {} } })
  traffic = new TrafficLog({ pool })
  const prices = new PriceBook([price('small', '1'), price('large', '10')])
  planner = new RoutePlanner({ pool, registry, traffic, prices, clock: systemClock, random: systemRandom })
})
afterAll(() => database.drop())

let made = 0
/** A call as the gateway would have recorded it on this version of the route. */
function call(route: string, version: string, over: Partial<CallBody> = {}): CallRecord {
  const id: CallId = mintId('cal', start + made++, random)
  return {
    id,
    tenant,
    route,
    version,
    facts: { draw: random.bytes(4).toString('hex'), dataClass: 'public', key: `customer-${made % 97}` },
    health: {},
    worst: {},
    bounds: { inputBound: 2000, outputCap: 2000 },
    budgets: ['team', 'company'],
    attempts: [{ version: small.digest, outcome: 'answered', usage, cost: { nano: 2_000_000n, currency: 'USD' } }],
    shadows: [],
    ...over,
  }
}

const routeWith = async (
  route: string,
  declaration: Parameters<RouteRegistry['declare']>[0]['routes'][string],
): Promise<string> => {
  await registry.declare({ tenant, models: [small, large], routes: { [route]: declaration } })
  return (await registry.version(tenant, route)).digest
}
const add = async (route: string, declaration: unknown): Promise<string> =>
  (await registry.addVersion({ tenant, route, actor, declaration })).digest

test('a record comes back as it went in, in order, page by page, within its window and route alone', async () => {
  const version = await routeWith('kept', { targets: ['small'] })
  const records = Array.from({ length: 2500 }, () =>
    call('kept', version, {
      worst: { [small.digest]: { nano: 2n ** 60n, currency: 'USD' } },
      health: { [large.digest]: 'cooling-down' },
    }),
  )
  await traffic.append([...records, call('elsewhere', version)])
  await traffic.append(records.slice(0, 3)) // told twice
  const whole = { tenant, route: 'kept', from: start, to: systemClock.today(), most: 10_000 }
  const read = async (window: Parameters<TrafficLog['read']>[0]) => {
    const found: CallRecord[] = []
    for await (const one of traffic.read(window)) found.push(one)
    return found
  }
  expect(await read(whole)).toEqual(records)
  expect((await read({ ...whole, most: 1001 })).length).toBe(1001)
  expect((await read({ ...whole, from: start + 10, to: start + 20 })).map((one) => one.id)).toEqual(
    records.slice(10, 20).map((one) => one.id),
  )
})

test('a plan of what answers already moves nothing and costs what was booked', async () => {
  const version = await routeWith('same', { targets: ['small'] })
  await traffic.append(Array.from({ length: 50 }, () => call('same', version)))
  const { result } = await planner.plan({ tenant, route: 'same', from: start })
  expect(result).toMatchObject({ calls: 50, moved: 0, moves: [], refused: 0, estimated: 0, unpriced: 0 })
  expect(result.costs).toEqual([{ currency: 'USD', before: '100000000', after: '100000000', change: '0' }])
})

test('a promotion keeps its plan, and the promoted route then does with every recorded call what the plan said', async () => {
  const version = await routeWith('chat', { targets: ['small'] })
  const records = Array.from({ length: 400 }, (_, n) =>
    call('chat', version, {
      ...(n % 5 === 0 && { health: { [small.digest]: 'breaker-open' } }),
      ...(n % 7 === 0 && { attempts: [{ version: small.digest, outcome: 'failed' }] }),
    }),
  )
  await traffic.append(records)
  const next = await add('chat', {
    targets: [{ model: 'small', weight: 3 }, 'large'],
    fallback: ['large'],
    constraints: { mostCost: { amount: '1', currency: 'USD' } },
  })
  const plan = await planner.plan({ tenant, route: 'chat', version: next, from: start })
  expect(plan.result.calls).toBe(400)
  expect(plan.result.moved).toBeGreaterThan(50)
  await registry.promote({ tenant, route: 'chat', actor, version: next, plan: plan.id })
  expect((await registry.history(tenant, 'chat')).revisions[0]).toMatchObject({ how: 'promoted', plan: plan.id })

  const live = await LiveRoutes.open({ pool: database.pool, tenant, clock: systemClock })
  const worst = { [small.digest]: { nano: 4n, currency: 'USD' }, [large.digest]: { nano: 4n, currency: 'USD' } }
  const moves: Record<string, number> = {}
  for (const { attempts, facts, health } of records) {
    const made = planRoute({ route: live.get('chat'), facts, health, worst })
    const failed = new Set(attempts.filter((one) => one.outcome === 'failed').map((one) => one.version))
    const to = made.stages[0]?.attempts.find((one) => !failed.has(one.version))?.version ?? null
    const from = attempts.find((one) => one.outcome === 'answered')?.version ?? null
    if (from !== to) moves[`${from} ${to}`] = (moves[`${from} ${to}`] ?? 0) + 1
  }
  await live.close()
  expect(Object.fromEntries(plan.result.moves.map((one) => [`${one.from} ${one.to}`, one.calls]))).toEqual(moves)
  expect(await planner.again(tenant, plan.id)).toEqual({ isSame: true, hasSameTraffic: true, result: plan.result })
  expect(await planner.show(tenant, plan.id)).toEqual(plan)

  await traffic.append([call('chat', version)]) // late, and within the window
  expect(await planner.again(tenant, plan.id)).toMatchObject({ isSame: false, hasSameTraffic: false })
})

test('a plan against a version that no longer answers is refused, and so is one of another version', async () => {
  await routeWith('moving', { targets: ['small'] })
  const [b, c] = [await add('moving', { targets: ['large'] }), await add('moving', { targets: ['small', 'large'] })]
  const plan = await planner.plan({ tenant, route: 'moving', version: b, from: start })
  const promote = (version: string) => registry.promote({ tenant, route: 'moving', actor, version, plan: plan.id })
  await expect(promote(c)).rejects.toMatchObject({ code: 'model/no-such-plan' })
  await registry.promote({ tenant, route: 'moving', actor, version: c })
  await expect(promote(b)).rejects.toMatchObject({ code: 'model/route-moved' })
})

test('a proposed price changes the cost of every call, with the tokens that were used; another model’s is an estimate', async () => {
  const version = await routeWith('priced', { targets: ['small'] })
  await traffic.append(Array.from({ length: 10 }, () => call('priced', version)))
  const at = async (o: object) => (await planner.plan({ tenant, route: 'priced', from: start, ...o })).result
  expect((await at({ prices: [price('small', '3')] })).costs[0]).toMatchObject({
    before: '20000000',
    after: '60000000',
    change: '40000000',
  })
  const moved = await at({ version: await add('priced', { targets: ['large'] }) })
  expect(moved).toMatchObject({
    moved: 10,
    estimated: 10,
    unpriced: 0,
    moves: [{ from: small.digest, to: large.digest, calls: 10 }],
  })
  expect(moved.costs[0]?.after).toBe('200000000')
  await registry.declare({ tenant, models: [small, large, testModel('unheard-of')], routes: {} })
  const unknown = await at({ version: await add('priced', { targets: ['unheard-of'] }) })
  expect(unknown).toMatchObject({ unpriced: 10, estimated: 0 })
  expect(unknown.costs[0]?.after).toBe('0') // of those that are known: the ten stand beside it
})

test('a proposed constraint refuses by name; a proposed budget refuses what no longer fits and asks the cheap first when it runs short', async () => {
  const version = await routeWith('limited', { targets: ['large'], fallback: ['small'] })
  const answered = {
    version: large.digest,
    outcome: 'answered',
    usage,
    cost: { nano: 20_000_000n, currency: 'USD' },
  } as const
  await traffic.append(Array.from({ length: 10 }, () => call('limited', version, { attempts: [answered] })))
  const at = async (o: object) => (await planner.plan({ tenant, route: 'limited', from: start, ...o })).result
  const only = await at({ version: await add('limited', { targets: ['small'], constraints: { regions: ['eu'] } }) })
  expect(only).toMatchObject({
    refused: 10,
    refusedBy: [{ constraint: 'region', calls: 10 }],
    filtered: [{ version: small.digest, place: 'target', calls: 10 }],
  })
  // A call holds 2,064 + 2,000 tokens at ten dollars a million and some, and costs 20,000,000: three are admitted under a cap of a tenth of a dollar.
  const budget = { id: 'team', currency: 'USD', cap: '0.1', period: 'all' } as const
  expect(await at({ budgets: [budget] })).toMatchObject({ refusedBy: [{ constraint: 'budget', calls: 7 }], moved: 7 })
  const short = await at({ budgets: [{ ...budget, downgrade: 20 }] })
  expect(short.moves).toEqual([{ from: large.digest, to: small.digest, calls: 9 }])
  expect(await at({ budgets: [{ ...budget, currency: 'EUR' }] })).toMatchObject({ refused: 10 }) // no price in it is known
  expect(await at({ budgets: [{ ...budget, id: 'of-others' }] })).toMatchObject({ refused: 0, moved: 0 })
})

test('the same plan made twice is the same to the last digit, whatever the proposal', async () => {
  const version = await routeWith('twice', { targets: ['small', 'large'] })
  await traffic.append(Array.from({ length: 200 }, () => call('twice', version)))
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 100 }), async (weight, cap) => {
      const next = await add('twice', { targets: [{ model: 'small', weight }, 'large'] })
      const o = {
        tenant,
        route: 'twice',
        version: next,
        from: start,
        budgets: [{ id: 'company', currency: 'USD', cap: cap / 100, period: 'day' as const }],
      }
      const plan = await planner.plan(o)
      expect((await planner.plan(o)).result).toEqual(plan.result)
      expect((await planner.again(tenant, plan.id)).isSame).toBe(true)
    }),
    { numRuns: 8 },
  )
})
