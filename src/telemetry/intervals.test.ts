import fc from 'fast-check'
import { expect, test } from 'vitest'
import { meanOf, ranksOf, shareOf } from './intervals.ts'

test('a share holds for none and for few, where the usual interval has no width', () => {
  expect(shareOf(0, 0)).toBeUndefined()
  expect(shareOf(0, 10)).toMatchObject({ value: 0, low: 0 })
  expect(shareOf(0, 10)?.high).toBeCloseTo(0.2775, 4) // Wilson, 1927
  expect(shareOf(5, 10)?.low).toBeCloseTo(0.2366, 4)
})

test('of any shares, means and ranks the interval holds the figure, and narrows with more of the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (of, p) => {
      const count = Math.round(of * p)
      const one = shareOf(count, of)
      const more = shareOf(count * 10, of * 10)
      if (!one || !more) throw new Error('there is one of something')
      const rounding = 1e-9
      expect(one.low).toBeLessThanOrEqual(one.value + rounding)
      expect(one.high).toBeGreaterThanOrEqual(one.value - rounding)
      expect(more.high - more.low).toBeLessThanOrEqual(one.high - one.low + rounding)
      const ranks = ranksOf(p, of)
      expect(ranks.low <= p && p <= ranks.high && ranks.low >= 0 && ranks.high <= 1).toBe(true)
    }),
  )
})

test('a mean has the interval of its spread; one value alone has none to speak of', () => {
  expect(meanOf({ count: 0, sum: 0, squares: 0 })).toBeUndefined()
  expect(meanOf({ count: 1, sum: 5, squares: 25 })).toEqual({ value: 5, low: -Infinity, high: Infinity })
  const mean = meanOf({ count: 4, sum: 20, squares: 120 }) // 2, 4, 6, 8: variance 20/3
  expect(mean?.value).toBe(5)
  expect((mean?.high ?? 0) - 5).toBeCloseTo((1.96 * Math.sqrt(20 / 3)) / 2, 2)
})
