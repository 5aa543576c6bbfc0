import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lowerBound } from './binomial.ts'
import { areaUnderRoc, coverageAt, expectedCalibrationError } from './calibration.ts'
import { accuracyOf, macroF1, worstConfused } from './confusion.ts'

const share = fc.double({ min: 0, max: 1, noNaN: true })
const answers = fc.array(fc.record({ confidence: share, isRight: fc.boolean() }), { maxLength: 60 })
const labels = fc.constantFrom('a', 'b', 'c')
const judged = fc.array(fc.record({ label: labels, predicted: labels }), { maxLength: 60 })

test('ECE is what its definition says, bin by bin', () => {
  fc.assert(
    fc.property(answers, (some) => {
      let expected = 0
      for (let bin = 0; bin < 15; bin++) {
        const inBin = some.filter(
          ({ confidence: c }) => (c > bin / 15 || (bin === 0 && c === 0)) && c <= (bin + 1) / 15,
        )
        if (inBin.length === 0) continue
        const confidence = inBin.reduce((sum, one) => sum + one.confidence, 0) / inBin.length
        const accuracy = inBin.filter((one) => one.isRight).length / inBin.length
        expected += (inBin.length / some.length) * Math.abs(confidence - accuracy)
      }
      expect(expectedCalibrationError(some)).toBeCloseTo(expected, 9)
    }),
  )
})

test('AUROC counts the pairs in the right order, ties half', () => {
  const few = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 25 })
  fc.assert(
    fc.property(few, few, (higher, lower) => {
      const pairs = higher.flatMap((a) => lower.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)))
      const expected = pairs.reduce((sum: number, one) => sum + one, 0) / pairs.length
      expect(areaUnderRoc(higher, lower)).toBeCloseTo(expected, 9)
    }),
  )
  expect(areaUnderRoc([], [1])).toBeNull()
})

test('macro-F1 is the mean over labels of the harmonic mean of precision and recall', () => {
  fc.assert(
    fc.property(judged, (some) => {
      const occurring = [...new Set(some.flatMap((one) => [one.label, one.predicted]))]
      const scores = occurring.map((label) => {
        const right = some.filter((one) => one.label === label && one.predicted === label).length
        if (right === 0) return 0
        const precision = right / some.filter((one) => one.predicted === label).length
        const recall = right / some.filter((one) => one.label === label).length
        return (2 * precision * recall) / (precision + recall)
      })
      const expected = scores.length === 0 ? 0 : scores.reduce((sum, score) => sum + score, 0) / scores.length
      expect(macroF1(some)).toBeCloseTo(expected, 9)
    }),
  )
})

test('every wrong prediction is in one confused pair', () => {
  fc.assert(
    fc.property(judged, (some) => {
      const wrong = worstConfused(some, 100).reduce((sum, pair) => sum + pair.count, 0)
      expect(wrong).toBe(some.filter((one) => one.label !== one.predicted).length)
      expect(accuracyOf(some)).toBeCloseTo(some.length === 0 ? 0 : 1 - wrong / some.length, 9)
    }),
  )
})

test('a higher threshold never covers more', () => {
  fc.assert(
    fc.property(answers, share, share, (some, a, b) => {
      const [low, high] = [coverageAt(some, Math.min(a, b)), coverageAt(some, Math.max(a, b))]
      expect(high.coverage).toBeLessThanOrEqual(low.coverage)
    }),
  )
})

test.each([
  [149, 149, 0.98009], // 0.05 ** (1 / 149)
  [148, 148, 0.97996],
  [95, 100, 0.8977],
  [0, 10, 0],
])('the lower bound of %i of %i is %f, as tables of Clopper and Pearson have it', (right, count, bound) => {
  expect(lowerBound(right, count)).toBeCloseTo(bound, 3)
})
