import fc from 'fast-check'
import { expect, test } from 'vitest'
import { capabilities, dataClasses, type RouteDeclaration, tiers } from '../../sdk/models.ts'
import { breachOf, demandsOf } from './constraints.ts'
import type { Illness, RequestFacts, RouteInputs } from './facts.ts'
import { nextMove, type Taken } from './follow.ts'
import { versionOf } from './model-version.ts'
import { type Plan, planRoute } from './plan-route.ts'
import { whyNobody } from './refused.ts'
import { inputsOf, testModel, testRoute } from './testing.ts'

const names = ['a', 'b', 'c', 'd', 'e'] as const
const name = fc.constantFrom(...names)
const region = fc.constantFrom('eu', 'us')
const amount = fc.bigInt({ min: 0n, max: 100n })
const currency = fc.constantFrom('EUR', 'USD')
/** Mostly what lets a call pass: else hardly a plan would have two attempts. */
const mostly = <T>(usual: T, arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary })
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const seldom = <T>(arbitrary: fc.Arbitrary<T>) => mostly<T | undefined>(undefined, arbitrary)
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { maxLength: 4 })
/** Without the fields that are undefined: what JSON would lose is not there to begin with. */
const without = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T // fewer optional fields

const model = (one: string) =>
  fc
    .record({
      region: mostly<string | undefined>('eu', maybe(region)),
      sees: mostly([...dataClasses], fc.subarray([...dataClasses])),
      tier: fc.constantFrom(...tiers),
      capabilities: mostly<(typeof capabilities)[number][] | undefined>(undefined, fc.subarray([...capabilities])),
    })
    .map((over) => versionOf(one, without({ provider: 'openai' as const, model: one, ...over })))

const target = fc.record({ model: name, weight: fc.integer({ min: 1, max: 9 }) })
const declaration = fc
  .record({
    targets: fc.uniqueArray(target, { selector: (one) => one.model, minLength: 1, maxLength: 4 }),
    fallback: some(name),
    shadows: some(fc.record({ model: name, share: fc.double({ min: 0, max: 1, noNaN: true }) })),
    cascade: maybe(
      fc.record({
        scorer: fc.oneof(
          fc.constant({ by: 'schema' as const }),
          fc.record({ by: fc.constant('judge' as const), model: name }),
        ),
        least: fc.constant(0.5),
        then: fc.array(name, { minLength: 1, maxLength: 3 }),
      }),
    ),
    constraints: fc
      .record({
        regions: seldom(fc.subarray(['eu', 'us'], { minLength: 1 })),
        mostDataClass: seldom(fc.constantFrom(...dataClasses)),
        leastTier: seldom(fc.constantFrom(...tiers)),
        mostTier: seldom(fc.constantFrom(...tiers)),
        mostCost: seldom(fc.record({ amount: amount.map((n) => `0.${String(n).padStart(9, '0')}`), currency })),
      })
      .map(without),
  })
  .map(without)

const inputs: fc.Arbitrary<RouteInputs> = fc
  .record({
    models: fc.tuple(...names.map(model)),
    declaration,
    facts: fc
      .record({
        key: maybe(fc.string({ maxLength: 8 })),
        draw: fc.stringMatching(/^[0-9a-f]{4}$/),
        dataClass: fc.constantFrom(...dataClasses),
        regions: seldom(fc.subarray(['eu', 'us'])),
        mostTier: seldom(fc.constantFrom(...tiers)),
        mostCost: seldom(fc.record({ nano: amount, currency })),
        needs: seldom(fc.subarray([...capabilities])),
      })
      .map(without),
    ill: mostly([], fc.subarray([...names])),
    worst: fc.array(fc.record({ nano: amount, currency }), { minLength: 5, maxLength: 5 }),
    priced: fc.subarray([0, 1, 2, 3, 4]),
  })
  .map(({ declaration, facts, ill, models, priced, worst }) => ({
    route: testRoute(declaration as RouteDeclaration, models), // optional fields are absent, not undefined
    facts: facts as RequestFacts, // what is optional is absent, not undefined
    health: Object.fromEntries(
      models
        .filter((one) => ill.some((n) => n === one.model))
        .map((one) => [one.digest, 'breaker-open' satisfies Illness]),
    ),
    worst: Object.fromEntries(
      priced.flatMap((n) => {
        const [one, most] = [models[n], worst[n]]
        return one && most ? [[one.digest, most] as const] : []
      }),
    ),
  }))

const asked = (plan: Plan): string[] => plan.stages.flatMap((stage) => stage.attempts.map((one) => one.version))

test('the constraints hold for everyone who is asked: targets, fallback, cascade, its judge, and shadows', () => {
  fc.assert(
    fc.property(inputs, (given) => {
      const plan = planRoute(given)
      const judges = plan.stages.flatMap(({ scorer }) => (scorer?.by === 'judge' ? [scorer.version] : []))
      const demands = demandsOf(given.route.policy, given.facts)
      for (const version of [...asked(plan), ...plan.shadows, ...judges]) {
        const one = given.route.models[version]
        expect(one).toBeDefined()
        if (one) expect(breachOf(demands, one, given.worst[version])).toBeUndefined()
        expect(given.health[version]).toBeUndefined()
      }
    }),
    { numRuns: 500 },
  )
})

test('the same inputs give the same plan, and inputs that went through JSON too', () => {
  fc.assert(
    fc.property(inputs, (given) => {
      const { facts, worst, ...rest } = given
      const again = { ...(JSON.parse(JSON.stringify(rest)) as typeof rest), facts: { ...facts }, worst: { ...worst } }
      expect(planRoute(again)).toEqual(planRoute(given))
    }),
  )
})

test('no stage names a version twice, and following a plan asks each version at most once and then ends', () => {
  fc.assert(
    fc.property(
      inputs,
      fc.array(fc.tuple(fc.boolean(), fc.double({ min: 0, max: 1, noNaN: true })), { minLength: 9, maxLength: 9 }),
      (given, fates) => {
        const plan = planRoute(given)
        for (const { attempts } of plan.stages)
          expect(new Set(attempts.map((one) => one.version)).size).toBe(attempts.length)
        const firsts = plan.stages.map((stage) => stage.attempts[0]?.version)
        expect(firsts.slice(1)).not.toContain(firsts[0])
        const taken: Taken[] = []
        for (const [isAnswered, score] of fates) {
          const move = nextMove(plan, taken)
          if (move.kind !== 'ask') break
          expect(taken.map((one) => one.version)).not.toContain(move.attempt.version)
          taken.push({ version: move.attempt.version, outcome: isAnswered ? 'answered' : 'failed', score })
        }
        const end = nextMove(plan, taken)
        expect(end.kind).not.toBe('ask')
        expect(end.kind === 'answer').toBe(taken.some((one) => one.outcome === 'answered'))
      },
    ),
  )
})

test('a call without a stage has an error that names the constraint or the illness, and one with a stage asks somebody', () => {
  fc.assert(
    fc.property(inputs, (given) => {
      const plan = planRoute(given)
      for (const stage of plan.stages) expect(stage.attempts.length).toBeGreaterThan(0)
      if (plan.stages.length > 0) return
      expect(plan.shadows).toEqual([])
      const error = whyNobody(given.route, plan)
      expect(error.code).toBe(plan.passed.length > 0 ? 'model/no-target-well' : 'model/refused-by-constraint')
      for (const { constraint } of plan.passed.length > 0 ? [] : plan.refusals)
        expect(error.message).toContain(constraint)
    }),
  )
})

const [small, large, other] = [testModel('small'), testModel('large'), testModel('other')]

test('a key whose arm is ill goes to the fallback, and to no other arm of the experiment', () => {
  const route = testRoute({ targets: ['small', 'large'], fallback: ['other', 'small'] }, [small, large, other])
  const facts = { key: 'customer-1' }
  const [arm = ''] = asked(planRoute(inputsOf(route, facts)))
  const plan = planRoute(inputsOf(route, facts, { health: { [arm]: 'breaker-open' } }))
  expect(asked(plan)).toEqual(arm === small.digest ? [other.digest] : [other.digest, small.digest])
  expect(plan.passed[0]).toEqual({ version: arm, place: 'target', why: 'breaker-open' })
})

test('a call without a key draws: two calls of one customer may differ, two with the key may not', () => {
  const route = testRoute({ targets: ['small', 'large'] }, [small, large])
  const firsts = (key?: string) =>
    new Set(
      Array.from(
        { length: 64 },
        (_, n) => asked(planRoute(inputsOf(route, { draw: `${n}`, ...(key !== undefined && { key }) })))[0],
      ),
    )
  expect([firsts().size, firsts('customer-1').size]).toEqual([2, 1])
})

test('what is unknown is refused: a region, a price; what the model may not see, by default all but public data', () => {
  const plain = versionOf('plain', { provider: 'openai', model: 'plain' })
  const only = (constraints: RouteDeclaration['constraints']) => testRoute({ targets: ['plain'], constraints }, [plain])
  const constraintOf = (given: RouteInputs): string | undefined => planRoute(given).refusals[0]?.constraint
  expect(constraintOf(inputsOf(only({})))).toBeUndefined()
  expect(constraintOf(inputsOf(only({}), { dataClass: 'personal' }))).toBe('data-class')
  expect(constraintOf(inputsOf(only({ regions: ['eu'] })))).toBe('region')
  expect(constraintOf(inputsOf(only({}), { regions: ['eu'] }))).toBe('region')
  expect(constraintOf(inputsOf(only({ mostCost: { amount: '1', currency: 'USD' } })))).toBe('cost')
  const route = only({ mostCost: { amount: '0.000000010', currency: 'USD' } })
  const at = (nano: bigint, currency = 'USD') =>
    constraintOf(inputsOf(route, {}, { worst: { [plain.digest]: { nano, currency } } }))
  expect([at(10n), at(11n), at(10n, 'EUR')]).toEqual([undefined, 'cost', 'cost'])
})

test('a cascade asks the next while the score is too low, and keeps an unsure answer where the next fails', () => {
  const route = testRoute(
    { targets: ['small'], fallback: ['other'], cascade: { scorer: { by: 'confidence' }, least: 0.8, then: ['large'] } },
    [small, large, other],
  )
  const plan = planRoute(inputsOf(route))
  const after = (...taken: Taken[]) => {
    const move = nextMove(plan, taken)
    return move.kind === 'ask'
      ? `ask ${route.models[move.attempt.version]?.model}`
      : move.kind === 'answer'
        ? `answer ${route.models[move.version]?.model}`
        : 'failed'
  }
  const answered = (one: typeof small, score?: number): Taken => ({
    version: one.digest,
    outcome: 'answered',
    ...(score !== undefined && { score }),
  })
  const failed = (one: typeof small): Taken => ({ version: one.digest, outcome: 'failed' })
  expect(after()).toBe('ask small')
  expect(after(answered(small, 0.8))).toBe('answer small')
  expect(after(answered(small, 0.79))).toBe('ask large')
  expect(after(answered(small))).toBe('ask large') // not scored is not sure
  expect(after(answered(small, 0.1), answered(large))).toBe('answer large')
  expect(after(answered(small, 0.1), failed(large))).toBe('answer small')
  expect(after(failed(small))).toBe('ask other')
  expect(after(failed(small), failed(other))).toBe('ask large')
  expect(after(failed(small), failed(other), failed(large))).toBe('failed')
})

test('a cascade whose judge may not see the data begins at its last stage', () => {
  const judge = testModel('judge', { sees: ['public'] })
  const route = testRoute(
    { targets: ['small'], cascade: { scorer: { by: 'judge', model: 'judge' }, least: 0.5, then: ['large'] } },
    [small, large, judge],
  )
  expect(asked(planRoute(inputsOf(route)))).toEqual([small.digest, large.digest])
  const plan = planRoute(inputsOf(route, { dataClass: 'personal' }))
  expect(asked(plan)).toEqual([large.digest])
  expect(plan.refusals).toMatchObject([{ version: judge.digest, place: 'judge', constraint: 'data-class' }])
})

test('a shadow gets its share of the calls, never the model that answers, never what its constraints forbid', () => {
  const shy = testModel('shy', { region: 'us' })
  const eu = testModel('eu', { region: 'eu' })
  const route = testRoute(
    {
      targets: ['eu'],
      shadows: [{ model: 'eu' }, { model: 'small', share: 0.25 }, { model: 'shy' }],
      constraints: { regions: ['eu'] },
    },
    [eu, shy, testModel('small', { region: 'eu' })],
  )
  const plans = Array.from({ length: 4000 }, (_, n) => planRoute(inputsOf(route, { key: 'one', draw: `call-${n}` })))
  const shadowed = plans.filter((plan) => plan.shadows.length > 0)
  expect(shadowed.length / plans.length).toBeCloseTo(0.25, 1)
  expect(new Set(plans.flatMap((plan) => plan.shadows)).size).toBe(1)
  expect(plans[0]?.refusals).toMatchObject([{ place: 'shadow', constraint: 'region' }])
})
