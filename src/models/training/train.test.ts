import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../../core/random.ts'
import { bundledEncoder } from '../bundled.ts'
import { Classifier } from '../classifier.ts'
import { writeModel } from '../directory/write-model.ts'
import { Encoder } from '../encoder.ts'
import { evaluate } from '../evaluate.ts'
import { smallCsv, temporaryDirectory } from '../testing.ts'
import { Chance } from './chance.ts'
import { readLabelledTexts } from './csv-rows.ts'
import { stratifiedSplit } from './split.ts'
import { chooseThreshold } from './threshold.ts'
import { train } from './train.ts'

let encoder: Encoder
beforeAll(async () => {
  encoder = await Encoder.open(bundledEncoder)
})
afterAll(() => encoder.close())

test('a head learns, is the same for the same seed, and is measured as it was written', async () => {
  using directory = temporaryDirectory()
  const data = await readLabelledTexts(smallCsv(directory.path, ['"Please fix my bicycle",out_of_scope']))
  const [one, same] = await Promise.all([train(data, encoder, { seed: 3 }), train(data, encoder, { seed: 3 })])
  expect(Buffer.from(one.weights).equals(Buffer.from(same.weights))).toBe(true)
  expect(one.manifest).toEqual(same.manifest)
  expect(one.manifest.labels).toEqual(['cooking', 'football', 'weather'])
  // Six validation texts cannot show 98 % with 95 % confidence: nothing may be accepted.
  expect(one.manifest).toMatchObject({ threshold: 1, training: { outOfScope: 1, validation: { lowerBound: null } } })

  const out = join(directory.path, 'Small Model')
  const written = await writeModel(out, one)
  expect(written.name).toBe('small-model')
  expect(readFileSync(join(out, 'README.md'), 'utf8')).toContain(data.digest)
  const classifier = await Classifier.open(out, () => encoder)
  let now = 0
  const found = await evaluate(classifier, data, { now: () => (now += 1000) })
  expect(found).toMatchObject({ n: 49, accuracy: 1, macroF1: 1, confused: [], textsPerSecond: 49 })
  expect(found.aurocOutOfScope).toBeGreaterThan(0.9)
  expect(found.atThreshold).toEqual({ threshold: 1, coverage: 0, accuracy: null })

  const strange = await readLabelledTexts(smallCsv(directory.path, ['"Paint my house",painting']))
  await expect(evaluate(classifier, strange, { now: () => 0 })).rejects.toMatchObject({
    code: 'model/unknown-label',
    details: { label: 'painting', line: 50 },
  })
  // A model may be replaced; anything else may not.
  expect((await writeModel(out, one)).digest).toBe(written.digest)
  mkdirSync(join(directory.path, 'letters'))
  writeFileSync(join(directory.path, 'letters', 'a.txt'), '')
  await expect(writeModel(join(directory.path, 'letters'), one)).rejects.toMatchObject({ code: 'model/output-taken' })
  await expect(writeModel(join(directory.path, 'small.csv'), one)).rejects.toMatchObject({ code: 'model/output-taken' })
})

test('a split takes of every label, never all of it, and nothing twice', () => {
  const labels = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 80 })
  fc.assert(
    fc.property(labels, fc.integer(), (some, seed) => {
      const { train: learnt, validation } = stratifiedSplit(some, 0.15, new Chance(seededRandom(seed)))
      expect([...learnt, ...validation].sort((a, b) => a - b)).toEqual(some.map((_, i) => i))
      for (const label of new Set(some)) expect(learnt.some((i) => some[i] === label)).toBe(true)
    }),
  )
})

test('the threshold is the lowest that keeps both promises', () => {
  const right = Array.from({ length: 300 }, (_, i) => ({ confidence: 0.5 + i / 1000, isRight: true }))
  const wrong = Array.from({ length: 50 }, (_, i) => ({ confidence: 0.3 + i / 1000, isRight: false }))
  const chosen = chooseThreshold([...wrong, ...right], [])
  expect(chosen.threshold).toBeLessThan(0.5) // a wrong one or two are within the promise
  expect(chosen.lowerBound).toBeGreaterThanOrEqual(0.98)
  const strangers = Array.from({ length: 100 }, (_, i) => i / 200 + 0.12) // 0.12 to 0.615
  const stricter = chooseThreshold([...wrong, ...right], strangers)
  expect(strangers.filter((one) => one >= stricter.threshold).length).toBeLessThanOrEqual(5)
  expect(chooseThreshold(right.slice(0, 100), [])).toEqual({ threshold: 1, lowerBound: null })
})

test('chance has the mean and the spread that it should', () => {
  const chance = new Chance(seededRandom(1))
  const values = chance.normal(20_001, 2)
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length
  expect(mean).toBeCloseTo(0, 1)
  expect(Math.sqrt(variance)).toBeCloseTo(2, 1)
  expect([...chance.order(100)].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i))
})
