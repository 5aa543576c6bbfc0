import fc from 'fast-check'
import { expect, test } from 'vitest'
import { answerHeaders, mediaTypeOf, requestHeaders, retryAfterOf } from './headers.ts'

const today = Date.UTC(2026, 0, 5, 9)

test.each([
  ['seconds', { 'retry-after': '30' }, 30_000],
  ['a fraction', { 'retry-after': '0.5' }, 500],
  ['milliseconds win', { 'retry-after-ms': '250', 'retry-after': '30' }, 250],
  ['a date', { 'retry-after': 'Mon, 05 Jan 2026 09:00:20 GMT' }, 20_000],
  [
    'a date, by a clock that is an hour off',
    { 'retry-after': 'Mon, 05 Jan 2026 10:00:20 GMT', date: 'Mon, 05 Jan 2026 10:00:00 GMT' },
    20_000,
  ],
  ['a date of the past', { 'retry-after': 'Mon, 05 Jan 2025 09:00:20 GMT' }, 0],
  ['a century', { 'retry-after': '3153600000' }, 86_400_000],
  ['negative', { 'retry-after': '-1' }, undefined],
  ['a word', { 'retry-after': 'soon' }, undefined],
  ['a number that is none', { 'retry-after': 'NaN' }, undefined],
  ['nothing', {}, undefined],
])('Retry-After, %s', (_, headers, ms) => {
  expect(retryAfterOf(headers, today)).toBe(ms)
})

test('whatever Retry-After says, it is read as nothing or as a time within bounds', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (asked, date) => {
      const ms = retryAfterOf({ 'retry-after': asked, date }, today)
      expect(ms === undefined || (ms >= 0 && ms <= 86_400_000)).toBe(true)
    }),
  )
})

test('what Connection names ends with the connection', () => {
  expect(
    answerHeaders({ connection: 'close, X-Hop', 'x-hop': '1', 'X-Kept': ['a', 'b'], 'set-cookie': ['c'] }),
  ).toEqual({
    'x-kept': ['a', 'b'],
  })
})

test('a client’s credentials for this gateway never go to a provider', () => {
  expect(
    requestHeaders({
      authorization: 'Bearer ours',
      'x-api-key': 'ours',
      'api-key': 'ours',
      cookie: 'session=ours',
      host: 'gateway.internal',
      'x-forwarded-for': '10.0.0.7',
      'millrace-entity': 'customer-7',
      'content-length': '7',
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'a,b',
    }),
  ).toEqual({ 'anthropic-version': '2023-06-01', 'anthropic-beta': 'a,b' })
})

test('a media type is a media type or nothing: it gets into messages', () => {
  expect(mediaTypeOf({ 'content-type': 'Text/Event-Stream; charset=utf-8' })).toBe('text/event-stream')
  expect(mediaTypeOf({ 'content-type': '<script>sk-secret</script>' })).toBe('')
  expect(mediaTypeOf({})).toBe('')
})
