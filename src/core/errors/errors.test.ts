import { expect, test } from 'vitest'
import { entryOf, errorCodes, MillraceError } from './millrace-error.ts'

test.each(errorCodes())('%s renders: it says what happened and what to do', (code) => {
  const { sample, title, status } = entryOf(code)
  const error = new MillraceError(code, sample)
  expect(error.message).not.toMatch(/undefined|\[object|NaN/)
  expect(error.message.length).toBeGreaterThan(40)
  expect(error.message).toMatch(/[.?]$/)
  expect(title).toMatch(/^[A-Z].*[^.]$/)
  expect(status).toBeGreaterThanOrEqual(400)
  expect(status).toBeLessThan(600)
  expect(code).toMatch(/^[a-z]+\/[a-z]+(-[a-z]+)*$/)
})

test('a code stands in one place only', () => {
  expect(new Set(errorCodes()).size).toBe(errorCodes().length)
  expect(errorCodes().length).toBeGreaterThan(5)
})
