import { expect, test } from 'vitest'
import { textOf } from './letter-text.ts'

test('bytes are shown as the text they are, an event as its JSON, and an image as no text', () => {
  expect(textOf({ bytes: Buffer.from('Grüße <script>', 'utf8').toString('base64') })).toBe('Grüße <script>')
  expect(textOf({ content: { a: 1 } })).toEqual({ a: 1 })
  expect(textOf({ bytes: Buffer.from([0x89, 0x50, 0, 0xff, 0, 1, 2]).toString('base64') })).toBe(
    '7 bytes that are no text',
  )
})
