import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type TimedStep, timelineOf } from './timeline.ts'

const step = (key: string, began: number, more: Partial<TimedStep> = {}): TimedStep => ({
  key,
  kind: 'classify',
  state: 'done',
  began,
  ...more,
})

test('two days of waiting are waiting, not work, and a gap between steps is a line of its own', () => {
  const day = 86_400_000
  const lines = timelineOf(
    [
      step('a', 0, { ended: 12, ms: 12 }),
      step('r', 20, { kind: 'review', ended: 2 * day }),
      step('s', 3 * day, { ended: 3 * day + 5, ms: 5 }),
      step('w', 3 * day + 5, { kind: 'gate', state: 'waiting' }),
    ],
    { started: 0, now: 4 * day },
  )
  expect(
    lines.map((line) => (line.is === 'step' ? [line.step.key, line.worked, line.waited] : ['idle', line.for])),
  ).toEqual([
    ['a', 12, 0],
    ['r', 0, 2 * day - 20],
    ['idle', day],
    ['s', 5, 0],
    ['w', 0, day - 5],
  ])
})

test('no time is negative, whatever the clocks of two workers say', () => {
  const steps = fc.array(
    fc.record({
      began: fc.nat(10_000),
      ended: fc.option(fc.nat(10_000), { nil: undefined }),
      ms: fc.option(fc.nat(10_000), { nil: undefined }),
    }),
  )
  fc.assert(
    fc.property(steps, (all) =>
      timelineOf(
        all.map((one, n) => step(String(n), one.began, one)),
        { started: 0, now: 10_000 },
      ).every((line) => (line.is === 'step' ? line.worked >= 0 && line.waited >= 0 : line.for > 0)),
    ),
  )
})
