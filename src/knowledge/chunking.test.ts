import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chunksOf, mostCharacters } from './chunking.ts'

const bare = (text: string): string => text.replaceAll(/\s/g, '')
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom('\n\n', '\n \n', '. ', ' ', '\n', '😀'.repeat(600), 'x'.repeat(1500), 'A sentence. '.repeat(60)),
      fc.string({ unit: 'grapheme' }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))

test('nothing but blanks is lost, no chunk is too long or empty, and no character is cut', () => {
  fc.assert(
    fc.property(text, (whole) => {
      const chunks = chunksOf(whole)
      expect(bare(chunks.join(''))).toBe(bare(whole))
      for (const chunk of chunks) {
        expect(chunk.length).toBeLessThanOrEqual(mostCharacters)
        expect(chunk.trim()).not.toBe('')
        expect(chunk.isWellFormed()).toBe(true)
      }
    }),
  )
})

test('short paragraphs share a chunk; a long one is cut after a sentence', () => {
  expect(chunksOf('one\n\ntwo\n\n\n\nthree')).toEqual(['one\n\ntwo\n\nthree'])
  const [first = ''] = chunksOf('This is a sentence of some length. '.repeat(50))
  expect(first.endsWith('.')).toBe(true)
})

test('a hostile text of one long word is cut in linear time', () => {
  expect(chunksOf('x'.repeat(1_000_000))).toHaveLength(1000)
})
