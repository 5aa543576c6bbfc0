import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expose } from './exposition.ts'
import { ErrorCounter } from './error-counter.ts'
import { readExposition } from './testing-exposition.ts'
import { StepMeter } from './step-meter.ts'

test('any label comes back as it was: a quote, a backslash or a line break in a name must not break the page', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.double({ noNaN: true }), (value, number) => {
      const text = expose([
        { name: 'a', help: 'A\\b\n.', type: 'gauge', samples: [{ labels: { l: value }, value: number }] },
      ])
      const [family] = readExposition(text)
      expect(family).toMatchObject({ name: 'a', help: 'A\\b\n.', type: 'gauge' })
      expect(family?.samples).toEqual([
        { name: 'a', labels: { l: value.toWellFormed() }, value: number === 0 ? 0 : number },
      ])
    }),
  )
})

test('a metric without samples is left out: a help line alone is refused by some readers', () => {
  expect(expose([{ name: 'a', help: 'b', type: 'gauge', samples: [] }])).toBe('')
})

test('buckets count each duration once, with bounds that belong to the bucket below', () => {
  const meter = new StepMeter()
  for (const ms of [0, 1, 1.01, 60_000, 60_001])
    meter.step({ kind: 'act', resource: 'r', pipeline: 'p', outcome: 'done', ms })
  const [family] = readExposition(expose(meter.metrics()))
  const bucket = (le: string): number | undefined => family?.samples.find((sample) => sample.labels['le'] === le)?.value
  expect([bucket('0.001'), bucket('0.0025'), bucket('30'), bucket('60'), bucket('+Inf')]).toEqual([2, 3, 3, 4, 5])
  expect(family?.samples.find((sample) => sample.name.endsWith('_count'))?.value).toBe(5)
  expect(family?.samples.find((sample) => sample.name.endsWith('_sum'))?.value).toBeCloseTo(120.003, 2)
})

test('a flood of codes grows neither the page nor the memory', () => {
  const counter = new ErrorCounter()
  for (let n = 0; n < 2000; n++) counter.count('act', `code-${n}`)
  counter.count('act', 'code-0')
  const [family] = readExposition(expose(counter.metrics()))
  expect(family?.samples).toHaveLength(501)
  expect(family?.samples[0]?.value).toBe(2)
  expect(family?.samples.at(-1)).toMatchObject({ labels: { code: 'other' }, value: 1500 })
})
