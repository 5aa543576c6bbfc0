import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Failure } from './failure.ts'
import { classOf, defaultRetryLimits, type History, type Move, nextMove, type RetryLimits } from './next-move.ts'

const status = (code: number, over: object = {}): Failure => ({ kind: 'status', isSent: true, status: code, ...over })
const refused: Failure = { kind: 'refused', why: 'ECONNREFUSED', isSent: false }
const limits: RetryLimits = { ...defaultRetryLimits, deadline: 60_000 }
const once: History = { attempts: 1, onTarget: 1, hasPassedContent: false, targetsLeft: 0, keysLeft: 0 }

const decide = (failure: Failure, over: Partial<History> = {}, more: { now?: number; draw?: number } = {}): Move =>
  nextMove({ failure, history: { ...once, ...over }, now: more.now ?? 0, limits, draw: more.draw ?? 0.5 })

test.each<[string, Failure, Partial<History>, Move]>([
  ['a server that is not there', refused, {}, { move: 'repeat', after: 250, key: 'same' }],
  ['500', status(500), {}, { move: 'repeat', after: 250, key: 'same' }],
  [
    '500, again and again',
    status(500),
    { attempts: 2, onTarget: 2 },
    { move: 'stop', why: 'passing', mayComeBack: false },
  ],
  ['500, with a fallback', status(500), { attempts: 2, onTarget: 2, targetsLeft: 1 }, { move: 'next-target' }],
  [
    '500, after three attempts',
    status(500),
    { attempts: 3, targetsLeft: 1 },
    { move: 'stop', why: 'attempts', mayComeBack: false },
  ],
  [
    '529, which says not to',
    status(529, { shouldRetry: false }),
    {},
    { move: 'stop', why: 'passing', mayComeBack: false },
  ],
  [
    '529, which says not to: another target may',
    status(529, { shouldRetry: false }),
    { targetsLeft: 1 },
    { move: 'next-target' },
  ],
  ['401', status(401), { keysLeft: 1 }, { move: 'stop', why: 'key', mayComeBack: false }],
  ['403, which says to', status(403, { shouldRetry: true }), {}, { move: 'stop', why: 'key', mayComeBack: false }],
  ['401, with a fallback', status(401), { targetsLeft: 1 }, { move: 'next-target' }],
  ['400', status(400), { targetsLeft: 1, keysLeft: 1 }, { move: 'stop', why: 'request', mayComeBack: false }],
  ['422, which says to', status(422, { shouldRetry: true }), {}, { move: 'repeat', after: 250, key: 'same' }],
  ['404', status(404), { targetsLeft: 1 }, { move: 'next-target' }],
  ['a redirect', status(302), {}, { move: 'stop', why: 'target', mayComeBack: false }],
  ['429', status(429), {}, { move: 'repeat', after: 250, key: 'same' }],
  ['429, for two seconds', status(429, { retryAfter: 2000 }), {}, { move: 'repeat', after: 2250, key: 'same' }],
  [
    '429, with another key',
    status(429, { retryAfter: 2000 }),
    { keysLeft: 1 },
    { move: 'repeat', after: 0, key: 'another' },
  ],
  ['429, for a minute', status(429, { retryAfter: 60_000 }), {}, { move: 'stop', why: 'busy', mayComeBack: true }],
  [
    '429, for a minute, with a fallback',
    status(429, { retryAfter: 60_000 }),
    { targetsLeft: 1 },
    { move: 'next-target' },
  ],
  [
    'a page instead of an answer',
    { kind: 'bad-content-type', contentType: 'text/html', isSent: true },
    { targetsLeft: 1 },
    { move: 'next-target' },
  ],
  [
    'an attempt that used up its time',
    { kind: 'total-timeout', limit: 1, isSent: true },
    { targetsLeft: 1 },
    { move: 'next-target' },
  ],
  [
    'a stream cut before its first content',
    { kind: 'closed-early', after: 'headers', isSent: true },
    {},
    { move: 'repeat', after: 250, key: 'same' },
  ],
  [
    'a stream cut after it',
    { kind: 'closed-early', after: 'headers', isSent: true },
    { hasPassedContent: true, targetsLeft: 1 },
    { move: 'stop', why: 'content-passed', mayComeBack: false },
  ],
  [
    'a caller that left',
    { kind: 'aborted', isSent: true },
    { targetsLeft: 1 },
    { move: 'stop', why: 'caller', mayComeBack: false },
  ],
])('%s', (_, failure, history, move) => {
  expect(decide(failure, history)).toEqual(move)
})

test('a wait that would end after the deadline is not begun', () => {
  expect(decide(status(500), {}, { now: 59_900 })).toEqual({ move: 'stop', why: 'passing', mayComeBack: false })
  expect(decide(status(500), { targetsLeft: 1 }, { now: 59_900 })).toEqual({ move: 'next-target' })
  expect(decide(status(500), { targetsLeft: 1 }, { now: 60_000 })).toMatchObject({ move: 'stop', why: 'deadline' })
})

const anyFailure: fc.Arbitrary<Failure> = fc.oneof(
  fc.constant(refused),
  fc.constantFrom<Failure>(
    { kind: 'first-byte-timeout', limit: 1, isSent: true },
    { kind: 'total-timeout', limit: 1, isSent: true },
    { kind: 'garbled', why: '', isSent: true },
    { kind: 'aborted', isSent: true },
  ),
  fc.record({
    kind: fc.constant('status' as const),
    isSent: fc.constant(true),
    status: fc.integer({ min: 300, max: 599 }),
    retryAfter: fc.oneof(fc.nat(20_000), fc.constant(0)),
    shouldRetry: fc.boolean(),
  }),
)

test('a whole call of failures ends: its attempts, waits and keys stay within the limits', () => {
  const world = fc.record({
    failures: fc.array(anyFailure, { minLength: 40, maxLength: 40 }),
    draws: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 40, maxLength: 40 }),
    targets: fc.integer({ min: 1, max: 5 }),
    keys: fc.nat(5),
    limits: fc.record({
      attempts: fc.integer({ min: 1, max: 6 }),
      onTarget: fc.integer({ min: 1, max: 4 }),
      longestRetryAfter: fc.nat(15_000),
      base: fc.nat(1000),
      longestDelay: fc.nat(8000),
      deadline: fc.integer({ min: 1, max: 60_000 }),
    }),
  })
  fc.assert(
    fc.property(world, ({ failures, draws, targets, keys, limits }) => {
      let [now, attempts, onTarget, targetsLeft, keysLeft] = [0, 0, 0, targets - 1, keys]
      for (const [n, failure] of failures.entries()) {
        attempts++
        onTarget++
        expect(now).toBeLessThan(limits.deadline)
        expect(attempts).toBeLessThanOrEqual(limits.attempts)
        expect(onTarget).toBeLessThanOrEqual(limits.onTarget)
        const history = { attempts, onTarget, hasPassedContent: false, targetsLeft, keysLeft }
        const move = nextMove({ failure, history, now, limits, draw: draws[n] ?? 0 })
        if (move.move === 'stop') return
        if (move.move === 'next-target') [onTarget, targetsLeft] = [0, targetsLeft - 1]
        else {
          expect(['passing', 'busy']).toContain(classOf(failure))
          const asked = failure.kind === 'status' ? (failure.retryAfter ?? 0) : 0
          if (move.key === 'same') expect(move.after).toBeGreaterThanOrEqual(asked)
          else keysLeft--
          expect(move.after).toBeLessThanOrEqual(Math.max(limits.longestRetryAfter + limits.base, limits.longestDelay))
          now += move.after
        }
        expect(targetsLeft).toBeGreaterThanOrEqual(0)
      }
      expect.unreachable('a call of failures has to end')
    }),
  )
})

test('full jitter spreads from nothing to the whole, and grows', () => {
  const after = (onTarget: number, draw: number): number => {
    const move = nextMove({
      failure: status(503),
      history: { ...once, onTarget },
      now: 0,
      limits: { ...limits, onTarget: 99, attempts: 99 },
      draw,
    })
    return move.move === 'repeat' ? move.after : Number.NaN
  }
  expect([after(1, 0), after(1, 0.999), after(2, 0.5), after(3, 0.5), after(30, 0.5)]).toEqual([
    0, 499.5, 500, 1000, 4000,
  ])
})
