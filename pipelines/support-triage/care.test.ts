import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asOne, careOf, isSeconded, isWorthReading, piecesOf } from './care.ts'

const top = (...all: [string, number][]) => ({ top: all.map(([label, confidence]) => ({ label, confidence })) })

test('one piece that is not plain decides: the plain ones around it would send an answer to a victim', () => {
  expect(careOf([top(['plain', 0.99]), top(['security', 0.9], ['plain', 0.05]), top(['plain', 0.8])])).toBe('security')
})

test('of two pieces the one that is plain the least', () => {
  expect(careOf([top(['complaint', 0.6], ['plain', 0.3]), top(['vulnerable', 0.95])])).toBe('vulnerable')
})

test('a doubt costs no person: half of ordinary mail has some', () => {
  expect(careOf([top(['plain', 0.45], ['two', 0.4])])).toBeUndefined()
  expect(careOf([])).toBeUndefined()
})

test('an intent that is nearly sure is seconded only where every piece is plain', () => {
  const text = 'Hello, I was on holiday and my top-up did not go through, why is that?'
  expect(isSeconded(text, [top(['plain', 0.97])])).toBe(true)
  expect(isSeconded(text, [top(['plain', 0.97]), top(['plain', 0.5], ['two', 0.4])])).toBe(false)
  expect(isSeconded(text, [])).toBe(false) // nothing was read: a concern stood in it already
  expect(isSeconded('It is about the card', [top(['plain', 0.99])])).toBe(false) // unclear, not plain
  expect(isWorthReading({ accepted: false, confidence: 0.5 })).toBe(false)
  expect(isWorthReading({ accepted: true, confidence: 0.5 })).toBe(true)
})

test('a short message is one piece and one sentence, or the classifier lets its surest sentence speak for all', () => {
  expect(piecesOf('My PIN.\n\nHello! I gave it to a man. How do I change it?\nAnn')).toEqual([
    'My PIN, Hello, I gave it to a man, How do I change it, Ann',
  ])
})

test('a long message is read in pieces, all of its first words', () => {
  const sentence = 'We were on our way to the coast and stopped for petrol.'
  const pieces = piecesOf(`${`${sentence} `.repeat(12)}Then my bag was gone.`)
  expect(pieces.length).toBeGreaterThan(1)
  expect(pieces.at(-1)).toMatch(/my bag was gone$/)
})

test('whatever the text, no piece ends a sentence or breaks a line', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constantFrom('. ', '?\n', '!!! ', '\n\n', 'card ', ', '))),
      (parts) => {
        for (const piece of piecesOf(parts.join(''))) {
          expect(piece).not.toMatch(/[.!?…]\s|\n/)
          expect(asOne(piece)).toBe(piece)
        }
      },
    ),
  )
})
