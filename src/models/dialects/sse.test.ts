import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import { type SseFrame, SseReader } from './sse.ts'

interface Heard {
  readonly frames: readonly Omit<SseFrame, 'raw'>[]
  readonly raws: readonly string[]
  readonly isRefused: boolean
}

function hear(bytes: Buffer, cuts: readonly number[], mostBytes?: number): Heard {
  const reader = new SseReader(mostBytes)
  const frames: SseFrame[] = []
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  let isRefused = false
  try {
    for (const [i, from] of places.slice(0, -1).entries())
      // A copy: held bytes must not be those of a buffer that the socket uses again.
      for (const frame of reader.feed(Buffer.from(bytes.subarray(from, places[i + 1])))) frames.push(frame)
    const last = reader.end()
    if (last) frames.push(last)
  } catch (error) {
    if (!isMillraceError(error, 'model/oversized-event')) throw error
    isRefused = true
  }
  return {
    frames: frames.map(({ raw, ...rest }) => (raw.length === 0 ? { ...rest, isEmpty: true } : rest)),
    raws: frames.map(({ raw }) => raw.toString('hex')),
    isRefused,
  }
}

const ending = fc.constantFrom('\n', '\r', '\r\n')
const word = fc.constantFrom('', ' ', 'a', 'über', '日本', '🙂', '{"a":1}', ':')
const line = fc.oneof(
  fc.constant(''),
  word.map((text) => `data:${text}`),
  word.map((text) => `data: ${text}`),
  word.map((text) => `event: ${text}`),
  word.map((text) => `: ${text}`),
  fc.constantFrom('id: 1', 'retry: 10', 'unknown: x', 'data', '\u{feff}'),
)
const stream = fc
  .array(fc.tuple(line, ending), { maxLength: 30 })
  .map((lines) => Buffer.from(lines.map(([text, end]) => text + end).join('')))
const cuts = fc.array(fc.nat(), { maxLength: 12 })

test('the same events come out wherever the bytes were split, and no byte is lost', () => {
  fc.assert(
    fc.property(stream, cuts, (bytes, cuts) => {
      const whole = hear(bytes, [])
      expect(hear(bytes, cuts)).toEqual(whole)
      expect(hear(bytes, [...bytes.keys()])).toEqual(whole)
      expect(whole.raws.join('')).toBe(bytes.toString('hex'))
    }),
    { numRuns: 500 },
  )
})

test('an event over the limit ends the stream at the same place, whether it came at once or in crumbs', () => {
  fc.assert(
    fc.property(stream, cuts, fc.integer({ min: 4, max: 60 }), (bytes, cuts, most) => {
      const whole = hear(bytes, [], most)
      expect(hear(bytes, cuts, most)).toEqual(whole)
      expect(Math.max(0, ...whole.raws.map((raw) => raw.length / 2))).toBeLessThanOrEqual(most)
    }),
    { numRuns: 500 },
  )
})

test('events have the name and data of the standard; comments have none', () => {
  const text = ': hello\n\nevent: ping\ndata: {"type":\ndata: "ping"}\n\ndata: [DONE]\r\n\r\n'
  expect(hear(Buffer.from(text), []).frames).toEqual([
    { isEnded: true },
    { event: 'ping', data: '{"type":\n"ping"}', isEnded: true },
    { data: '[DONE]', isEnded: true },
  ])
})

test('what a cut stream left is told apart from a whole event', () => {
  expect(hear(Buffer.from('data: a\n\ndata: {"b"'), []).frames).toEqual([
    { data: 'a', isEnded: true },
    { data: '{"b"', isEnded: false },
  ])
  expect(hear(Buffer.from('data: a\r\r'), []).frames).toEqual([{ data: 'a', isEnded: true }])
})

test('a byte order mark before the first event is no part of its field', () => {
  expect(hear(Buffer.from('\u{feff}data: a\n\n'), [1]).frames).toEqual([{ data: 'a', isEnded: true }])
})
