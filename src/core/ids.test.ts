import fc from 'fast-check'
import { validate, version } from 'uuid'
import { expect, test } from 'vitest'
import { deriveId, isId, mintId, monthOf, timeOf } from './ids.ts'
import { seededRandom, systemRandom } from './random.ts'

test('an id holds its moment, sorts by it, and is recognised', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_600_000_000_000, max: 4_000_000_000_000 }),
      fc.integer({ min: 1, max: 1e9 }),
      (at, later) => {
        const [first, second] = [mintId('run', at, systemRandom), mintId('run', at + later, systemRandom)]
        expect(isId('run', first)).toBe(true)
        expect(isId('rev', first)).toBe(false)
        expect(timeOf(first)).toBe(at)
        expect(first < second).toBe(true)
      },
    ),
  )
})

test('what stands in an id is a UUIDv7 to others too', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.integer(), (at, seed) => {
      const digits = mintId('run', at, seededRandom(seed)).slice('run_'.length)
      const uuid = digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
      expect([validate(uuid), version(uuid)]).toEqual([true, 7])
    }),
  )
})

test('ids of one moment differ, and equal randomness gives equal ids', () => {
  const ids = new Set(Array.from({ length: 5000 }, () => mintId('evt', 1_790_000_000_000, systemRandom)))
  expect(ids.size).toBe(5000)
  expect(mintId('run', 1e12, seededRandom(1))).toBe(mintId('run', 1e12, seededRandom(1)))
})

test('a derived id keeps the month of its root, at a month’s end too (E23)', () => {
  const root = mintId('run', Date.UTC(2026, 11, 31, 23, 59, 59, 999), systemRandom)
  const child = deriveId('run', root, 'ab'.repeat(32))
  expect(isId('run', child)).toBe(true)
  expect(monthOf(child)).toBe(202612)
  expect(deriveId('run', root, 'ab'.repeat(32))).toBe(child)
  expect(deriveId('run', root, 'ac'.repeat(32))).not.toBe(child)
})
