import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import type { Behaviour } from '../providers/testing.ts'
import type { GatewayAnswer } from './gateway.ts'
import { GatewayBed, textOf } from './testing.ts'

// Each way in which an upstream fails, whole and streamed: what the client gets, how often the upstream is asked, and how it is booked. The guide
// (docs/guides/model-gateway.md, "When a provider fails") has this table in words.

let bed: GatewayBed
beforeAll(async () => {
  bed = await GatewayBed.open()
})
beforeEach(() => bed.begin())
afterEach(() => bed.end())
afterAll(() => bed.database.drop())

interface Fault {
  readonly does: Behaviour | ((isStream: boolean) => Behaviour)
  /** The code of the error, the status that the provider's own words come with, or `answer`: the client notices nothing. */
  readonly whole: string | number
  readonly streamed: string | number
  /** How often a target is asked. */
  readonly times: number
  /** How each attempt is booked. */
  readonly booked: 'settled' | 'assumed'
}

const faults: Readonly<Record<string, Fault>> = {
  'hangs before its headers': {
    does: { does: 'hang', after: 'request' },
    whole: 'model/upstream-timeout',
    streamed: 'model/upstream-timeout',
    times: 2,
    booked: 'assumed',
  },
  'hangs after its headers': {
    does: { does: 'hang', after: 'headers' },
    whole: 'model/upstream-timeout',
    streamed: 'model/upstream-timeout',
    times: 2,
    booked: 'assumed',
  },
  'closes without an answer': {
    does: { does: 'close', after: 'request' },
    whole: 'model/upstream-broke-off',
    streamed: 'model/upstream-broke-off',
    times: 2,
    booked: 'assumed',
  },
  'closes in the middle of its content': {
    does: (isStream) => ({ does: 'close', after: 'events', events: isStream ? 3 : 1 }),
    whole: 'model/upstream-broke-off',
    streamed: 'event',
    times: 2,
    booked: 'assumed',
  },
  'sends what is no HTTP': {
    does: { does: 'garbage' },
    whole: 'model/upstream-garbled',
    streamed: 'model/upstream-garbled',
    times: 1,
    booked: 'assumed',
  },
  'says 200 with an error inside': {
    does: { does: 'error-inside' },
    whole: 'model/upstream-status',
    streamed: 'model/upstream-status',
    times: 2,
    booked: 'assumed',
  },
  'is busy, and says how long': {
    does: { does: 'status', status: 429, headers: { 'retry-after': '0' } },
    whole: 429,
    streamed: 429,
    times: 2,
    booked: 'settled',
  },
  'is busy, and does not say how long': {
    does: { does: 'status', status: 429 },
    whole: 429,
    streamed: 429,
    times: 2,
    booked: 'settled',
  },
  'is busy for longer than anybody waits': {
    does: { does: 'status', status: 429, headers: { 'retry-after': '3600' } },
    whole: 429,
    streamed: 429,
    times: 1,
    booked: 'settled',
  },
  'fails with 503': {
    does: { does: 'status', status: 503 },
    whole: 'model/upstream-status',
    streamed: 'model/upstream-status',
    times: 2,
    booked: 'settled',
  },
  'refuses the key': {
    does: { does: 'status', status: 401 },
    whole: 401,
    streamed: 401,
    times: 1,
    booked: 'settled',
  },
  'writes one byte at a time': {
    does: { does: 'drip', text: 'Hi.' },
    whole: 'answer',
    streamed: 'answer',
    times: 1,
    booked: 'settled',
  },
  'answers a web page': {
    does: { does: 'wrong-content-type' },
    whole: 'model/upstream-garbled',
    streamed: 'model/upstream-garbled',
    times: 1,
    booked: 'assumed',
  },
  'cuts its answer, and ends as if it were whole': {
    does: { does: 'truncate' },
    whole: 'model/upstream-status',
    streamed: 'event',
    times: 2,
    booked: 'assumed',
  },
  'says an event twice': {
    does: { does: 'duplicate' },
    whole: 'answer',
    streamed: 'answer',
    times: 1,
    booked: 'settled',
  },
}

describe.each(Object.entries(faults))('an upstream that %s', (_name, fault) => {
  test.each([false, true])('streamed: %s', async (stream) => {
    const over = await bed.over({ targets: ['small'], timeouts: { firstByte: '60ms', idle: '60ms' } })
    bed.upstreams.small.otherwise = typeof fault.does === 'function' ? fault.does(stream) : fault.does
    const { seen, text } = await outcomeOf(bed.ask(over, { stream }))
    expect(seen).toBe(stream ? fault.streamed : fault.whole)
    if (seen === 'event') expect(text).not.toContain('[DONE]')
    const times = seen === 'event' ? 1 : fault.times
    expect(bed.upstreams.small.calls.length).toBe(times)
    const booked = await bed.attempts()
    expect(booked.map((one) => one.split(' ')[1])).toEqual(Array.from({ length: times }, () => fault.booked))
  })
})

test('an upstream that refuses connections is never billed: what was held for it is given back', async () => {
  const over = await bed.over({ targets: ['small'] })
  await bed.upstreams.small.refuse()
  await expect(bed.ask(over)).rejects.toMatchObject({ code: 'model/upstream-refused' })
  expect((await bed.attempts()).map((one) => one.split(' ')[1])).toEqual(['released', 'released'])
  expect(await bed.booked()).toEqual({ team: '0/0' })
})

/** The code of an error, a status that is no success, `event` for an error in the stream, or `answer`. */
async function outcomeOf(asked: Promise<GatewayAnswer>): Promise<{ seen: string | number; text: string }> {
  try {
    const answer = await asked
    const text = await textOf(answer)
    if (answer.status !== 200) return { seen: answer.status, text }
    return { seen: text.includes('"error"') ? 'event' : 'answer', text }
  } catch (error) {
    return { seen: isMillraceError(error) ? error.code : String(error), text: '' }
  }
}
