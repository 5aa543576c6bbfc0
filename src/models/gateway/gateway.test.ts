import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../core/clock.ts'
import { mainTenant } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import { type TestDatabase, testDatabase } from '../../store/testing.ts'
import type { RouteDeclaration } from '../../sdk/models.ts'
import { PriceBook } from '../cost/price-book.ts'
import { balances, declare, openLedger } from '../cost/testing.ts'
import { dialects } from '../dialects/dialects.ts'
import type { DialectName } from '../dialects/dialect.ts'
import { ManualClock } from '../providers/manual-clock.ts'
import { Targets } from '../providers/targets.ts'
import { type Behaviour, ScriptedUpstream } from '../providers/testing.ts'
import { Upstream } from '../providers/upstream.ts'
import { testModel, testRoute } from '../routes/testing.ts'
import type { Caller } from './caller.ts'
import { Gateway, type GatewayAnswer } from './gateway.ts'

// A scripted upstream on real sockets, a real ledger on real Postgres: money and answers are looked at together.

const caller: Caller = {
  tenant: mainTenant,
  budgets: ['team'],
  dataClass: 'internal',
  priority: 1,
  facts: { task: 'test' },
}
/** One nano-unit a token. */
const prices = new PriceBook(
  ['small', 'large'].map((model) => ({
    provider: 'openai',
    model,
    currency: 'USD',
    from: '2020-01-01',
    input: '0.001',
    cacheRead: '0.001',
    cacheWrite: '0.001',
    cacheWriteLong: '0.001',
    output: '0.001',
    reasoning: '0.001',
  })),
)

let database: TestDatabase
let upstreams: { small: ScriptedUpstream; large: ScriptedUpstream }
let wire: Upstream
beforeAll(async () => {
  database = await testDatabase()
})
beforeEach(async () => {
  const start = (): Promise<ScriptedUpstream> =>
    ScriptedUpstream.start({ does: 'answer', text: 'Hello there.', usage: { input: 20, output: 5 } })
  upstreams = { small: await start(), large: await start() }
  wire = new Upstream()
  await database.ownerPool.query('truncate budget, budget_period, reservation cascade')
})
afterEach(async () => {
  await wire.close()
  await Promise.all([upstreams.small.close(), upstreams.large.close()])
})
afterAll(() => database.drop())

async function gatewayOver(
  declaration: RouteDeclaration,
  cap = 1_000_000,
  clock: Clock = systemClock,
): Promise<Gateway> {
  await declare(database.pool, { id: 'team', nano: cap })
  const { ledger } = await openLedger(database.pool)
  const models = [
    testModel('small', { url: `${upstreams.small.url}/v1` }),
    testModel('large', { url: `${upstreams.large.url}/v1` }),
  ]
  const route = testRoute(declaration, models)
  return new Gateway({
    routes: { get: () => route },
    targets: new Targets(clock),
    upstream: wire,
    prices,
    spend: ledger,
    keysOf: () => [],
    clock,
    random: systemRandom,
  })
}

function ask(gateway: Gateway, more: object = {}, dialect: DialectName = 'openai-chat', signal?: AbortSignal) {
  const body = { model: 'chat', max_tokens: 50, messages: [{ role: 'user', content: 'Hi' }], ...more }
  const request = dialects[dialect].read(Buffer.from(JSON.stringify(body)))
  return gateway.call(request, caller, { headers: {}, signal: signal ?? new AbortController().signal })
}
async function textOf({ body }: GatewayAnswer): Promise<string> {
  if (Buffer.isBuffer(body)) return body.toString()
  const parts: Buffer[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts).toString()
}
const states = async (): Promise<string[]> => {
  const { rows } = await database.ownerPool.query<{ state: string }>('select state from reservation order by id')
  return rows.map(({ state }) => state)
}

test('what a call used is settled, and its answer comes as the provider wrote it, streamed or not', async () => {
  const gateway = await gatewayOver({ targets: ['small'] })
  const whole = await ask(gateway)
  expect(whole.status).toBe(200)
  expect(await textOf(whole)).toContain('Hello there.')
  expect(await balances(database.pool)).toEqual({ team: '0/25' })
  const text = await textOf(await ask(gateway, { stream: true }))
  expect(text).toContain('data: [DONE]')
  expect(text).not.toContain('prompt_tokens') // asked for by the gateway alone
  expect(await balances(database.pool)).toEqual({ team: '0/50' })
  expect(upstreams.small.calls.map(({ body }) => (JSON.parse(body) as { model: string }).model)).toEqual([
    'small',
    'small',
  ])
  expect(await states()).toEqual(['settled', 'settled'])
})

test('a failing target is taken over by the next before the first content, each attempt paid for by itself', async () => {
  const gateway = await gatewayOver({ targets: ['small'], fallback: ['large'] })
  upstreams.small.otherwise = { does: 'status', status: 501 }
  const answer = await ask(gateway, { stream: true })
  expect(answer.by?.model).toBe('large')
  expect(await textOf(answer)).toContain('[DONE]')
  expect(await balances(database.pool)).toEqual({ team: '0/25' })
  expect([upstreams.small.calls.length, upstreams.large.calls.length]).toEqual([1, 1])
  expect(await states()).toEqual(['settled', 'settled'])
})

test.each<[string, Behaviour]>([
  ['closes after the first events', { does: 'close', after: 'events', events: 3 }],
  ['leaves out its last events', { does: 'truncate' }],
])('a stream that %s ends in an error event, and its worst case is assumed', async (_name, behaviour) => {
  const gateway = await gatewayOver({ targets: ['small'], fallback: ['large'] })
  upstreams.small.otherwise = behaviour
  const text = await textOf(await ask(gateway, { stream: true }))
  expect(text).toMatch(/data: \{"error":.*\n\n$/)
  expect(text).not.toContain('[DONE]')
  expect(upstreams.large.calls.length).toBe(0) // content had passed: no other provider goes on with its sentence
  expect(await states()).toEqual(['assumed'])
})

test.each(['cancel', 'drain'] as const)('a client that hangs up: %s', async (onHangUp) => {
  const gateway = await gatewayOver({ targets: ['small'], onHangUp })
  upstreams.small.otherwise = { does: 'answer', text: 'Hello there.', held: 'events' }
  const leaving = ask(gateway, { stream: true })
  await upstreams.small.until(() => upstreams.small.calls.length === 1)
  const [call] = upstreams.small.calls
  const steps = setInterval(() => call?.release(), 1)
  const { body } = await leaving
  if (Buffer.isBuffer(body)) throw new Error('it is a stream')
  await body.next()
  if (onHangUp === 'cancel') clearInterval(steps)
  await body.return()
  clearInterval(steps)
  // Cancelled, the provider's socket is free and its use unknown; drained, it is read to its end and its use is known.
  const [state, booked] = onHangUp === 'cancel' ? (['left', 'assumed'] as const) : (['whole', 'settled'] as const)
  await upstreams.small.until(() => upstreams.small.calls[0]?.state === state)
  expect(await states()).toEqual([booked])
})

test('a client of a silent stream gets signs of life, and another target may still take over', async () => {
  const clock = new ManualClock()
  const gateway = await gatewayOver({ targets: ['small'], fallback: ['large'] }, 1_000_000, clock)
  upstreams.small.otherwise = { does: 'answer', held: 'headers' }
  const asked = ask(gateway, { stream: true })
  await upstreams.small.until(() => upstreams.small.calls.length === 1)
  const passing = setInterval(() => clock.advance(1000), 1)
  const { body, status } = await asked
  if (Buffer.isBuffer(body)) throw new Error('it is a stream')
  expect([status, (await body.next()).value?.toString()]).toEqual([200, dialects['openai-chat'].keepAlive])
  const next = body.next()
  await upstreams.small.close() // refuses the repetition as well
  let text = (await next).value?.toString() ?? ''
  for await (const part of body) text += part.toString()
  clearInterval(passing)
  expect(text).toContain('[DONE]')
  expect(upstreams.large.calls.length).toBe(1)
  expect((await states()).includes('held')).toBe(false)
})

test('a budget without room refuses before anything is sent', async () => {
  const gateway = await gatewayOver({ targets: ['small'], fallback: ['large'] }, 60)
  await expect(ask(gateway)).rejects.toMatchObject({ code: expect.stringMatching(/^cost\//) as string })
  expect([upstreams.small.calls.length, upstreams.large.calls.length]).toEqual([0, 0])
  expect(await balances(database.pool)).toEqual({ team: '0/0' })
})

test('an error inside a 200 is a failure: the next target answers, and what it used is not lost', async () => {
  const gateway = await gatewayOver({ targets: ['small'], fallback: ['large'] })
  upstreams.small.otherwise = { does: 'error-inside' }
  const answer = await ask(gateway)
  expect(answer.by?.model).toBe('large')
  expect((await states()).includes('held')).toBe(false)
})

test('a refused request comes back in the words of the provider, is not repeated, and costs nothing', async () => {
  const gateway = await gatewayOver({ targets: ['small'], fallback: ['large'] })
  upstreams.small.otherwise = { does: 'status', status: 400 }
  const answer = await ask(gateway)
  expect([answer.status, answer.by?.model]).toEqual([400, 'small'])
  expect([upstreams.small.calls.length, upstreams.large.calls.length]).toEqual([1, 0])
  expect(await balances(database.pool)).toEqual({ team: '0/0' })
})

test('a version that does not speak the dialect is not asked', async () => {
  const gateway = await gatewayOver({ targets: ['small'] })
  await expect(ask(gateway, {}, 'anthropic-messages')).rejects.toMatchObject({ code: 'model/refused-by-constraint' })
  expect(upstreams.small.calls.length).toBe(0)
  expect(await states()).toEqual([])
})
