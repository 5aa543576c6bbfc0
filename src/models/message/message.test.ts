import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decide } from './decide.ts'
import { type Part, partsOf } from './parts.ts'
import { isPleasantry } from './pleasantry.ts'

const words = fc.constantFrom(
  'Hi',
  'Dear',
  'card',
  'Thanks',
  'my',
  'regards',
  '.',
  '?',
  '!',
  '\n',
  '\r\n',
  '\n\n',
  ' ',
  '😀',
  'é',
  '-',
)
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(words, { maxLength: 60 }).map((some) => some.join(' ')),
)

test('every part lies in the text, whatever the text is', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      for (const { start, end, asked } of partsOf(text)) {
        expect(start).toBeGreaterThanOrEqual(0)
        expect(end).toBeLessThanOrEqual(text.length)
        expect(start).toBeLessThanOrEqual(end)
        if (text.trim() !== '') expect(asked).not.toBe('')
      }
    }),
  )
})

test('a greeting, thanks and a signature belong to no part', () => {
  const text =
    'Card\n\nHi there,\n\nI ordered a card two weeks ago and it has not\ncome. Where is it? Thanks in advance!\n\nKind regards,\nAna Silva'
  const parts = partsOf(text)
  expect(parts[0].asked).toBe('Card I ordered a card two weeks ago and it has not come. Where is it?')
  expect(parts.filter((part) => part.kind === 'sentence').map((part) => text.slice(part.start, part.end))).toEqual([
    'Card',
    'I ordered a card two weeks ago and it has not\ncome.',
    'Where is it?',
  ])
})

test('a message of pleasantries alone is asked about as it is', () => {
  expect(partsOf('Thank you!').map((part) => part.asked)).toEqual(['Thank you!'])
})

test.each([
  'Where is my card?',
  'Please help me, my card was stolen',
  'Thanks to you I lost 200 euros',
  'Hi, my card is lost',
  'hello where is my card',
  'HI CARD LOST',
])('what says something is no pleasantry: %s', (sentence) => expect(isPleasantry(sentence)).toBe(false))

test.each([
  'Hello',
  'Dear Sir or Madam,',
  'Kind regards',
  'THANKS IN ADVANCE',
  'Sent from my phone',
  '--',
  'I hope you are well.',
])('a pleasantry: %s', (sentence) => expect(isPleasantry(sentence)).toBe(true))

const part = (kind: Part['kind'], start: number): Part => ({ kind, start, end: start + 1, asked: 'x' })
const threeParts: [Part, ...Part[]] = [part('whole', 0), part('sentence', 1), part('sentence', 2)]

test('one sentence cannot be sure of what the whole does not support', () => {
  const decided = decide(threeParts, [
    Float32Array.of(0.05, 0.6, 0.35),
    Float32Array.of(0.98, 0.01, 0.01),
    Float32Array.of(0.3, 0.4, 0.3),
  ])
  expect(Math.max(...decided.probabilities)).toBeLessThan(0.9)
})

test('a sentence that is sure of what the whole says decides, and is named', () => {
  const sure = Float32Array.of(0.01, 0.98, 0.01)
  const decided = decide(threeParts, [Float32Array.of(0.2, 0.6, 0.2), Float32Array.of(0.4, 0.3, 0.3), sure])
  expect(decided.part.start).toBe(2)
  expect(decided.probabilities).toBe(sure)
})

test('answers stay probabilities: they are at most one and sum to one', () => {
  const row = fc.array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }).map((values) => {
    const sum = values.reduce((a, b) => a + b, 0)
    return Float32Array.from(values, (value) => value / sum)
  })
  fc.assert(
    fc.property(row, row, row, (...rows) => {
      const { probabilities } = decide(threeParts, rows)
      expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4)
    }),
  )
})
