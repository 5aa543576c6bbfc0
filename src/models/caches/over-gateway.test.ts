import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { GatewayBed, textOf } from '../gateway/testing.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Behaviour } from '../providers/testing.ts'
import { openCache } from './testing.ts'

// The caches in their place: a gateway with its ledger, over a scripted upstream on real sockets.

let bed: GatewayBed
let gateway: Gateway
beforeAll(async () => void (bed = await GatewayBed.open()))
beforeEach(async () => {
  await bed.begin()
  await bed.database.ownerPool.query('truncate answer_cache, cache_day')
  bed.answers = openCache(bed.database.pool).cache
  gateway = await bed.over({ targets: ['small'], fallback: ['large'], cache: { exact: '1h', semantic: { for: '1h' } } })
})
afterEach(() => bed.end())
afterAll(() => bed.database.drop())

const asked = (): number => bed.upstreams.small.calls.length + bed.upstreams.large.calls.length
const user = (content: string): object => ({ messages: [{ role: 'user', content }] })

test.each([false, true])(
  'a question put again costs nothing, and its call says whose answer it was, streamed: %s',
  async (stream) => {
    const first = await bed.ask(gateway, { stream })
    const text = await textOf(first)
    await gateway.idle()
    const second = await bed.ask(gateway, { stream, user: 'anna' })
    expect(await textOf(second)).toBe(text)
    expect(second.headers).toMatchObject({ 'millrace-cache': 'exact', 'millrace-cache-from': first.call })
    expect(second.headers['content-type']).toContain(stream ? 'text/event-stream' : 'application/json')
    expect(await second.outcome).toMatchObject({
      cache: { kind: 'exact', from: first.call, saved: { nano: 25n, currency: 'USD' } },
      attempts: [],
    })
    expect(asked()).toBe(1)
    expect(await bed.booked()).toEqual({ team: '0/25' })
    expect(await bed.attempts()).toEqual(['first settled'])
  },
)

test('do not cancel is asked, though cancel was answered', async () => {
  await textOf(await bed.ask(gateway, user('Cancel my order 17.')))
  await gateway.idle()
  for (const text of ['Do not cancel my order 17.', 'Cancel my order 18.'])
    await textOf(await bed.ask(gateway, user(text)))
  expect(asked()).toBe(3)
  const alike = await bed.ask(gateway, user('Please cancel the order 17.'))
  expect(alike.headers).toMatchObject({ 'millrace-cache': 'semantic' })
  expect(asked()).toBe(3)
})

test('of clients with two keys, and of two data classes, neither gets the other’s answer', async () => {
  const callers = [{ client: 'key_a' }, { client: 'key_b' }, { client: 'key_b', dataClass: 'public' }] as const
  for (const caller of callers) {
    for (const _ of ['asked', 'again']) {
      await textOf(await bed.ask(gateway, {}, { caller }))
      await gateway.idle()
    }
  }
  expect(asked()).toBe(3)
})

test('an error inside a 200 and an answer that was cut are kept by nobody', async () => {
  const bad: readonly (readonly [Behaviour, boolean])[] = [
    [{ does: 'error-inside' }, false],
    [{ does: 'error-inside' }, true],
    [{ does: 'truncate' }, false],
    [{ does: 'truncate' }, true],
  ]
  for (const [behaviour, stream] of bad) {
    bed.upstreams.small.otherwise = behaviour
    bed.upstreams.large.otherwise = behaviour
    await bed.ask(gateway, { stream }).then(textOf, () => undefined)
    await gateway.idle()
  }
  expect(asked()).toBeGreaterThanOrEqual(4)
  expect((await bed.database.pool.query('select from answer_cache')).rowCount).toBe(0)
})

test('a client that leaves a stream leaves no half answer behind', async () => {
  const answer = await bed.ask(gateway, { stream: true })
  if (!Buffer.isBuffer(answer.body)) {
    await answer.body.next()
    await answer.body.return()
  }
  await gateway.idle()
  expect((await bed.database.pool.query('select from answer_cache')).rowCount).toBe(0)
})

test('a fallback’s answer does not stand in for the first choice once that is well', async () => {
  bed.upstreams.small.otherwise = { does: 'status', status: 501 }
  await textOf(await bed.ask(gateway))
  await gateway.idle()
  expect((await bed.database.pool.query('select from answer_cache')).rowCount).toBe(0)
})
