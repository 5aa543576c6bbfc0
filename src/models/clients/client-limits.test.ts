import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import { mainTenant } from '../../core/ids.ts'
import { testDatabase, type TestDatabase } from '../../store/testing.ts'
import { ManualClock } from '../providers/manual-clock.ts'
import type { Client, Limits } from './client.ts'
import { ClientLimits } from './client-limits.ts'
import { MinuteWindow } from './minute-window.ts'

let database: TestDatabase
beforeAll(async () => void (database = await testDatabase()))
afterAll(() => database.drop())

let made = 0
const clientOf = (limits: Limits): Client => ({
  id: `key_${made++}`,
  tenant: mainTenant,
  budgets: [],
  dataClass: 'public',
  limits,
})
const open = (process: string, clock = new ManualClock()) => ({
  clock,
  limits: new ClientLimits({ pool: database.pool, process, clock }),
})
const refusal = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return isMillraceError(error, 'model/key-over-limit') ? error.details : error
}

test('no minute, wherever it begins, has more requests than the limit: two halves of two minutes neither', async () => {
  const { clock, limits } = open('pro_1')
  const client = clientOf({ requests: 3 })
  const passed: number[] = []
  for (let second = 0; second < 200; second++) {
    const isThrough = await limits.admit(client, { tokens: 1 }).then(
      () => true,
      () => false,
    )
    if (isThrough) passed.push(second)
    clock.advance(1000)
  }
  expect(passed).toEqual([0, 1, 2, 60, 61, 62, 120, 121, 122, 180, 181, 182])
})

test('who waits as long as the refusal says is let through', async () => {
  const { clock, limits } = open('pro_1')
  const client = clientOf({ tokens: 100 })
  await limits.admit(client, { tokens: 60 })
  clock.advance(10_000)
  await limits.admit(client, { tokens: 40 })
  expect(await refusal(limits.admit(client, { tokens: 50 }))).toEqual({
    limit: 'tokens a minute',
    most: 100,
    retryAfter: 50,
  })
  clock.advance(50_000)
  await limits.admit(client, { tokens: 50 })
})

test('what was used counts instead of what was reserved, also when it is told after the end, and an end counts once', async () => {
  const { limits } = open('pro_1')
  const client = clientOf({ tokens: 100, atOnce: 1 })
  const ticket = await limits.admit(client, { tokens: 100 })
  ticket.end()
  ticket.end()
  expect(await refusal(limits.admit(client, { tokens: 1 }))).toMatchObject({ limit: 'tokens a minute' })
  ticket.used(10)
  ticket.used(10)
  const next = await limits.admit(client, { tokens: 90 })
  expect(await refusal(limits.admit(client, { tokens: 0 }))).toMatchObject({ limit: 'calls at once', retryAfter: 1 })
  next.end()
})

test('several processes keep one limit: a key that is new to one asks the others first, one that is not after an exchange', async () => {
  const clock = new ManualClock()
  const [one, two] = [open('pro_1', clock), open('pro_2', clock)]
  const client = clientOf({ requests: 2, atOnce: 2 })
  const first = await one.limits.admit(client, { tokens: 1 })
  await one.limits.exchange()
  await two.limits.admit(client, { tokens: 1 })
  expect(await refusal(two.limits.admit(client, { tokens: 1 }))).toMatchObject({ limit: 'calls at once' })
  first.end()
  await two.limits.exchange()
  await one.limits.exchange()
  expect(await refusal(one.limits.admit(client, { tokens: 1 }))).toMatchObject({ limit: 'requests a minute' })
})

test('a key in use costs no query a call, and one without limits none at all', async () => {
  let queries = 0
  const pool = new Proxy(database.pool, {
    get: (target, name) => {
      if (name === 'query') queries++
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const limits = new ClientLimits({ pool, process: 'pro_1', clock: new ManualClock() })
  const client = clientOf({ requests: 100 })
  for (let n = 0; n < 50; n++) await limits.admit(client, { tokens: 1 })
  await limits.admit(clientOf({}), { tokens: 1 })
  expect(queries).toBe(1)
})

test('a window says what a list of all that was counted says', () => {
  const steps = fc.array(fc.record({ wait: fc.nat({ max: 70 }), count: fc.nat({ max: 9 }) }), { maxLength: 60 })
  fc.assert(
    fc.property(steps, fc.nat({ max: 30 }), (all, most) => {
      const window = new MinuteWindow()
      const counted: { second: number; count: number }[] = []
      let second = 1000
      const sumAt = (at: number): number =>
        counted.filter((one) => one.second > at - 60).reduce((sum, { count }) => sum + count, 0)
      for (const { count, wait } of all) {
        second += wait
        window.add(second, count)
        counted.push({ second, count })
        expect(window.sum(second)).toBe(sumAt(second))
      }
      const wait = window.secondsUntil(second, most)
      expect(sumAt(second + wait)).toBeLessThanOrEqual(most)
      if (wait > 1) expect(sumAt(second + wait - 1)).toBeGreaterThan(most)
    }),
  )
})
