import { expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { logLine, traceOf } from './log.ts'

const clock = { ...systemClock, today: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6) }

test('an entry is one line of JSON, whatever stands in it', () => {
  const line = logLine({ event: 'engine-ended', level: 'warn', why: 'a\nb "c"', run: 'run_0' }, clock)
  expect(line.indexOf('\n')).toBe(line.length - 1)
  expect(JSON.parse(line)).toEqual({
    time: '2026-01-02T03:04:05.006Z',
    level: 'warn',
    event: 'engine-ended',
    why: 'a\nb "c"',
    run: 'run_0',
  })
})

test('the words of a foreign error stay out: they may quote the message that broke it', () => {
  const foreign = Object.assign(new Error('invalid input syntax: "Dear desk,\n    at home with Ada"'), {
    code: '22P02',
  })
  const trace = traceOf(foreign)
  expect(trace.code).toBe('22P02')
  expect(trace.at.length).toBeGreaterThan(0)
  expect(trace.at.join()).toMatch(/log\.test\.ts/)
  expect(traceOf(new MillraceError('server/stopping', {})).code).toBe('server/stopping')
  expect(traceOf('thrown text')).toEqual({ code: 'string', at: [] })
})
