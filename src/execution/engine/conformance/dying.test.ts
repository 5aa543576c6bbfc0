import { afterEach, beforeEach, expect, test } from 'vitest'
import { ProcessBed } from './process-bed.ts'

// What only a process that dies shows (10, 22 of docs/specs/engine.md), on Postgres and Restate.

let bed: ProcessBed
beforeEach(async () => void (bed = await ProcessBed.open()))
afterEach(() => bed.close())

test('10: the count of failed attempts survives a process that is killed between two of them', async () => {
  const run = await bed.start('flaky')
  await bed.serve()
  await bed.until(() => bed.notes(run).length === 1)
  await bed.until(async () => (await bed.engine.state(run)) === 'backing-off') // its row is durable
  await bed.kill()
  await bed.serve()
  await bed.until(async () => (await bed.outcome(run)) !== undefined)
  expect(bed.notes(run)).toEqual(['attempt 1', 'attempt 2', 'attempt 3'])
  expect(await bed.outcome(run)).toMatchObject({ state: 'failed', settlement: { error: { code: 'busy' } } })
})

test('10: a run that is paused stays so over a process that is killed; resumed, it goes on where it was', async () => {
  const run = await bed.start('two')
  await bed.serve()
  await bed.until(() => bed.notes(run).length === 1)
  await bed.engine.pause(run)
  await bed.kill()
  await bed.serve()
  const other = await bed.start('two')
  await bed.until(async () => (await bed.outcome(other)) !== undefined)
  expect(await bed.engine.state(run)).toBe('paused')
  await bed.engine.resume(run)
  await bed.until(async () => (await bed.outcome(run)) !== undefined)
  expect(bed.notes(run)).toEqual(['first', 'second'])
})

test('22: one poison run among 50 is paused when three processes have died under it; the others finish; cancelled, it ends', async () => {
  const poison = await bed.start('poison')
  const innocents = await Promise.all(Array.from({ length: 49 }, () => bed.start('innocent')))
  await bed.serve()
  const states = () => Promise.all([poison, ...innocents].map((run) => bed.engine.state(run)))
  await bed.until(async () => (await states()).every((state) => state === 'finished' || state === 'paused'))
  expect(await bed.why(poison)).toEqual({ state: 'paused', why: 'run/poison' })
  expect(bed.deaths).toBe(3)
  expect(bed.notes(poison)).toEqual(['boom', 'boom', 'boom'])
  const outcomes = await Promise.all(innocents.map((run) => bed.outcome(run)))
  expect(outcomes.filter((outcome) => outcome?.state !== 'succeeded')).toEqual([])
  await bed.engine.cancel(poison)
  await bed.until(async () => (await bed.outcome(poison)) !== undefined)
  expect(await bed.outcome(poison)).toMatchObject({
    state: 'cancelled',
    settlement: { error: { code: 'run/poison' } },
  })
  expect(bed.deaths).toBe(3)
}, 90_000)
