import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fraction, seededRandom, systemRandom } from './random.ts'

test('a draw has the length that was asked for, and shares its bytes with no other', () => {
  for (const random of [systemRandom, seededRandom(1)]) {
    for (const count of [0, 1, 31, 32, 33, 5000, 8192, 9000]) expect(random.bytes(count)).toHaveLength(count)
    const first = random.bytes(32)
    const copy = Buffer.from(first)
    for (let n = 0; n < 600; n++) random.bytes(32).fill(0) // more than the pool holds
    expect(first).toEqual(copy)
  }
})

test('the system never draws the same twice', () => {
  const draws = new Set(Array.from({ length: 5000 }, () => systemRandom.bytes(16).toString('hex')))
  expect(draws.size).toBe(5000)
})

test('a seed gives the same draws again, and another seed others', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.array(fc.nat(100), { minLength: 1 }), (a, b, counts) => {
      const draw = (seed: string): string => {
        const random = seededRandom(seed)
        return counts.map((count) => random.bytes(count + 16).toString('hex')).join()
      }
      expect(draw(a)).toBe(draw(a))
      if (a !== b) expect(draw(a)).not.toBe(draw(b))
    }),
  )
})

test('a fraction is at least 0 and below 1', () => {
  expect(fraction({ bytes: (count) => Buffer.alloc(count, 0) })).toBe(0)
  expect(fraction({ bytes: (count) => Buffer.alloc(count, 255) })).toBeLessThan(1)
})
