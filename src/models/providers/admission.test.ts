import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Admission, type Priority, type Shed, type Slot } from './admission.ts'
import { ManualClock } from './manual-clock.ts'

const limits = { atOnce: 2, mostWaiting: 3, longestWait: 10_000 }

/** Enters, and notes what comes of it. */
function entering(
  admission: Admission,
  priority: Priority,
  signal?: AbortSignal,
): { outcome: Slot | Shed | undefined } {
  const entry: { outcome: Slot | Shed | undefined } = { outcome: undefined }
  void admission.enter(priority, signal).then((outcome) => (entry.outcome = outcome))
  return entry
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const leave = (entry: { outcome: Slot | Shed | undefined } | undefined): void => {
  if (entry?.outcome?.kind === 'slot') entry.outcome.leave()
}

test('a full queue sheds the least urgent, the newest first, and says when to come back', async () => {
  const admission = new Admission(new ManualClock(), limits)
  const running = [entering(admission, 3), entering(admission, 3)]
  const waiting = [entering(admission, 2), entering(admission, 3), entering(admission, 3)]
  const urgent = [entering(admission, 0), entering(admission, 0)]
  const [low, alike] = [entering(admission, 3), entering(admission, 2)]
  await turn()
  expect(running.map(({ outcome }) => outcome?.kind)).toEqual(['slot', 'slot'])
  expect(waiting.map(({ outcome }) => outcome)).toEqual([
    undefined,
    { kind: 'shed', why: 'displaced', retryAfter: 2000 },
    { kind: 'shed', why: 'displaced', retryAfter: 2000 },
  ])
  expect([low.outcome, alike.outcome]).toMatchObject([{ why: 'full' }, { why: 'full' }])
  expect(admission.health()).toEqual({ running: 2, waiting: 3, shed: [0, 0, 1, 3] })
  for (const entry of running) leave(entry)
  await turn()
  expect(urgent.map(({ outcome }) => outcome?.kind)).toEqual(['slot', 'slot'])
  expect(waiting[0]?.outcome).toBeUndefined()
})

test('who waits too long is shed, and who leaves by itself is forgotten: neither gets a place', async () => {
  const clock = new ManualClock()
  const admission = new Admission(clock, limits)
  const running = [entering(admission, 1), entering(admission, 1)]
  const caller = new AbortController()
  const [left, late] = [entering(admission, 1, caller.signal), entering(admission, 1)]
  caller.abort()
  clock.advance(limits.longestWait)
  await turn()
  expect([left.outcome, late.outcome]).toMatchObject([{ why: 'left' }, { why: 'waited-too-long' }])
  expect(admission.health()).toEqual({ running: 2, waiting: 0, shed: [0, 1, 0, 0] })
  for (const entry of [...running, ...running]) leave(entry) // a second time counts for nothing
  expect([admission.health().running, clock.timers]).toEqual([0, 0])
  expect(await admission.enter(0, AbortSignal.abort())).toMatchObject({ why: 'left' })
})

test('a hedge takes no place that somebody waits for', async () => {
  const admission = new Admission(new ManualClock(), { ...limits, atOnce: 1 })
  const slot = admission.enterNow()
  expect(admission.enterNow()).toBeUndefined()
  const waiting = entering(admission, 3)
  slot?.leave()
  await turn()
  expect(waiting.outcome?.kind).toBe('slot')
  expect(admission.enterNow()).toBeUndefined()
})

test('Retry-After follows how long calls take', async () => {
  const clock = new ManualClock()
  const admission = new Admission(clock, { atOnce: 1, mostWaiting: 1, longestWait: 1e9 })
  for (let n = 0; n < 60; n++) {
    const slot = admission.enterNow()
    clock.advance(20_000)
    slot?.leave()
  }
  const entries = [entering(admission, 1), entering(admission, 1), entering(admission, 1)]
  await turn()
  const refused = entries[2]?.outcome
  const retryAfter = refused?.kind === 'shed' ? refused.retryAfter : 0
  expect(retryAfter).toBeGreaterThan(38_000)
  expect(retryAfter).toBeLessThanOrEqual(40_000)
})

test('whatever comes, the bounds hold, everyone is settled once, and places go by urgency, then by age', async () => {
  const step = fc.oneof(
    fc.record({ enter: fc.constantFrom<Priority>(0, 1, 2, 3) }),
    fc.record({ enter: fc.constantFrom<Priority>(0, 1, 2, 3) }),
    fc.record({ leave: fc.nat(10) }),
    fc.record({ abort: fc.nat(10) }),
    fc.record({ advance: fc.integer({ min: 1, max: 6000 }) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const clock = new ManualClock()
      const admission = new Admission(clock, limits)
      type Call = {
        priority: Priority
        order: number
        caller: AbortController
        outcome: Slot | Shed | undefined
        isOut: boolean
      }
      const calls: Call[] = []
      const running = (): Call[] => calls.filter((call) => call.outcome?.kind === 'slot' && !call.isOut)
      const waiting = (): Call[] => calls.filter((call) => !call.outcome)
      for (const one of steps) {
        const before = waiting()
        if ('enter' in one) {
          const caller = new AbortController()
          const call: Call = { priority: one.enter, order: calls.length, caller, outcome: undefined, isOut: false }
          calls.push(call)
          void admission.enter(one.enter, caller.signal).then((outcome) => {
            expect(call.outcome).toBeUndefined()
            call.outcome = outcome
          })
        } else if ('leave' in one) {
          const call = running()[one.leave]
          if (call?.outcome?.kind === 'slot') {
            call.isOut = true
            call.outcome.leave()
          }
        } else if ('abort' in one) before[one.abort]?.caller.abort()
        else clock.advance(one.advance)
        await turn()
        expect(running().length).toBeLessThanOrEqual(limits.atOnce)
        expect(waiting().length).toBeLessThanOrEqual(limits.mostWaiting)
        if (waiting().length > 0) expect(running().length).toBe(limits.atOnce)
        const placed = before.filter((call) => call.outcome?.kind === 'slot')
        for (const won of placed)
          for (const still of waiting().filter((call) => before.includes(call)))
            expect(won.priority - still.priority || won.order - still.order).toBeLessThan(0)
        expect(admission.health()).toMatchObject({ running: running().length, waiting: waiting().length })
      }
      for (let n = 0; n < steps.length + 1; n++) {
        for (const call of running()) {
          call.isOut = true
          if (call.outcome?.kind === 'slot') call.outcome.leave()
        }
        await turn()
      }
      expect([waiting().length, admission.health().running, clock.timers]).toEqual([0, 0, 0])
    }),
    { numRuns: 50 },
  )
})
