import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { dialects } from '../dialects/dialects.ts'
import { ManualClock } from '../providers/manual-clock.ts'
import type { Behaviour } from '../providers/testing.ts'
import { GatewayBed, textOf } from './testing.ts'

let bed: GatewayBed

beforeAll(async () => {
  bed = await GatewayBed.open()
})
beforeEach(() => bed.begin())
afterEach(() => bed.end())
afterAll(() => bed.database.drop())

test('what a call used is settled, and its answer comes as the provider wrote it, streamed or not', async () => {
  const over = await bed.over({ targets: ['small'] })
  const whole = await bed.ask(over)
  expect(whole.status).toBe(200)
  expect(await textOf(whole)).toContain('Hello there.')
  expect(await bed.booked()).toEqual({ team: '0/25' })
  const text = await textOf(await bed.ask(over, { stream: true }))
  expect(text).toContain('data: [DONE]')
  expect(text).not.toContain('prompt_tokens') // asked for by the gateway alone
  expect(await bed.booked()).toEqual({ team: '0/50' })
  expect(bed.upstreams.small.calls.map(({ body }) => (JSON.parse(body) as { model: string }).model)).toEqual([
    'small',
    'small',
  ])
  expect(await bed.attempts()).toEqual(['first settled', 'first settled'])
})

test('a failing target is taken over by the next before the first content, each attempt paid for by itself', async () => {
  const over = await bed.over({ targets: ['small'], fallback: ['large'] })
  bed.upstreams.small.otherwise = { does: 'status', status: 501 }
  const answer = await bed.ask(over, { stream: true })
  expect(answer.by?.model).toBe('large')
  expect(await textOf(answer)).toContain('[DONE]')
  expect(await bed.booked()).toEqual({ team: '0/25' })
  expect([bed.upstreams.small.calls.length, bed.upstreams.large.calls.length]).toEqual([1, 1])
  expect(await bed.attempts()).toEqual(['first settled', 'fallback settled'])
})

test.each<[string, Behaviour]>([
  ['closes after the first events', { does: 'close', after: 'events', events: 3 }],
  ['leaves out its last events', { does: 'truncate' }],
])('a stream that %s ends in an error event, and its worst case is assumed', async (_name, behaviour) => {
  const over = await bed.over({ targets: ['small'], fallback: ['large'] })
  bed.upstreams.small.otherwise = behaviour
  const text = await textOf(await bed.ask(over, { stream: true }))
  expect(text).toMatch(/data: \{"error":.*\n\n$/)
  expect(text).not.toContain('[DONE]')
  expect(bed.upstreams.large.calls.length).toBe(0) // content had passed: no other provider goes on with its sentence
  expect(await bed.attempts()).toEqual(['first assumed'])
})

test.each(['cancel', 'drain'] as const)('a client that hangs up: %s', async (onHangUp) => {
  const over = await bed.over({ targets: ['small'], onHangUp })
  bed.upstreams.small.otherwise = { does: 'answer', text: 'Hello there.', held: 'events' }
  const leaving = bed.ask(over, { stream: true })
  await bed.upstreams.small.until(() => bed.upstreams.small.calls.length === 1)
  const [call] = bed.upstreams.small.calls
  const steps = setInterval(() => call?.release(), 1)
  const { body } = await leaving
  if (Buffer.isBuffer(body)) throw new Error('it is a stream')
  await body.next()
  if (onHangUp === 'cancel') clearInterval(steps)
  await body.return()
  clearInterval(steps)
  // Cancelled, the provider's socket is free and its use unknown; drained, it is read to its end and its use is known.
  const [state, booked] = onHangUp === 'cancel' ? (['left', 'assumed'] as const) : (['whole', 'settled'] as const)
  await bed.upstreams.small.until(() => bed.upstreams.small.calls[0]?.state === state)
  expect(await bed.attempts()).toEqual([`first ${booked}`])
})

test('a client of a silent stream gets signs of life, and another target may still take over', async () => {
  const clock = new ManualClock()
  const over = await bed.over({ targets: ['small'], fallback: ['large'] }, { clock })
  bed.upstreams.small.otherwise = { does: 'answer', held: 'headers' }
  const asked = bed.ask(over, { stream: true })
  await bed.upstreams.small.until(() => bed.upstreams.small.calls.length === 1)
  const passing = setInterval(() => clock.advance(1000), 1)
  const { body, status } = await asked
  if (Buffer.isBuffer(body)) throw new Error('it is a stream')
  expect([status, (await body.next()).value?.toString()]).toEqual([200, dialects['openai-chat'].keepAlive])
  const next = body.next()
  await bed.upstreams.small.close() // refuses the repetition as well
  let text = (await next).value?.toString() ?? ''
  for await (const part of body) text += part.toString()
  clearInterval(passing)
  expect(text).toContain('[DONE]')
  expect(bed.upstreams.large.calls.length).toBe(1)
  expect((await bed.attempts()).some((one) => one.endsWith('held'))).toBe(false)
})

test('a budget without room refuses before anything is sent', async () => {
  const over = await bed.over({ targets: ['small'], fallback: ['large'] }, { cap: 60 })
  await expect(bed.ask(over)).rejects.toMatchObject({ code: expect.stringMatching(/^cost\//) as string })
  expect([bed.upstreams.small.calls.length, bed.upstreams.large.calls.length]).toEqual([0, 0])
  expect(await bed.booked()).toEqual({ team: '0/0' })
})

test('an error inside a 200 is a failure: the next target answers, and what it used is not lost', async () => {
  const over = await bed.over({ targets: ['small'], fallback: ['large'] })
  bed.upstreams.small.otherwise = { does: 'error-inside' }
  const answer = await bed.ask(over)
  expect(answer.by?.model).toBe('large')
  expect((await bed.attempts()).some((one) => one.endsWith('held'))).toBe(false)
})

test('a refused request comes back in the words of the provider, is not repeated, and costs nothing', async () => {
  const over = await bed.over({ targets: ['small'], fallback: ['large'] })
  bed.upstreams.small.otherwise = { does: 'status', status: 400 }
  const answer = await bed.ask(over)
  expect([answer.status, answer.by?.model]).toEqual([400, 'small'])
  expect([bed.upstreams.small.calls.length, bed.upstreams.large.calls.length]).toEqual([1, 0])
  expect(await bed.booked()).toEqual({ team: '0/0' })
})

test('a version to which no way leads from the dialect is not asked', async () => {
  const over = await bed.over({ targets: ['claude'] })
  await expect(bed.ask(over, { input: 'Hi' }, { dialect: 'openai-embeddings' })).rejects.toMatchObject({
    code: 'model/refused-by-constraint',
  })
  expect(bed.upstreams.claude.calls.length).toBe(0)
  expect(await bed.attempts()).toEqual([])
})
