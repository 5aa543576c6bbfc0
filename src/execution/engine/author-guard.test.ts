import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { type Author, asAuthor, installAuthorGuard, outsideAuthor } from './author-guard.ts'

installAuthorGuard()
const author: Author = { now: () => 1234, random: () => 0.25, fail: () => {} }

test.each<[string, () => unknown]>([
  ['fetch', () => fetch('http://127.0.0.1:1')],
  ['setTimeout', () => setTimeout(() => {}, 1)],
  ['setImmediate', () => setImmediate(() => {})],
  ['AbortSignal.timeout', () => AbortSignal.timeout(1)],
  ['a timer by its promise', () => sleep(1)],
  ['a timer made a promise', () => promisify(setTimeout)(1)],
  ['crypto.subtle', () => crypto.subtle.digest('SHA-256', new Uint8Array())],
  ['crypto.randomUUID', () => crypto.randomUUID()],
  ['chance of node:crypto', () => randomBytes(4)],
  ['a built-in module that reads', () => readFileSync(import.meta.filename)],
  ['a stream that compresses', () => new CompressionStream('gzip')],
  ['the monotonic clock', () => performance.now()],
])('%s is refused in a pipeline’s code, and free outside it (E1)', async (_, call) => {
  expect(() => asAuthor(author, call)).toThrow('Its replay could not see the same')
  const free = asAuthor(author, () => outsideAuthor(call))
  clearTimeout(free as never)
  await Promise.resolve(free).catch(() => {})
})

test('time and chance of a pipeline’s code are the recorded ones', () => {
  const seen = asAuthor(author, () => [Date.now(), new Date().getTime(), Math.random(), new Date(5).getTime()])
  expect(seen).toEqual([1234, 1234, 0.25, 5])
  expect(asAuthor(author, () => Date())).toBe(new Date(1234).toString())
  expect(Date.now()).toBeGreaterThan(1.7e12)
  expect(new Date()).toBeInstanceOf(Date)
})

test('a pipeline’s code goes on as its own after an await', async () => {
  const refused = asAuthor(author, async () => {
    await Promise.resolve()
    return fetch('http://127.0.0.1:1')
  })
  await expect(refused).rejects.toMatchObject({ code: 'run/foreign-await' })
})
