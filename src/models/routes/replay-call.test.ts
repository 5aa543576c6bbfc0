import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mainTenant, mintId } from '../../core/ids.ts'
import { seededRandom } from '../../core/random.ts'
import type { RouteDeclaration } from '../../sdk/models.ts'
import { testDatabase, type TestDatabase } from '../../store/testing.ts'
import { PriceBook } from '../cost/price-book.ts'
import { noUsage } from '../cost/usage.ts'
import { BudgetReplay } from './budget-replay.ts'
import type { CallRecord } from './call-record.ts'
import { replayCall } from './replay-call.ts'
import { testModel, testRoute } from './testing.ts'

let database: TestDatabase
beforeAll(async () => void (database = await testDatabase()))
afterAll(() => database.drop())

const [small, large, judge] = [testModel('small'), testModel('large'), testModel('judge')]
const cost = (nano: number) => ({ nano: BigInt(nano), currency: 'USD' })
const tokens = (input: number) => ({ ...noUsage, input })
/** One nano-unit a token of the small, ten of the large, a hundred of the judge. */
const prices = new PriceBook(
  [small, large, judge].map(({ provider, upstream: model }, n) => ({
    provider,
    model,
    from: '2020-01-01',
    currency: 'USD',
    input: String(10 ** n / 1000),
    output: '1',
  })),
)
const random = seededRandom('replay')
const at = Date.UTC(2026, 10, 25, 12)

function replay(declaration: RouteDeclaration, over: Partial<CallRecord>, budgets = new BudgetReplay([])) {
  const route = testRoute(declaration, [small, large, judge])
  const record: CallRecord = {
    id: mintId('cal', at, random),
    tenant: mainTenant,
    route: 'chat',
    version: route.digest,
    facts: { draw: 'aa', dataClass: 'public' },
    health: {},
    worst: {},
    bounds: { inputBound: 10, outputCap: 10 },
    budgets: ['team'],
    attempts: [],
    shadows: [],
    ...over,
  }
  const priceOf = ({ provider, upstream }: typeof small) => {
    const price = prices.priceOf({ provider, model: upstream, at })
    return price && { price, isProposed: false }
  }
  return replayCall({ route, budgets, priceOf }, record)
}
const answered = (one: typeof small, over: object = {}) => ({
  version: one.digest,
  outcome: 'answered' as const,
  usage: tokens(100),
  ...over,
})

test('a cascade goes as its recorded scores say; a score that nobody gave is taken to suffice, and counted', () => {
  const cascade: RouteDeclaration = {
    targets: ['small'],
    cascade: { scorer: { by: 'schema' }, least: 0.5, then: ['large'] },
  }
  const unsure = replay(cascade, { attempts: [answered(small, { score: 0.4, cost: cost(7) })] })
  expect(unsure).toMatchObject({
    asked: [small.digest, large.digest],
    answeredBy: large.digest,
    estimated: 1,
    assumedScores: 0,
  })
  expect(unsure.costs).toEqual([cost(7 + 1000)]) // as booked, and the large one's hundred tokens at ten
  const sure = replay(cascade, { attempts: [answered(small, { score: 0.5, cost: cost(7) })] })
  expect(sure).toMatchObject({ asked: [small.digest], answeredBy: small.digest, costs: [cost(7)] })
  expect(replay(cascade, { attempts: [answered(large)] })).toMatchObject({
    answeredBy: small.digest,
    assumedScores: 1,
    estimated: 1,
  })
})

test('a judge, each sample, and each shadow cost what they would', () => {
  const then = ['large']
  const judged = replay(
    { targets: ['small'], cascade: { scorer: { by: 'judge', model: 'judge' }, least: 0, then } },
    { attempts: [answered(small)] },
  )
  expect(judged.costs).toEqual([cost(100 + 10_000)])
  expect(judged.estimated).toBe(1) // the judge's: what the small one used is recorded
  const sampled = replay(
    { targets: ['small'], cascade: { scorer: { by: 'agreement', samples: 3 }, least: 0, then } },
    { attempts: [answered(large)] },
  )
  expect(sampled.costs).toEqual([cost(300)])
  const shadowed = replay({ targets: ['small'], shadows: [{ model: 'large' }] }, { attempts: [answered(small)] })
  expect(shadowed).toMatchObject({ shadows: [large.digest], costs: [cost(100 + 1000)] })
})

test('a failure falls back as it did, and costs what was booked for it, or nothing', () => {
  const route: RouteDeclaration = { targets: ['small'], fallback: ['large'] }
  const failed = (over: object = {}) => ({ version: small.digest, outcome: 'failed' as const, ...over })
  const attempts = [failed(), answered(large, { cost: cost(5) })]
  expect(replay(route, { attempts })).toMatchObject({
    asked: [small.digest, large.digest],
    answeredBy: large.digest,
    costs: [cost(5)],
    unpriced: 0,
  })
  expect(replay(route, { attempts: [failed({ cost: cost(3) }), ...attempts.slice(1)] }).costs).toEqual([cost(8)])
  const unbooked = replay(route, { attempts: [failed({ usage: tokens(9) }), ...attempts.slice(1)] })
  expect(unbooked.costs).toEqual([cost(5)]) // it used something, and nothing was booked
  expect(replay({ targets: ['small'] }, { attempts })).toMatchObject({
    answeredBy: undefined,
    refusedBy: undefined,
    isUnavailable: false,
  })
})

test('nobody well is no refusal; what a budget refused stays refused until the proposal speaks of that budget', () => {
  const ill = replay({ targets: ['small'] }, { health: { [small.digest]: 'breaker-open' } })
  expect(ill).toMatchObject({ asked: [], refusedBy: undefined, isUnavailable: true })
  const team = { id: 'team', currency: 'USD', cap: 10n ** 9n, period: 'day', stop: 100 } as const
  expect(replay({ targets: ['small'] }, { stoppedBy: 'team' })).toMatchObject({ asked: [], refusedBy: 'budget' })
  expect(replay({ targets: ['small'] }, { stoppedBy: 'team' }, new BudgetReplay([team]))).toMatchObject({
    answeredBy: small.digest,
    unpriced: 1,
  })
})

test('a replayed budget begins anew exactly when the ledger’s period does', async () => {
  const moments = fc.array(fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2028, 0, 1) }), {
    minLength: 2,
    maxLength: 12,
  })
  const near = moments.map((list) => list.flatMap((one) => [one, one + 43_200_000])) // often on both sides of a midnight
  for (const period of ['day', 'week', 'month', 'all'] as const)
    await fc.assert(
      fc.asyncProperty(near, async (list) => {
        const { rows } = await database.pool.query<{ name: string }>(
          'select budget_period_name($1, to_timestamp(m / 1000.0)) as name from unnest($2::float8[]) with ordinality as x(m, n) order by n',
          [period, list],
        )
        const [first = 0] = list
        const budget = new BudgetReplay([{ id: 'b', currency: 'USD', cap: 10n, period, stop: 100 }])
        budget.spend(['b'], first, cost(10))
        const isSame = list.map((one) => budget.refusal(['b'], one, cost(1)) === 'b')
        expect(isSame).toEqual(rows.map((row) => row.name === rows[0]?.name))
      }),
      { numRuns: 30 },
    )
})
