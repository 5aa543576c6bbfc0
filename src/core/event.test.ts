import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalEvent } from './event.ts'
import { canonicalJson, type Json } from './json.ts'

const event = { specversion: '1.0', id: '1', source: 'urn:test', type: 'message.received', data: {} } as const
const takes = (over: object): boolean => canonicalEvent.safeParse({ ...event, ...over }).success

test('an event is taken, and unknown attributes are dropped', () => {
  const full = {
    ...event,
    time: '2026-11-17T16:05:00+01:00',
    subject: 'a',
    datacontenttype: 'application/json' as const,
  }
  expect(canonicalEvent.parse({ ...full, traceparent: 'x' })).toEqual(full)
})

test.each([
  ['another version', { specversion: '0.3' }],
  ['no id', { id: '' }],
  ['an id with NUL, which Postgres refuses', { id: 'a\u0000b' }],
  ['a source with a line break', { source: 'a\nb' }],
  ['half a character in the id, which would be stored as another', { id: 'a\ud800' }],
  ['a type in capitals', { type: 'Message.Received' }],
  ['a type with a blank', { type: 'message received' }],
  ['a date without a zone', { time: '2026-11-17T16:05:00' }],
  ['XML', { datacontenttype: 'text/xml' }],
  ['no data', { data: undefined }],
  ['a number that is none', { data: { a: Number.NaN } }],
  ['half a character in the data', { data: ['\ud800'] }],
  ['half a character in a name', { data: { '\udc00': 1 } }],
  ['a date object', { data: new Date(0) }],
  ['a BigInt', { data: 1n }],
])('%s is refused', (_, over) => {
  expect(takes(over)).toBe(false)
})

test('a payload of 100,000 brackets is refused, and does not end the stack', () => {
  const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))
  expect(takes({ data: nested(100_000) })).toBe(false)
  expect(takes({ data: nested(200) })).toBe(true)
})

test('what is taken has a canonical form', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json().map((text) => JSON.parse(text) as unknown),
        fc.anything(),
      ),
      (data) => {
        const read = canonicalEvent.safeParse({ ...event, data })
        if (read.success) expect(typeof canonicalJson(read.data as unknown as Json)).toBe('string')
      },
    ),
  )
})
