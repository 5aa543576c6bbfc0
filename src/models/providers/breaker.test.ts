import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Breaker, defaultBreakerLimits as limits, type Permit, verdictOn } from './breaker.ts'
import { ManualClock } from './manual-clock.ts'

function permitOf(breaker: Breaker): Permit {
  const permit = breaker.permit()
  if ('restsFor' in permit) throw new Error('it rests')
  return permit
}

/** A breaker that has just opened. */
function opened(): { breaker: Breaker; clock: ManualClock } {
  const clock = new ManualClock()
  const breaker = new Breaker(clock)
  for (let n = 0; n < limits.fewest; n++) permitOf(breaker).report('ill')
  expect(breaker.health()).toEqual({ state: 'open', isPermitted: false, restsFor: limits.rest })
  return { breaker, clock }
}

test('a few failures do not open it, nor does a minority', () => {
  const breaker = new Breaker(new ManualClock())
  for (let n = 0; n < limits.fewest - 1; n++) permitOf(breaker).report('ill')
  for (let n = 0; n < limits.window; n++) permitOf(breaker).report('well')
  for (let n = 0; n < 100; n++) permitOf(breaker).report(n % 2 ? 'ill' : 'well')
  expect(breaker.health().state).toBe('closed')
})

test('open, it lets nothing through; then one probe, and the others are refused at once instead of waiting for it', () => {
  const { breaker, clock } = opened()
  expect(breaker.permit()).toEqual({ restsFor: limits.rest })
  clock.advance(limits.rest)
  expect(breaker.health()).toEqual({ state: 'half-open', isPermitted: true, restsFor: 0 })
  const probe = permitOf(breaker)
  expect(probe.isProbe).toBe(true)
  expect(breaker.permit()).toEqual({ restsFor: limits.longestProbe })
  probe.report('well')
  expect(breaker.health()).toEqual({ state: 'closed', isPermitted: true, restsFor: 0 })
  permitOf(breaker).report('ill')
  expect(breaker.health().state).toBe('closed')
})

test('each probe that fails doubles the rest, up to a limit', () => {
  const { breaker, clock } = opened()
  const rests: number[] = []
  for (let n = 0; n < 7; n++) {
    clock.advance(breaker.health().restsFor)
    permitOf(breaker).report('ill')
    rests.push(breaker.health().restsFor)
  }
  expect(rests).toEqual([10_000, 20_000, 40_000, 80_000, 120_000, 120_000, 120_000])
})

test('a probe that says nothing gives its place to the next, and one that never ends too', () => {
  const { breaker, clock } = opened()
  clock.advance(limits.rest)
  permitOf(breaker).report('unknown')
  permitOf(breaker) // never reported
  expect(breaker.health().isPermitted).toBe(false)
  clock.advance(limits.longestProbe)
  permitOf(breaker).report('well')
  expect(breaker.health().state).toBe('closed')
})

test('calls that began before it opened do not decide about it afterwards', () => {
  const clock = new ManualClock()
  const breaker = new Breaker(clock)
  const [slowWell, slowIll] = [permitOf(breaker), permitOf(breaker)]
  for (let n = 0; n < limits.fewest; n++) permitOf(breaker).report('ill')
  slowWell.report('well')
  expect(breaker.health().state).toBe('open')
  clock.advance(limits.rest)
  const probe = permitOf(breaker)
  slowIll.report('ill')
  expect(breaker.health().state).toBe('half-open')
  probe.report('well')
  expect(breaker.health().state).toBe('closed')
})

test('whatever happens, at most one probe is under way, and every rest ends', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ verdict: fc.constantFrom('well', 'ill', 'ill', 'unknown', 'never') }),
      fc.record({ ms: fc.integer({ min: 1, max: 200_000 }) }),
    ),
    { maxLength: 200 },
  )
  fc.assert(
    fc.property(steps, (steps) => {
      const clock = new ManualClock()
      const breaker = new Breaker(clock)
      for (const step of steps) {
        if ('ms' in step) clock.advance(step.ms)
        else {
          const permit = breaker.permit()
          if ('restsFor' in permit) expect(permit.restsFor).toBeGreaterThan(0)
          else {
            expect(permit.isProbe).toBe(breaker.health().state === 'half-open')
            if (permit.isProbe) expect(breaker.health().isPermitted).toBe(false)
            if (step.verdict !== 'never') permit.report(step.verdict)
          }
        }
        expect(breaker.health().restsFor).toBeLessThanOrEqual(limits.longestRest)
      }
      clock.advance(limits.longestRest)
      expect(breaker.health().isPermitted).toBe(true)
    }),
  )
})

test('what a caller, a key or a wrong request did is not held against the target', () => {
  const status = (code: number) => verdictOn({ kind: 'status', status: code, isSent: true })
  expect([verdictOn(undefined), status(400), status(401), status(404), status(429), status(500)]).toEqual([
    'well',
    'well',
    'unknown',
    'unknown',
    'unknown',
    'ill',
  ])
  expect(verdictOn({ kind: 'aborted', isSent: true })).toBe('unknown')
  expect(verdictOn({ kind: 'garbled', why: '', isSent: true })).toBe('ill')
})
