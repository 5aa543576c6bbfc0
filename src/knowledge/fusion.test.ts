import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fuse } from './fusion.ts'

const key = (item: string): string => item
const ranking = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 6 })
const rankings = fc.array(ranking, { maxLength: 4 })

test('the score is the sum of the reciprocal ranks', () => {
  expect(fuse([['a', 'b'], ['b', 'c'], ['b']], key)).toEqual([
    { item: 'b', score: 1 / 62 + 1 / 61 + 1 / 61 },
    { item: 'a', score: 1 / 61 },
    { item: 'c', score: 1 / 62 },
  ])
})

test('every item of any ranking is there once, best first, whatever the order of the rankings', () => {
  fc.assert(
    fc.property(rankings, (given) => {
      const fused = fuse(given, key)
      expect(new Set(fused.map(({ item }) => item))).toEqual(new Set(given.flat()))
      expect(fused).toHaveLength(new Set(given.flat()).size)
      for (const [n, { score }] of fused.entries()) expect(score).toBeLessThanOrEqual(fused[n - 1]?.score ?? 1)
      const again = fuse(given.toReversed(), key)
      for (const { item, score } of fused) expect(again.find((one) => one.item === item)?.score).toBeCloseTo(score, 12)
    }),
  )
})

test('what stands higher in every ranking stands higher in the end', () => {
  fc.assert(
    fc.property(fc.array(ranking, { minLength: 1, maxLength: 4 }), (given) => {
      const all = given.map((one) => ['best', ...one])
      expect(fuse(all, key)[0]?.item).toBe('best')
    }),
  )
})

test('an item that a ranking names twice counts at its better place, and takes no place a second time', () => {
  expect(fuse([['a', 'a', 'b']], key)).toEqual(fuse([['a', 'b']], key))
})

test('ties have one order', () => {
  expect(fuse([['b'], ['a']], key).map(({ item }) => item)).toEqual(['a', 'b'])
  expect(fuse([['a'], ['b']], key).map(({ item }) => item)).toEqual(['a', 'b'])
})
