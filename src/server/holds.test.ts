import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { mainTenant, mintId } from '../core/ids.ts'
import { systemRandom } from '../core/random.ts'
import type { RunView } from '../execution/runs/run-reader.ts'
import { runOutcome } from './api/run-schemas.ts'
import { testServer, type TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => void (server = await testServer()))
afterAll(() => server.stop())

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const release = async (run: string): Promise<[number, unknown]> => {
  const answer = await server.ask(`/api/v1/runs/${run}/release`, { method: 'POST' })
  return [answer.status, await answer.json()]
}
const actsOf = ({ steps }: RunView): readonly string[] =>
  steps.filter((step) => step.kind === 'act').map((step) => step.state)
const isSucceeded = ({ status }: RunView): boolean => status === 'succeeded'
const audited = async (run: string): Promise<readonly unknown[]> =>
  (await server.database.pool.query(`select actor, action from audit_log where object = $1`, [run])).rows

describe('a held run', () => {
  test('decides, changes nothing until it is released, then once; who released it stands in the record', async () => {
    const held = await server.mail('a question', 'Held', { hold: true })
    const { run } = held
    expect(held.waitsFor).toEqual({ kind: 'release', run, action: 'keep-note', queue: 'general', why: ['rule'] })
    expect([held.status, held.isHeld, actsOf(held)]).toEqual(['waiting', true, []])
    expect(held.because).toContain(`millrace runs release ${run}`)
    expect(await release(run)).toEqual([200, { run, wasHeld: true, hasEnded: false }])
    const ended = await server.until(run, isSucceeded)
    expect([ended.isHeld, actsOf(ended)]).toEqual([false, ['done']])
    const person = server.planes.owner.id
    expect(ended.steps.find((step) => step.resource === 'hold-keep-note')?.factors).toMatchObject([{ name: person }])
    expect(await release(run)).toEqual([200, { run, wasHeld: false, hasEnded: true }])
    expect(await audited(run)).toEqual([{ actor: person, action: 'runs/released' }])
  })

  test('that a person has approved waits for its release all the same', async () => {
    const { run, waitsFor } = await server.mail('refund this', 'Both', { hold: true })
    const item = waitsFor?.kind === 'person' ? waitsFor.item : ''
    const { owner, reviews } = server.planes
    const claimed = await server.ask(`/api/v1/reviews/${item}/claim`, json({}))
    const { claim } = z.object({ claim: z.number() }).parse(await claimed.json())
    const { shownDigest } = await reviews.show({ tenant: mainTenant, item: item as never, person: owner.id }) // from the server
    const decided = await server.ask(`/api/v1/reviews/${item}/decide`, json({ claim, verdict: 'approve', shownDigest }))
    expect(decided.status).toBe(200)
    const held = await server.until(run, (view) => view.waitsFor?.kind === 'release')
    expect([held.status, actsOf(held)].at(-1)).toEqual([])
    await release(run)
    expect(actsOf(await server.until(run, isSucceeded))).toEqual(['done'])
  })

  test('that was released while a person was still asked goes on with the decision alone', async () => {
    const { run, waitsFor } = await server.mail('refund that', 'Early', { hold: true })
    await release(run)
    const item = waitsFor?.kind === 'person' ? waitsFor.item : ''
    const { owner, reviews } = server.planes
    const claimed = await server.ask(`/api/v1/reviews/${item}/claim`, json({}))
    const { claim } = z.object({ claim: z.number() }).parse(await claimed.json())
    const { shownDigest } = await reviews.show({ tenant: mainTenant, item: item as never, person: owner.id }) // from the server
    await server.ask(`/api/v1/reviews/${item}/decide`, json({ claim, verdict: 'approve', shownDigest }))
    expect(actsOf(await server.until(run, isSucceeded))).toEqual(['done'])
  })

  test('that is cancelled ends, and has changed nothing', async () => {
    const { run } = await server.mail('a question', 'Cancelled', { hold: true })
    await server.ask(`/api/v1/runs/${run}/cancel`, { method: 'POST' })
    const ended = await server.until(run, ({ status }) => status === 'cancelled')
    expect([actsOf(ended), ended.isHeld]).toEqual([[], false])
  })

  test('of a mail that cannot be read stays held when it is replayed', async () => {
    const source = 'urn:unreadable'
    const id = 'letter'
    const error = new MillraceError('intake/unreadable', { why: 'it was cut off' })
    const bytes = Buffer.from('From: Ada <ada@example.com>\r\nSubject: Late\r\n\r\na question')
    const { deadLetters, dispatcher, mail } = server.planes
    await deadLetters.keep({ source, id, pipeline: 'desk', type: 'message.received', bytes, error, hold: true })
    const [letter] = await deadLetters.list({ limit: 1 })
    const read = async (): Promise<never> => (await mail.readAgain(bytes, source)) as never // an event is JSON
    const run = await deadLetters.replay(letter?.id ?? '', read)
    dispatcher.nudge()
    const held = await server.until(run, (view) => view.waitsFor !== undefined)
    expect([held.waitsFor?.kind, actsOf(held)]).toEqual(['release', []])
  })

  test('has an outcome as soon as only its release is waited for', async () => {
    const { run } = await server.mail('a question', 'Outcome', { hold: true })
    const answer = await server.ask('/api/v1/runs/outcomes', json({ runs: [run], within: 10_000 }))
    const { outcomes } = z.object({ outcomes: z.array(runOutcome) }).parse(await answer.json())
    const hold = { run, action: 'keep-note', queue: 'general', why: ['rule'] }
    expect(outcomes).toMatchObject([{ run, isSettled: true, status: 'waiting', hold }])
  })
})

describe('over HTTP', () => {
  const event = (id: string): object => ({
    specversion: '1.0',
    id,
    source: 'urn:hold',
    type: 'message.received',
    data: { subject: 's', text: 'a question', customerId: 'c' },
  })
  const accepted = z.object({ accepted: z.array(z.object({ run: z.string(), isDuplicate: z.boolean() })) })
  const sendEvents = async (query: string, init: { headers: Record<string, string>; body: unknown }) => {
    const { headers, body } = init
    const answer = await server.ask(`/api/v1/events${query}`, { method: 'POST', headers, body: JSON.stringify(body) })
    return accepted.parse(await answer.json()).accepted
  }
  const structured = { 'content-type': 'application/cloudevents+json' }

  test.each([
    ['structured', { headers: structured, body: event('structured') }],
    [
      'batch',
      { headers: { 'content-type': 'application/cloudevents-batch+json' }, body: [event('one'), event('other')] },
    ],
    [
      'binary',
      {
        headers: {
          'content-type': 'application/json',
          'ce-specversion': '1.0',
          'ce-id': 'binary',
          'ce-source': 'urn:hold',
          'ce-type': 'message.received',
        },
        body: { subject: 's', text: 'a question', customerId: 'c' },
      },
    ],
  ])('events in %s form are held', async (_form, init) => {
    for (const { run } of await sendEvents('?pipeline=desk&hold=true', init)) {
      const held = await server.until(run, (view) => view.waitsFor !== undefined)
      expect([held.waitsFor?.kind, actsOf(held)]).toEqual(['release', []])
    }
  })

  test('an event that is known keeps its run: sent again with hold it is not held, and without it not let go', async () => {
    const [free] = await sendEvents('?pipeline=desk&hold=false', { headers: structured, body: event('free') })
    const [held] = await sendEvents('?pipeline=desk&hold=true', { headers: structured, body: event('held') })
    await sendEvents('?pipeline=desk&hold=true', { headers: structured, body: event('free') })
    const [again] = await sendEvents('?pipeline=desk', { headers: structured, body: event('held') })
    expect(again).toEqual({ run: held?.run, isDuplicate: true })
    expect(actsOf(await server.until(free?.run ?? '', isSucceeded))).toEqual(['done'])
    expect((await server.until(held?.run ?? '', (view) => view.waitsFor !== undefined)).isHeld).toBe(true)
  })

  test('what is neither true nor false is refused, and nothing is accepted', async () => {
    for (const hold of ['yes', '1', '', 'true&hold=true'])
      for (const path of ['/api/v1/events?pipeline=desk', '/api/v1/mail?pipeline=desk']) {
        const type = path.includes('mail') ? 'message/rfc822' : 'application/cloudevents+json'
        const init = { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(event('refused')) }
        expect([hold, (await server.ask(`${path}&hold=${hold}`, init)).status]).toEqual([hold, 400])
      }
  })

  test('a run that is not held is a conflict, one that is not there is not found', async () => {
    const { run } = await server.mail('a question')
    expect(await release(run)).toMatchObject([409, { code: 'run/not-held' }])
    expect(await release(mintId('run', 0, systemRandom))).toMatchObject([404, { code: 'governance/no-such-run' }])
    expect(await audited(run)).toEqual([])
  })

  test('all are released at once, and the list of the held is empty then', async () => {
    await server.mail('a question', 'All', { hold: true })
    const list = z.object({ runs: z.array(z.object({ run: z.string(), isHeld: z.literal(true) })) })
    const { runs } = list.parse(await (await server.ask('/api/v1/runs?held=true')).json())
    expect(runs.length).toBeGreaterThan(0)
    const answer = await server.ask('/api/v1/runs/release', json({ all: true }))
    const { released, isMore } = z
      .object({ released: z.array(z.object({ run: z.string() })), isMore: z.boolean() })
      .parse(await answer.json())
    expect(isMore).toBe(false)
    expect(released.map((one) => one.run)).toEqual(expect.arrayContaining(runs.map((one) => one.run)))
    expect(list.parse(await (await server.ask('/api/v1/runs?held=true')).json()).runs).toEqual([])
    for (const { run } of runs) expect(actsOf(await server.until(run, isSucceeded))).toEqual(['done'])
  })

  test('an empty body releases nothing', async () => {
    const { run } = await server.mail('a question', 'Kept', { hold: true })
    for (const body of [{}, { all: false }])
      expect((await server.ask('/api/v1/runs/release', json(body))).status).toBe(400)
    expect((await server.ask('/api/v1/runs/release', { method: 'POST' })).status).toBe(400)
    expect((await server.until(run, () => true)).isHeld).toBe(true)
  })
})
