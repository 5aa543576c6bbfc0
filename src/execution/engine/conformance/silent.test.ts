import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import type { Json } from '../../../core/json.ts'
import type { RunContext } from '../ports.ts'
import { pure, value } from './bed.ts'
import { makeRestateBed } from './restate-bed.ts'
import { SilentProxy } from './silent-proxy.ts'

// 24 of docs/specs/engine.md: nothing that one connection does stops the others. Each was held for 15 s by such a one once, or for ever.

const ends: (() => Promise<unknown> | undefined)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

/** Postgres and Restate behind proxies that can fall silent. */
async function bedBehind(code: (ctx: RunContext) => Promise<Json>) {
  const proxies: SilentProxy[] = []
  const bed = await makeRestateBed(code, {
    async between(url) {
      const { url: at, proxy } = await SilentProxy.before(url)
      proxies.push(proxy)
      return at
    },
  })
  ends.push(async () => {
    for (const proxy of proxies) Object.assign(proxy, { silences: undefined, isDeaf: false })
    await bed.dispose()
    for (const proxy of proxies) await proxy.close()
  })
  const [postgres, ingress] = proxies
  if (!postgres || !ingress) throw new Error('the worker finds two ports')
  return { bed, postgres, ingress }
}

/** Long enough for a poll to see it live. */
const steps = async (ctx: RunContext): Promise<Json> => {
  for (const n of [0, 1, 2]) await ctx.step(`s${n}`, () => sleep(100).then(() => value(n)), pure)
  return 'over'
}

/** Silences the first connection that sends what matches; answers whether one was. */
function silenceOne(proxy: SilentProxy, matches: (sent: Buffer) => boolean): () => boolean {
  let isDone = false
  proxy.silences = (sent) => !isDone && matches(sent) && (isDone = true)
  return () => isDone
}

const startMany = (bed: Awaited<ReturnType<typeof bedBehind>>['bed'], n: number) =>
  Promise.all(Array.from({ length: n }, () => bed.start()))

/** What is tested is a bound: the runs end before the pool's own timeout of 15 s would have let go of anything. */
async function expectAllWithin(ms: number, bed: Awaited<ReturnType<typeof bedBehind>>['bed'], n: number) {
  const since = performance.now()
  const runs = await startMany(bed, n)
  const read = 'select count(*)::int as open from run where id = any($1) and ended is null'
  for (;;) {
    const { rows } = await bed.database.pool.query<{ open: number }>(read, [runs]) // past the proxy
    if (rows[0]?.open === 0) break
    await sleep(20)
  }
  expect(performance.now() - since).toBeLessThan(ms)
  for (const run of runs) {
    const rows = await bed.rows(run)
    expect(rows.map((row) => `${row.seq} ${row.key}`)).toEqual(['0 s0#0', '1 s1#0', '2 s2#0', '3 $end'])
  }
}

test.each(['append', 'load', 'poll', 'overdue', 'beat'])(
  '24: the connection that carries the statement `%s` falls silent: 50 runs end, each step of them once',
  async (name) => {
    const { bed, postgres } = await bedBehind(steps)
    await expectAllWithin(14_000, bed, 5) // connections and statements are there
    const isSilent = silenceOne(postgres, (sent) => sent.includes(Buffer.from(name)))
    await expectAllWithin(14_000, bed, 50)
    while (!isSilent()) await sleep(20)
  },
)

test('24: and the connection that is made in its place never answers', async () => {
  const { bed, postgres } = await bedBehind(steps)
  await expectAllWithin(14_000, bed, 5)
  const left = ['append', 'user\0']
  postgres.silences = (sent) =>
    left[0] !== undefined && sent.includes(Buffer.from(left[0])) && left.shift() !== undefined
  await expectAllWithin(14_000, bed, 50)
})

test('24: an ingress that accepts and never answers holds up its own wakes; the sweeper sends them when it answers', async () => {
  const { bed, ingress } = await bedBehind(steps)
  const isSilent = silenceOne(ingress, (sent) => sent.includes(Buffer.from('/wake/send')))
  await expectAllWithin(14_000, bed, 30)
  expect(isSilent()).toBe(true)
})

test('24: clients of the handler’s port that say nothing, or nonsense, stop no run', async () => {
  const { bed } = await bedBehind(steps)
  const sockets = await Promise.all(
    Array.from({ length: 100 }, async (_, n) => {
      const socket = connect(bed.port, '127.0.0.1')
      socket.on('error', () => {})
      await once(socket, 'connect')
      if (n % 2) socket.write('GET / HTTP/1.1\r\nx: ')
      return socket
    }),
  )
  ends.push(async () => sockets.forEach((socket) => socket.destroy()))
  await expectAllWithin(14_000, bed, 30)
})

test('24: a body’s own server that accepts and never answers holds up its own run alone', async () => {
  const { proxy, url } = await SilentProxy.before('http://127.0.0.1:1')
  ends.push(() => proxy.close())
  proxy.isDeaf = true
  const { bed } = await bedBehind(async (ctx) => {
    if (ctx.run.input !== 'deaf') return steps(ctx)
    return ctx
      .step('ask', (signal) => fetch(url, { signal }).then(() => value('answered')), { ...pure, timeout: 3000 })
      .catch((error: Error & { code?: string }) => error.code ?? '')
  })
  const deaf = await Promise.all(Array.from({ length: 100 }, () => bed.start('deaf')))
  await expectAllWithin(14_000, bed, 30)
  while ((await Promise.all(deaf.map((run) => bed.outcome(run)))).includes(undefined)) await sleep(20)
  expect((await bed.outcome(deaf[0] ?? bed.runId()))?.settlement).toEqual({ ok: 'step/timeout' })
})
