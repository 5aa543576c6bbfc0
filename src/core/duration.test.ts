import { expect, test } from 'vitest'
import { parseDuration, toMillis } from './duration.ts'

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['1.5m', 90_000],
  ['2h', 7_200_000],
  ['3d', 259_200_000],
  [0, 0],
] as const)('%s is %i ms', (text, ms) => {
  expect(toMillis(text)).toBe(ms)
})

test.each(['', '5', '-1s', '1 h', '2weeks', 'NaNs', '1e3s', Number.NaN, Number.POSITIVE_INFINITY, -1])(
  '%s is refused',
  (text) => {
    expect(parseDuration(text)).toBeUndefined()
  },
)
