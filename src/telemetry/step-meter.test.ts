import { expect, test } from 'vitest'
import { StepMeter } from './step-meter.ts'

const step = { kind: 'classify', resource: 'intent', pipeline: 'triage', outcome: 'done' }

test('percentiles are those of all that was measured, within one per cent (not of averages)', () => {
  const meter = new StepMeter()
  for (let ms = 1; ms <= 1000; ms++) meter.step({ ...step, ms })
  const [figures] = meter.figures()
  expect(figures?.count).toBe(1000)
  expect(Math.abs((figures?.p50 ?? 0) - 500)).toBeLessThan(12)
  expect(Math.abs((figures?.p99 ?? 0) - 990)).toBeLessThan(20)
})

test('what failed is not mixed with what was done', () => {
  const meter = new StepMeter()
  meter.step({ ...step, ms: 1 })
  meter.step({ ...step, outcome: 'failed', ms: 30_000 })
  expect(meter.figures().map(({ outcome, count }) => [outcome, count])).toEqual([
    ['done', 1],
    ['failed', 1],
  ])
})

test('a flood of names does not grow the memory: past the limit they are counted together', () => {
  const meter = new StepMeter()
  for (let n = 0; n < 3000; n++) meter.step({ ...step, resource: `r${n}`, ms: 1 })
  expect(meter.figures().length).toBe(2001)
  expect(meter.figures().at(-1)).toMatchObject({ resource: 'other', count: 1000 })
})
