import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventTypes, mostEvents, parseCloudEvents } from './cloud-events.ts'

const event = {
  specversion: '1.0',
  id: '1',
  source: 'urn:x',
  type: 'message.received',
  data: { text: 'grüße' },
} as const
const request = (contentType: string, body: unknown, headers: Record<string, string> = {}) => ({
  contentType,
  header: (name: string) => headers[name],
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
})
const codeOf = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
}

test('the three forms say the same event', () => {
  const headers = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': 'urn:x', 'ce-type': 'message.received' }
  const wanted = [expect.objectContaining(event)]
  expect(parseCloudEvents(request('application/cloudevents+json; charset=utf-8', event))).toEqual(wanted)
  expect(parseCloudEvents(request(eventTypes.batch, [event]))).toEqual(wanted)
  expect(parseCloudEvents(request(eventTypes.binary, event.data, headers))).toEqual(wanted)
})

test('a header that is percent-encoded is read as it was meant', () => {
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': 'a%20%C3%BC',
    'ce-source': 'urn:x',
    'ce-type': 'message.received',
  }
  expect(parseCloudEvents(request(eventTypes.binary, {}, headers))[0]?.id).toBe('a ü')
})

test.each([
  ['malformed JSON', request(eventTypes.structured, '{"id":')],
  ['bytes that are not UTF-8', { ...request(eventTypes.structured, ''), body: Buffer.of(0xff, 0xfe) }],
  ['an event without id', request(eventTypes.structured, { ...event, id: undefined })],
  ['a batch that is no array', request(eventTypes.batch, event)],
  ['an empty batch', request(eventTypes.batch, [])],
  [
    'a batch over the limit',
    request(
      eventTypes.batch,
      Array.from({ length: mostEvents + 1 }, () => event),
    ),
  ],
  ['one bad event of a batch', request(eventTypes.batch, [event, { ...event, source: '' }])],
  ['plain JSON without the headers', request(eventTypes.binary, event)],
  ['a broken percent-encoding', request(eventTypes.binary, {}, { 'ce-specversion': '1.0', 'ce-id': '%' })],
])('%s is intake/not-an-event, never a crash', (_, bad) => {
  expect(codeOf(() => parseCloudEvents(bad))).toBe('intake/not-an-event')
})

test('whatever the bytes and the type are, the answer is events or intake/not-an-event', () => {
  const types = fc.constantFrom(...Object.values(eventTypes), '', 'text/plain')
  fc.assert(
    fc.property(
      types,
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => new Uint8Array(Buffer.from(text))),
      ),
      (contentType, body) => {
        const got = codeOf(() => parseCloudEvents({ contentType, header: () => undefined, body }))
        expect(Array.isArray(got) || got === 'intake/not-an-event').toBe(true)
      },
    ),
  )
})
