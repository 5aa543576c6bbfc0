import fc from 'fast-check'
import { expect, test } from 'vitest'
import { armOf, unit } from './rendezvous.ts'

const arms = fc
  .uniqueArray(
    fc.record({ arm: fc.stringMatching(/^[a-z]{1,4}$/), weight: fc.double({ min: 0, max: 100, noNaN: true }) }),
    {
      selector: (one) => one.arm,
      minLength: 1,
      maxLength: 6,
    },
  )
  .filter((list) => list.some((one) => one.weight > 1e-6))
const key = fc.string({ maxLength: 20 })

test('the same key has the same arm whatever order the arms stand in', () => {
  fc.assert(
    fc.property(arms, key, (list, one) => {
      expect(armOf('chat', one, list.toReversed())?.arm).toBe(armOf('chat', one, list)?.arm)
    }),
  )
})

test('another weight of one arm moves keys to it or from it alone; an arm that goes loses its own', () => {
  fc.assert(
    fc.property(
      arms,
      fc.nat(),
      fc.double({ min: 0, max: 200, noNaN: true }),
      fc.array(key, { maxLength: 40 }),
      (list, n, weight, keys) => {
        const changed = list[n % list.length]
        const after = list.map((one) => (one === changed ? { ...one, weight } : one))
        for (const one of keys) {
          const [was, is] = [armOf('chat', one, list)?.arm, armOf('chat', one, after)?.arm]
          if (was === is) continue
          expect([was, is]).toContain(changed?.arm)
          if (weight > (changed?.weight ?? 0)) expect(is).toBe(changed?.arm)
          else expect(was).toBe(changed?.arm)
        }
      },
    ),
  )
})

test('each arm gets its weight’s share of the keys, and no key one of weight zero', () => {
  const list = [
    { arm: 'a', weight: 90 },
    { arm: 'b', weight: 9 },
    { arm: 'c', weight: 1 },
    { arm: 'off', weight: 0 },
  ]
  const count = 50_000
  const counts: Record<string, number> = {}
  for (let n = 0; n < count; n++) {
    const { arm = '' } = armOf('chat', `customer-${n}`, list) ?? {}
    counts[arm] = (counts[arm] ?? 0) + 1
  }
  for (const { arm, weight } of list) {
    const share = weight / 100
    const spread = Math.sqrt(count * share * (1 - share)) // of the binomial; the keys are fixed, so that this never flickers
    expect(Math.abs((counts[arm] ?? 0) - count * share)).toBeLessThanOrEqual(4 * spread)
  }
})

test('no arm where none has a weight; names and keys do not run into each other', () => {
  expect(armOf('chat', 'k', [{ arm: 'a', weight: 0 }])).toBeUndefined()
  expect(armOf('chat', 'k', [])).toBeUndefined()
  expect(unit('chat', 'ab', 'c')).not.toBe(unit('chat', 'a', 'bc'))
  expect(unit('chat', 'a', 'k')).not.toBe(unit('draft', 'a', 'k')) // a key is not in the same arm of every route
})

test('arms stay where they were when this was written: another hash would move every customer of every experiment', () => {
  const list = ['a', 'b', 'c'].map((arm) => ({ arm, weight: 1 }))
  const found = Array.from({ length: 12 }, (_, n) => armOf('chat', `customer-${n}`, list)?.arm).join('')
  expect(found).toMatchInlineSnapshot(`"bbbacacbbbba"`)
})
