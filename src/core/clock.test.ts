import { expect, test } from 'vitest'
import { systemClock } from './clock.ts'

test('a timer longer than Node can hold does not fire at once', async () => {
  let fired = 0
  const cancel = systemClock.after(2 ** 40, () => fired++)
  await new Promise<void>((resolve) => systemClock.after(5, resolve))
  cancel()
  expect(fired).toBe(0)
})

test('a timer of the past fires, and one that was cancelled does not', async () => {
  let fired = 0
  systemClock.after(1, () => fired++)()
  await new Promise<void>((resolve) => systemClock.after(-1000, resolve))
  await new Promise<void>((resolve) => systemClock.after(5, resolve))
  expect(fired).toBe(0)
})

test('a turn comes after every microtask', async () => {
  const order: string[] = []
  const turned = systemClock.turn().then(() => order.push('turn'))
  void Promise.resolve()
    .then(() => Promise.resolve())
    .then(() => order.push('microtask'))
  await turned
  expect(order).toEqual(['microtask', 'turn'])
})
