import fc from 'fast-check'
import { expect, test } from 'vitest'
import { count, duration, money, percent, plural, relative, shortId } from './format.ts'

test('durations name two units at most, and none that is zero', () => {
  // Would catch `60 s` instead of `1 min`, and `1 h 0 min`.
  const said = [0, 4.25, 430, 1000, 9_960, 12_400, 60_000, 200_000, 3_600_000, 187_200_000].map(duration)
  expect(said).toEqual(['0 ms', '4.3 ms', '430 ms', '1.0 s', '10.0 s', '12 s', '1 min', '3 min 20 s', '1 h', '2 d 4 h'])
  fc.assert(
    fc.property(fc.nat(1e12), (ms) => /^\d+(?:\.\d)? (?:ms|s|min|h|d)(?: \d+ (?:s|min|h))?$/.test(duration(ms))),
  )
})

test('times are told from where the reader stands, past and future', () => {
  const now = 1_000_000_000
  expect([0, -59_000, -3_700_000, 7_300_000].map((by) => relative(now + by, now))).toEqual([
    'now',
    '59 s ago',
    '1 h ago',
    'in 2 h',
  ])
})

test('a sum that is small keeps digits that count: a cost of nothing and a cost of little look different', () => {
  expect(money('0', 'USD')).toBe('$0.00')
  expect(money('4200000', 'USD')).toBe('$0.0042')
  expect(money('12300000000', 'EUR')).toBe('€12.30')
  expect(money('1500000000', 'no currency')).toBe('1.50 no currency')
})

test('counts, shares and ids', () => {
  expect([count(1234), count(1_200_000), plural(1, 'run'), plural(2, 'entry', 'entries')]).toEqual([
    '1,234',
    '1.2M',
    '1 run',
    '2 entries',
  ])
  expect([percent(0), percent(0.034), percent(0.5), percent(1)]).toEqual(['0 %', '3.4 %', '50 %', '100 %'])
  expect(shortId('run_0192abcdef0192abcdef0192abcdef12')).toBe('run_…cdef12')
})
