import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Body } from './body.ts'
import { Exchange, type Limits } from './exchange.ts'
import { failureOf } from './failure.ts'
import { ManualClock } from './manual-clock.ts'

const limits: Limits = { connect: 1000, firstByte: 1000, idle: 1000, total: 1_000_000, body: 10_000_000 }

test('whatever order pushes, reads and the end come in, a reader sees all of it, in order, and then the end', async () => {
  const steps = fc.array(fc.oneof(fc.constant('read' as const), fc.integer({ min: 1, max: 40_000 })), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (steps, breaks) => {
      let resumed = 0
      const body = new Body({ resume: () => resumed++, abandon: () => {} })
      const [sent, reads]: [number[], Promise<number | undefined>[]] = [[], []]
      let stopped = 0
      const read = (): Promise<number | undefined> => body.next().then(({ value }) => value?.length)
      for (const step of steps) {
        if (step === 'read') reads.push(read())
        else if (stopped === resumed) {
          sent.push(step)
          if (!body.push(Buffer.alloc(step))) stopped++
        } // a source that is stopped pushes nothing
      }
      body.close(breaks ? { kind: 'aborted', isSent: true } : undefined)
      while (reads.length <= sent.length) reads.push(read())
      const seen = await Promise.allSettled(reads)
      const lengths = seen.flatMap((one) => (one.status === 'fulfilled' && one.value !== undefined ? [one.value] : []))
      expect(lengths).toEqual(sent)
      expect(seen.slice(sent.length).every((one) => (one.status === 'rejected') === breaks)).toBe(true)
      expect(stopped - resumed).toBeGreaterThanOrEqual(0)
    }),
  )
})

test('an upstream that waits for a slow reader is not idle; once it is read again, it can be', async () => {
  const clock = new ManualClock()
  const calls: string[] = []
  const controller = {
    aborted: false,
    paused: false,
    reason: null,
    abort: () => void calls.push('abort'),
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
  }
  const settled = Promise.withResolvers<Parameters<ConstructorParameters<typeof Exchange>[0]['settle']>[0]>()
  const exchange = new Exchange({
    limits,
    clock,
    accepts: ['text/event-stream'],
    signal: undefined,
    settle: settled.resolve,
  })
  exchange.onRequestStart(controller)
  exchange.onResponseStart(controller, 200, { 'content-type': 'text/event-stream' })
  const outcome = await settled.promise
  if (outcome.kind === 'failed') throw new Error('it answers')
  for (let n = 0; n < 2; n++) exchange.onResponseData(controller, Buffer.alloc(40_000))
  expect(calls).toEqual(['pause'])
  clock.advance(500_000)
  expect(calls).toEqual(['pause'])
  await outcome.body.next()
  await outcome.body.next()
  expect(calls).toEqual(['pause', 'resume'])
  const next = outcome.body.next().catch(failureOf)
  clock.advance(limits.idle)
  expect(await next).toEqual({ kind: 'idle-timeout', limit: 1000, isSent: true })
  expect([calls, clock.timers]).toEqual([['pause', 'resume', 'abort'], 0])
})
