import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
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

test('a code stands in one place only: a second entry would replace the first in silence', () => {
  const written = readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .flatMap((name) => [
      ...readFileSync(join(import.meta.dirname, name), 'utf8').matchAll(/^ {2}'([a-z-]+\/[a-z-]+)': entry\(/gm),
    ])
    .map(([, code = '']) => code)
  expect(written.toSorted()).toEqual(errorCodes().toSorted())
})
