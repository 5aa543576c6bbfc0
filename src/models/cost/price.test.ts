import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Bounds, costOf, type Price, type Rates, type TierRates, worstOf } from './price.ts'
import { contextOf, noUsage, type Usage } from './usage.ts'

const rate = fc.bigInt({ min: 0n, max: 10n ** 12n })
const rates: fc.Arbitrary<Rates> = fc.record(
  { input: rate, cacheRead: rate, cacheWrite: rate, cacheWriteLong: rate, output: rate, reasoning: rate },
  { requiredKeys: ['input', 'cacheRead', 'cacheWrite', 'cacheWriteLong', 'output', 'reasoning'] },
)
const tierRates: fc.Arbitrary<TierRates> = fc
  .record({
    base: rates,
    bands: fc.uniqueArray(fc.tuple(fc.nat(5000), rates), { selector: ([above]) => above, maxLength: 3 }),
  })
  .map(({ base, bands }) => ({
    base,
    long: bands.toSorted(([a], [b]) => a - b).map(([above, band]) => ({ above, rates: band })),
  }))
const prices: fc.Arbitrary<Price> = fc
  .record({ standard: tierRates, tiers: fc.dictionary(fc.constantFrom('flex', 'priority'), tierRates) })
  .map((price) => ({ version: 'v', provider: 'p', model: 'm', currency: 'USD', ...price }))

const parts = ['input', 'cacheRead', 'cacheWrite', 'cacheWriteLong', 'output', 'reasoning'] as const
const count = fc.nat(3000)
const usages: fc.Arbitrary<Usage> = fc.record({
  input: count,
  cacheRead: count,
  cacheWrite: count,
  cacheWriteLong: count,
  output: count,
  reasoning: count,
})

const flat = (rates: Partial<Rates>): Price => ({
  version: 'v',
  provider: 'p',
  model: 'm',
  currency: 'USD',
  standard: { base: { input: 0n, cacheRead: 0n, cacheWrite: 0n, cacheWriteLong: 0n, ...rates }, long: [] },
  tiers: {},
})
const known = (cost: bigint | undefined): bigint => {
  if (cost === undefined) throw new Error('unknown')
  return cost
}

test('the parts are disjoint: a call costs what its parts cost one by one, and none is counted twice', () => {
  fc.assert(
    fc.property(prices, usages, (price, usage) => {
      const withoutBands = { ...price, standard: { ...price.standard, long: [] } }
      const sum = parts.reduce(
        (total, part) => total + known(costOf(withoutBands, { ...noUsage, [part]: usage[part] })),
        0n,
      )
      expect(costOf(withoutBands, usage)).toBe(sum)
    }),
  )
})

test('more tokens never cost less within one band of context', () => {
  fc.assert(
    fc.property(prices, usages, fc.constantFrom(...parts), fc.nat(100), (price, usage, part, more) => {
      const withoutBands = { ...price, standard: { ...price.standard, long: [] } }
      const dearer = costOf(withoutBands, { ...usage, [part]: usage[part] + more })
      expect(known(dearer) >= known(costOf(withoutBands, usage))).toBe(true)
    }),
  )
})

test('each line is rounded up to the next nano-unit, and by less than one', () => {
  fc.assert(
    fc.property(rate, fc.nat(1_000_000), (input, tokens) => {
      const exact = BigInt(tokens) * input // in millionths of a nano-unit
      const cost = known(costOf(flat({ input }), { ...noUsage, input: tokens })) * 1_000_000n
      expect(cost >= exact && cost < exact + 1_000_000n).toBe(true)
    }),
  )
})

test('the worst case is at least whatever a call within its bounds costs: in any tier, any band, with any mix of cache and reasoning', () => {
  const served = fc.constantFrom(undefined, 'standard', 'default', 'flex', 'priority')
  fc.assert(
    fc.property(
      prices,
      usages,
      served,
      fc.constantFrom(1, 2, 3),
      fc.boolean(),
      (price, used, tier, answers, isAsked) => {
        fc.pre(tier === undefined || ['standard', 'default'].includes(tier) || Object.hasOwn(price.tiers, tier))
        const usage: Usage = { ...used, ...(tier && { tier }) }
        const bounds: Bounds = {
          inputBound: contextOf(usage),
          outputCap: Math.ceil((usage.output + usage.reasoning) / answers),
          answers,
          ...(isAsked && tier && { tier }),
        }
        expect(known(worstOf(price, bounds)) >= known(costOf(price, usage))).toBe(true)
      },
    ),
    { numRuns: 500 },
  )
})

test('the rounding of each line is within the worst case: at tiny prices it is most of the bill', () => {
  const rate = 1n
  const price = flat({
    input: rate,
    cacheRead: rate,
    cacheWrite: rate,
    cacheWriteLong: rate,
    output: rate,
    reasoning: rate,
  })
  const usage = { input: 1, cacheRead: 1, cacheWrite: 1, cacheWriteLong: 1, output: 1, reasoning: 1 }
  expect(costOf(price, usage)).toBe(6n)
  expect(worstOf(price, { inputBound: 4, outputCap: 2 })).toBe(6n)
})

test('what the provider adds for tools is within the worst case', () => {
  const price = flat({ input: 3_000_000_000n })
  const bounds = { inputBound: 100, outputCap: 0, hasTools: true }
  expect(known(worstOf(price, bounds)) >= known(costOf(price, { ...noUsage, input: 100 + 804 }))).toBe(true)
})

test('a long context reprices the whole call, from the token after its limit on', () => {
  const price: Price = {
    ...flat({}),
    standard: {
      base: { input: 1_000_000n, cacheRead: 0n, output: 1_000_000n },
      long: [{ above: 200, rates: { input: 2_000_000n, cacheRead: 0n, output: 3_000_000n } }],
    },
  }
  expect(costOf(price, { ...noUsage, input: 150, cacheRead: 50, output: 10 })).toBe(150n + 10n)
  expect(costOf(price, { ...noUsage, input: 150, cacheRead: 51, output: 10 })).toBe(300n + 30n)
})

test('a part without a known price makes the cost unknown, never zero (C6)', () => {
  const price = flat({ input: 1n })
  const { cacheWriteLong: _, ...short } = price.standard.base
  const withoutLong: Price = { ...price, standard: { base: short, long: [] } }
  expect(costOf(withoutLong, { ...noUsage, cacheWriteLong: 1 })).toBeUndefined()
  expect(costOf(withoutLong, { ...noUsage, cacheWrite: 1 })).toBe(0n)
  expect(costOf(price, { ...noUsage, output: 1 })).toBeUndefined() // an embedding's price
  expect(costOf(price, { ...noUsage, input: 1, tier: 'priority' })).toBeUndefined()
  expect(costOf(price, { ...noUsage, input: 1, tier: 'toString' })).toBeUndefined()
  expect(worstOf(price, { inputBound: 1, outputCap: 1 })).toBeUndefined()
  expect(worstOf(price, { inputBound: 1, outputCap: 0, tier: 'priority' })).toBeUndefined()
})

test('a count that is no count is an error: a negative one would give money back', () => {
  for (const input of [-1, 0.5, Number.NaN, Infinity])
    expect(() => costOf(flat({ input: 1n }), { ...noUsage, input })).toThrow(/whole numbers/)
})
