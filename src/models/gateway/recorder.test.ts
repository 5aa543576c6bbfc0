import { expect, test } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { mintId } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import type { CallRecord } from '../routes/call-record.ts'
import type { CallOutcome } from './call-outcome.ts'
import { CallRecorder } from './recorder.ts'

const record = (): CallRecord => ({ id: mintId('cal', systemClock.today(), systemRandom) }) as CallRecord // the rest is not looked at
const outcome = {} as CallOutcome

test('records that come while others are written are written after them, each once, and idle waits for all', async () => {
  const batches: string[][] = []
  const recorder = new CallRecorder({
    clock: systemClock,
    onLost: () => {},
    traffic: {
      async append(records) {
        batches.push(records.map(({ id }) => id))
        if (batches.length < 3) recorder.add(record(), outcome)
        await systemClock.turn()
      },
    },
  })
  for (let n = 0; n < 450; n++) recorder.add(record(), outcome)
  await recorder.idle()
  expect(batches.map(({ length }) => length)).toEqual([200, 200, 52])
  expect(new Set(batches.flat()).size).toBe(452)
})

test('a batch that Postgres refuses is told as lost, and the next is written all the same', async () => {
  const lost: string[] = []
  let isBroken = true
  const written: string[] = []
  const recorder = new CallRecorder({
    clock: systemClock,
    onLost: (id) => lost.push(id),
    traffic: {
      append: (records) => {
        if (isBroken) return Promise.reject(new Error('it does not fit'))
        written.push(...records.map(({ id }) => id))
        return Promise.resolve()
      },
    },
  })
  recorder.add(record(), outcome)
  await recorder.idle()
  isBroken = false
  recorder.add(record(), outcome)
  await recorder.idle()
  expect([lost.length, written.length]).toEqual([1, 1])
})
