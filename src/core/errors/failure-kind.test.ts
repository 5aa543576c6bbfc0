import { expect, test } from 'vitest'
import { failureKindOf, failureKinds, unsorted } from './failure-kind.ts'
import { errorCodes } from './millrace-error.ts'

test('every code of the dictionary has its kind: a new one of the models would be counted as a program that failed', () => {
  expect(unsorted(errorCodes())).toEqual([])
  expect(errorCodes().filter((code) => !failureKinds.includes(failureKindOf(code)))).toEqual([])
})

test.each([
  ['model/upstream-timeout', 'transport'],
  ['model/upstream-status', 'provider'],
  ['model/bad-body', 'schema'],
  ['run/exception', 'semantic'],
  ['cost/over-budget', 'policy'],
  ['review/decided', 'human'],
  ['intake/reply-in-doubt', 'effect'],
  ['constructor', 'semantic'],
  ['toString/x', 'semantic'],
])('%s is of kind %s', (code, kind) => expect(failureKindOf(code)).toBe(kind))
