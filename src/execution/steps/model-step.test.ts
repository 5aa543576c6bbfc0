import { expect, test } from 'vitest'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { StepCall } from '../corridor/corridor.ts'
import { StepFailure } from '../engine/failures.ts'
import { retryWithin, valueOf } from './model-step.ts'

const busy = new MillraceError('model/upstream-busy', { target: 'writer', seconds: 20 })
const unfit = new MillraceError('model/answer-unfit', { target: 'writer', why: 'it is no JSON' })

/** How the step ends after an answer. */
function failureOf(answer: Parameters<typeof valueOf>[0], attempt: number, patience?: '10m'): StepFailure {
  try {
    valueOf(answer, { attempt } as StepCall, { patience }) // nothing else of the call is looked at
  } catch (error) {
    if (error instanceof StepFailure) return error
  }
  throw new Error('it did not fail')
}

test('a step waits as long as its author does, and never repeats in the gateway’s own seconds', () => {
  expect(retryWithin({ patience: '0s' }).attempts).toBe(1)
  expect(retryWithin({ patience: '10m' }).attempts).toBe(5) // after 0.5, 1.5, 3.5 and 7.5 minutes
  const unhurried = retryWithin({})
  expect(unhurried.first).toBe(30_000)
  expect(retryWithin({ patience: '30d' })).toEqual(unhurried)
})

test('a provider that says when is asked then, or not again where that is too late', () => {
  const answer = { failure: busy, isFinal: false, retryAfter: 900_000 }
  expect(failureOf(answer, 1)).toMatchObject({ isTerminal: false, retryAfter: 900_000, code: 'model/upstream-busy' })
  expect(failureOf({ ...answer, retryAfter: 20_000 }, 1).retryAfter).toBe(30_000)
  expect(failureOf(answer, 1, '10m').isTerminal).toBe(true)
})

test('an answer that does not fit is drawn three times at most: each costs', () => {
  const answer = { failure: unfit, isFinal: false }
  expect([1, 2, 3].map((attempt) => failureOf(answer, attempt).isTerminal)).toEqual([false, false, true])
  expect(failureOf({ failure: busy, isFinal: false }, 9).isTerminal).toBe(false)
  expect(failureOf({ failure: busy, isFinal: true }, 1).isTerminal).toBe(true)
})

test('what a failed call cost and how it was asked stays in the record', () => {
  const answer = { failure: unfit, isFinal: false, cost: 7, record: { call: 'x' }, model: { name: 'm', digest: 'd' } }
  expect(failureOf(answer, 1).evidence).toEqual({
    cost: 7,
    detail: { call: 'x' },
    factors: [{ kind: 'model', digest: 'd', name: 'm' }],
  })
})
