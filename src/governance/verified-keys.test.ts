import { expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { mainTenant } from '../core/ids.ts'
import type { Verified } from './api-keys.ts'
import { VerifiedKeys } from './verified-keys.ts'

// A key is only carried here: what stands in it does not matter.
const verified = { tenant: mainTenant, person: { name: 'Ada' }, key: { name: 'shop' } } as Verified

function scene() {
  let now = 0
  let looks = 0
  let answer: Verified | undefined | Error = verified
  const keys = new VerifiedKeys({
    clock: { ...systemClock, now: () => now },
    verify: async () => {
      looks++
      if (answer instanceof Error) throw answer
      return answer
    },
  })
  return {
    keys,
    looks: () => looks,
    after: (ms: number) => void (now += ms),
    say: (next: typeof answer) => void (answer = next),
  }
}

test('a key in use is looked at about once a second, and no call waits for that', async () => {
  const { keys, looks, after } = scene()
  for (let n = 0; n < 100; n++) {
    expect(await keys.verify('mr_1')).toBe(verified)
    after(50)
  }
  expect(looks()).toBeGreaterThanOrEqual(5)
  expect(looks()).toBeLessThanOrEqual(7)
})

test('a revoked key is out within two seconds, in use or not', async () => {
  const inUse = scene()
  await inUse.keys.verify('mr_1')
  inUse.say(undefined)
  for (let ms = 0; ms < 1900; ms += 100) {
    await inUse.keys.verify('mr_1')
    inUse.after(100)
  }
  expect(await inUse.keys.verify('mr_1')).toBeUndefined()
  const idle = scene()
  await idle.keys.verify('mr_1')
  idle.say(undefined)
  idle.after(1900)
  expect(await idle.keys.verify('mr_1')).toBeUndefined()
})

test('while the database is away a key is believed no longer than that', async () => {
  const { keys, after, say } = scene()
  await keys.verify('mr_1')
  say(new Error('away'))
  after(1000)
  expect(await keys.verify('mr_1')).toBe(verified)
  after(900)
  await expect(keys.verify('mr_1')).rejects.toThrow('away')
})

test('what opened nothing is asked again each time, and what was forgotten too', async () => {
  const { keys, looks, say } = scene()
  say(undefined)
  await keys.verify('mr_1')
  await keys.verify('mr_1')
  expect(looks()).toBe(2)
  say(verified)
  await keys.verify('mr_1')
  keys.forget()
  await keys.verify('mr_1')
  expect(looks()).toBe(4)
})
