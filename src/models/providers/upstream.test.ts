import { getEventListeners, once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Answered, Failed, Limits } from './exchange.ts'
import { errorOf, type Failure, failureOf } from './failure.ts'
import { ManualClock } from './manual-clock.ts'
import { type Behaviour, ScriptedUpstream } from './testing.ts'
import { defaultLimits, Upstream, type UpstreamRequest } from './upstream.ts'

let scripted: ScriptedUpstream
let clock: ManualClock
let upstream: Upstream

beforeEach(async () => {
  scripted = await ScriptedUpstream.start()
  clock = new ManualClock()
  upstream = new Upstream({ clock })
})
afterEach(async () => {
  await upstream.close()
  await scripted.close()
})

const limits: Limits = { connect: 1000, firstByte: 2000, idle: 3000, total: 60_000, body: 1_000_000 }

const request = (isStream: boolean, over: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
  url: new URL(`${scripted.url}/v1/chat/completions?secret=query-secret`),
  headers: { authorization: 'Bearer sk-secret', 'content-type': 'application/json' },
  body: Buffer.from(
    JSON.stringify({ model: 'm', stream: isStream, messages: [{ role: 'user', content: 'body-secret' }] }),
  ),
  accepts: [isStream ? 'text/event-stream' : 'application/json'],
  ...over,
})

const send = (isStream: boolean, signal?: AbortSignal): Promise<Answered | Failed> =>
  upstream.send(request(isStream), limits, signal)

function answered(outcome: Answered | Failed): Answered {
  if (outcome.kind === 'failed') throw new Error(`failed: ${outcome.failure.kind}`)
  return outcome
}

/** Everything that came, and how it ended. */
async function read(outcome: Answered | Failed): Promise<{ text: string; failure: Failure | undefined }> {
  if (outcome.kind === 'failed') return { text: '', failure: outcome.failure }
  let text = ''
  try {
    for await (const chunk of outcome.body) text += chunk.toString()
  } catch (error) {
    return { text, failure: failureOf(error) }
  }
  return { text, failure: undefined }
}

test('an answer passes whole, and what is true of its connection alone does not', async () => {
  const { status, headers, body, timings } = answered(await send(false))
  expect(status).toBe(200)
  expect(headers).toMatchObject({ 'x-request-id': 'req_scripted', server: 'scripted' })
  for (const name of ['connection', 'keep-alive', 'transfer-encoding', 'content-length'])
    expect(headers).not.toHaveProperty(name)
  expect(JSON.parse((await body.whole()).toString())).toMatchObject({ object: 'chat.completion', model: 'm' })
  expect(timings).toEqual({ sent: 0, headers: 0 })
  expect(scripted.calls[0]?.headers).toMatchObject({ authorization: 'Bearer sk-secret', 'accept-encoding': 'identity' })
})

test('the next call takes the same connection, also after an error of the provider', async () => {
  scripted.next({ does: 'answer' }, { does: 'status', status: 500 }, { does: 'answer' })
  for (let n = 0; n < 3; n++) {
    await read(await send(n === 2))
    await clock.turn() // undici takes a connection back a turn after its answer
  }
  expect([scripted.calls.length, scripted.connections]).toEqual([3, 1])
})

test('a stream passes as it comes, before its end is known', async () => {
  scripted.next({ does: 'answer', held: 'events', text: 'Hello there.' })
  const { body } = answered(await send(true))
  scripted.calls[0]?.release()
  expect((await body.next()).value?.toString()).toMatch(/^data: .*"role":"assistant"/)
  expect(scripted.calls[0]?.state).toBe('open')
  for (let n = 0; n < 6; n++) scripted.calls[0]?.release()
  expect((await body.whole()).toString()).toMatch(/\[DONE\]\n\n$/)
})

const closes: readonly [string, boolean, Behaviour, Failure][] = [
  [
    'closes before the headers',
    false,
    { does: 'close', after: 'request' },
    { kind: 'closed-early', after: 'request', isSent: true },
  ],
  [
    'closes after the headers',
    true,
    { does: 'close', after: 'headers' },
    { kind: 'closed-early', after: 'headers', isSent: true },
  ],
  [
    'closes in the middle of a stream',
    true,
    { does: 'close', after: 'events', events: 3 },
    { kind: 'closed-early', after: 'headers', isSent: true },
  ],
  [
    'closes in the middle of JSON',
    false,
    { does: 'close', after: 'events', events: 1 },
    { kind: 'closed-early', after: 'headers', isSent: true },
  ],
  ['speaks no HTTP', false, { does: 'garbage' }, { kind: 'garbled', why: 'it is not HTTP', isSent: true }],
  [
    'shows a page',
    false,
    { does: 'wrong-content-type' },
    { kind: 'bad-content-type', contentType: 'text/html', isSent: true },
  ],
  [
    'redirects, and is not followed',
    false,
    { does: 'status', status: 307, headers: { location: 'http://127.0.0.1:1/' } },
    { kind: 'status', status: 307, isSent: true },
  ],
  [
    'encodes, though it was asked not to',
    false,
    { does: 'status', status: 200, headers: { 'content-encoding': 'gzip' } },
    { kind: 'garbled', why: 'it is encoded, though it was asked not to be', isSent: true },
  ],
  [
    'sends too many headers',
    false,
    { does: 'status', status: 200, headers: { 'x-long': 'x'.repeat(40_000) } },
    { kind: 'too-large', part: 'headers', isSent: true },
  ],
  [
    'is busy, for seconds',
    false,
    { does: 'status', status: 429, headers: { 'retry-after': '7' } },
    { kind: 'status', status: 429, retryAfter: 7000, isSent: true },
  ],
  [
    'is busy, until a date',
    false,
    {
      does: 'status',
      status: 429,
      headers: { 'retry-after': 'Mon, 05 Jan 2026 09:00:09 GMT', date: 'Mon, 05 Jan 2026 09:00:02 GMT' },
    },
    { kind: 'status', status: 429, retryAfter: 7000, isSent: true },
  ],
  [
    'is busy, and does not say how long',
    true,
    { does: 'status', status: 429 },
    { kind: 'status', status: 429, isSent: true },
  ],
  [
    'fails, and says that it is final',
    false,
    { does: 'status', status: 500, headers: { 'x-should-retry': 'false' } },
    { kind: 'status', status: 500, shouldRetry: false, isSent: true },
  ],
  ['refuses the key', false, { does: 'status', status: 401 }, { kind: 'status', status: 401, isSent: true }],
]

test.each(closes)(
  'an upstream that %s is told by name, and nothing of it stays',
  async (_, isStream, behaviour, failure) => {
    scripted.next(behaviour)
    const outcome = await send(isStream)
    expect((await read(outcome)).failure).toEqual(failure)
    if (failure.kind !== 'status') await scripted.until(() => scripted.openSockets === 0)
    expect(clock.timers).toBe(0)
    expect(scripted.calls.length).toBe(1)
  },
)

test('what a provider says with its status reaches the caller, and not the failure', async () => {
  scripted.next({ does: 'status', status: 400 })
  const outcome = await send(false)
  if (outcome.kind !== 'failed') throw new Error('it has to fail')
  expect(outcome.said?.body.toString()).toContain('A scripted 400.')
  expect(outcome.said?.headers).toMatchObject({ 'content-type': 'application/json' })
  expect(inspect(outcome.failure, { depth: null })).not.toContain('scripted')
})

test('what arrived before a connection was cut is read before the error: usage often stands there', async () => {
  scripted.next({ does: 'close', after: 'events', events: 4 })
  const outcome = await send(true)
  await scripted.until(() => scripted.openSockets === 0)
  const { text, failure } = await read(outcome)
  expect(text.match(/data: /g)?.length).toBe(4)
  expect(failure?.kind).toBe('closed-early')
})

test('nobody listens: nothing was sent, so nothing is owed', async () => {
  await scripted.refuse()
  expect(await send(false)).toMatchObject({
    kind: 'failed',
    failure: { kind: 'refused', why: 'ECONNREFUSED', isSent: false },
    timings: { sent: undefined, headers: undefined },
  })
  expect(clock.timers).toBe(0)
})

test('a header that cannot be sent is a failure, not an exception, and does not show the key', async () => {
  const outcome = await upstream.send(request(false, { headers: { authorization: 'Bearer sk-secret\n' } }), limits)
  expect(outcome).toMatchObject({
    kind: 'failed',
    failure: { kind: 'refused', why: 'UND_ERR_INVALID_ARG', isSent: false },
  })
  expect(inspect(outcome, { depth: null })).not.toContain('sk-secret')
})

test('a server that takes the connection and does not greet is a connect-timeout, and nothing was sent', async () => {
  const sockets: Socket[] = []
  const mute = createServer((socket) => void sockets.push(socket.on('error', () => {})))
  mute.listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const { port } = mute.address() as AddressInfo
  const outcome = upstream.send(request(false, { url: new URL(`https://127.0.0.1:${port}/v1/messages`) }), limits)
  await once(mute, 'connection')
  clock.advance(limits.connect)
  expect(await outcome).toMatchObject({ failure: { kind: 'connect-timeout', limit: 1000, isSent: false } })
  expect(clock.timers).toBe(0)
  for (const socket of sockets) socket.destroy()
  mute.close()
})

test('each phase has its own limit, and the whole has one', async () => {
  scripted.next({ does: 'hang', after: 'request' })
  const first = send(false)
  await scripted.until(() => scripted.calls.length === 1)
  clock.advance(limits.firstByte)
  expect(await first).toMatchObject({ failure: { kind: 'first-byte-timeout', limit: 2000, isSent: true } })

  scripted.next({ does: 'hang', after: 'headers' })
  const second = read(await send(true))
  clock.advance(limits.idle)
  expect((await second).failure).toEqual({ kind: 'idle-timeout', limit: 3000, isSent: true })

  scripted.next({ does: 'answer', held: 'events', text: 'word '.repeat(100) })
  const { body } = answered(await send(true))
  let failure: Failure | undefined
  for (let n = 0; n < 100 && !failure; n++) {
    scripted.calls.at(-1)?.release()
    failure = await body.next().then(() => undefined, failureOf)
    clock.advance(limits.idle - 1)
  }
  expect(failure).toEqual({ kind: 'total-timeout', limit: 60_000, isSent: true })
  await scripted.until(() => scripted.openSockets === 0)
  expect(clock.timers).toBe(0)
})

test('a body past its limit ends the attempt', async () => {
  scripted.next({ does: 'answer', filler: 4_000_000 })
  const { text, failure } = await read(await send(true))
  expect(failure).toEqual({ kind: 'too-large', part: 'body', isSent: true })
  expect(text.length).toBeLessThanOrEqual(limits.body)
  await scripted.until(() => scripted.openSockets === 0)
})

test('an abort before, while waiting, and while reading ends the attempt and frees its socket', async () => {
  expect(await send(false, AbortSignal.abort())).toMatchObject({ failure: { kind: 'aborted', isSent: false } })
  expect(scripted.calls.length).toBe(0)

  const waiting = new AbortController()
  scripted.next({ does: 'hang', after: 'request' })
  const outcome = send(false, waiting.signal)
  await scripted.until(() => scripted.calls.length === 1)
  waiting.abort()
  expect(await outcome).toMatchObject({ failure: { kind: 'aborted', isSent: true } })
  await scripted.until(() => scripted.calls[0]?.state === 'left')

  const reading = new AbortController()
  scripted.next({ does: 'hang', after: 'events', events: 2 })
  const { body } = answered(await send(true, reading.signal))
  await body.next()
  reading.abort()
  await expect(body.whole()).rejects.toMatchObject({ failure: { kind: 'aborted', isSent: true } })
  await scripted.until(() => scripted.calls[1]?.state === 'left' && scripted.openSockets === 0)
  expect(clock.timers).toBe(0)
})

test('an abort while the connection is made sends nothing, and the connection goes too', async () => {
  const connecting = new AbortController()
  const outcome = send(false, connecting.signal)
  connecting.abort()
  expect(await outcome).toMatchObject({ failure: { kind: 'aborted', isSent: false } })
  await scripted.until(() => scripted.connections === 1 && scripted.openSockets === 0)
  expect(scripted.calls.length).toBe(0)
})

test('a signal that outlives many attempts keeps nothing of them', async () => {
  const { signal } = new AbortController()
  scripted.next({ does: 'answer' }, { does: 'status', status: 500 }, { does: 'close', after: 'headers' })
  for (let n = 0; n < 3; n++) await read(await send(false, signal))
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test.each(['return', 'cancel'] as const)(
  'a reader that leaves by %s frees the socket, even while it waits',
  async (how) => {
    scripted.next({ does: 'hang', after: 'headers' })
    const { body } = answered(await send(true))
    if (how === 'cancel') {
      const reader = body.toWeb().getReader()
      const pending = reader.read()
      await reader.cancel()
      expect((await pending).done).toBe(true)
    } else {
      const pending = body.next()
      await body.return()
      expect((await pending).done).toBe(true)
    }
    await scripted.until(() => scripted.openSockets === 0)
    expect(clock.timers).toBe(0)
  },
)

test('an upstream that is faster than its reader is stopped, not kept in memory', async () => {
  const filler = 64 * 1024 * 1024
  scripted.next({ does: 'answer', filler })
  const { body } = answered(await upstream.send(request(true), { ...defaultLimits, body: 2 * filler }))
  const written = (): number => scripted.calls[0]?.written ?? 0
  let seen = -1
  for (let still = 0; still < 5; still++) {
    if (written() !== seen) still = 0
    seen = written()
    await read(await send(false)) // round trips on other sockets: whoever is not stopped goes on meanwhile
  }
  expect(seen).toBeLessThan(filler / 2)
  let length = 0
  for await (const chunk of body) length += chunk.length
  expect(length).toBe(written())
})

test('no key, no query and no body is in a failure, its error, or the error that ends a body', async () => {
  const behaviours: readonly Behaviour[] = closes.map(([, , behaviour]) => behaviour)
  await Promise.all(
    behaviours.map(async (behaviour) => {
      scripted.next(behaviour)
      const outcome = await send(true)
      let thrown: unknown
      if (outcome.kind === 'answered') await outcome.body.whole().catch((error: unknown) => (thrown = error))
      const failure = outcome.kind === 'failed' ? outcome.failure : failureOf(thrown)
      if (!failure) throw new Error('it has to fail')
      const said = inspect([failure, thrown, errorOf(failure, 'm@1')], { depth: null, showHidden: true })
      expect(said).not.toMatch(/sk-secret|query-secret|body-secret|127\.0\.0\.1|A scripted/)
    }),
  )
})
