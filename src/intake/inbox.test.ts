import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import type { CanonicalEvent } from '../core/event.ts'
import { isId, type KeyId, mainTenant, type TenantId } from '../core/ids.ts'
import type { Json } from '../core/json.ts'
import { systemRandom } from '../core/random.ts'
import { unseal } from '../core/seal.ts'
import { testDatabase, type TestDatabase } from '../store/testing.ts'
import { Inbox, type Offer } from './inbox.ts'
import { testKeys } from './testing-keys.ts'

let database: TestDatabase
const keys = testKeys()
const inboxOf = (tenant = mainTenant): Inbox =>
  new Inbox({ pool: database.pool, keys, random: systemRandom, clock: systemClock, tenant })
const offer = (id: string, data: Json = { text: 'My card 4111 is lost' }, over: Partial<Offer> = {}): Offer => ({
  event: { specversion: '1.0', id, source: 'urn:test', type: 'message.received', data } satisfies CanonicalEvent,
  pipeline: 'triage',
  priority: 2,
  principal: undefined,
  ...over,
})
const count = async (table: string): Promise<number> =>
  Number((await database.pool.query<{ n: string }>(`select count(*) as n from ${table}`)).rows[0]?.n)

beforeAll(async () => {
  database = await testDatabase({ max: 16 })
})
afterAll(() => database.drop())

test('an event is accepted with the id of its run, its payload sealed under a key of its own', async () => {
  const [accepted] = await inboxOf().accept([offer('a')])
  expect(accepted).toEqual({ run: expect.toSatisfy((run: string) => isId('run', run)) as unknown, isNew: true })
  const { rows } = await database.pool.query<{ body: Buffer; key_id: KeyId; wrapped: Buffer; row: string }>(
    `select p.body, p.key_id, k.wrapped, i::text || k::text as row from inbox i join payload p on p.id = i.payload join subject_key k on k.id = p.key_id where i.id = 'a'`,
  )
  const [row] = rows
  if (!row) throw new Error('a row')
  expect(row.row + row.body.toString('latin1')).not.toContain('4111')
  expect(unseal(keys.unwrap(mainTenant, row.key_id, row.wrapped), row.body)).toEqual(offer('a').event)
})

test('who sends it again gets the first answer, whatever is in it now', async () => {
  const [first] = await inboxOf().accept([offer('again')])
  const [second] = await inboxOf().accept([offer('again', { text: 'other' })])
  expect(second).toEqual({ run: first?.run, isNew: false })
})

test('an event that stands twice in a batch is one, and both are answered', async () => {
  const answers = await inboxOf().accept([offer('twice'), offer('between'), offer('twice'), offer('a')])
  expect(answers.map((one) => one.isNew).filter(Boolean)).toHaveLength(2)
  expect(answers[0]?.run).toBe(answers[2]?.run)
  expect(answers[1]?.run).not.toBe(answers[0]?.run)
  expect(answers[3]?.isNew).toBe(false)
})

test('batches at once, in any order, agree on every run, and none waits for ever', async () => {
  const ids = Array.from({ length: 60 }, (_, n) => `race-${n}`)
  const batches = Array.from({ length: 8 }, (_, n) => (n % 2 ? ids : ids.toReversed()))
  const answers = await Promise.all(batches.map((batch) => inboxOf().accept(batch.map((id) => offer(id)))))
  const runs = new Map<string, Set<string>>()
  for (const [n, batch] of batches.entries())
    for (const [i, id] of batch.entries()) runs.set(id, (runs.get(id) ?? new Set()).add(answers[n]?.[i]?.run ?? ''))
  expect([...runs.values()].map((set) => set.size)).toEqual(ids.map(() => 1))
  expect(answers.flat().filter((one) => one.isNew)).toHaveLength(ids.length)
})

test('one id at two sources, and in two tenants, is two events', async () => {
  const there = offer('a')
  const answers = [
    ...(await inboxOf().accept([
      offer('shared'),
      { ...there, event: { ...there.event, id: 'shared', source: 'urn:other' } },
    ])),
    ...(await inboxOf('other' as TenantId).accept([offer('shared')])),
  ]
  expect(new Set(answers.map((one) => one.run)).size).toBe(3)
})

test.each([
  ['a number that is none', offer('bad', { a: Number.NaN })],
  ['half a character', offer('bad', '\ud800')],
  ['NUL in its id', offer('bad\u0000')],
  ['half a character in its id', offer('bad\ud800')],
  ['a priority that is none', offer('bad', {}, { priority: 7 })],
])('an event with %s is refused with its place, and nothing of its batch is taken', async (_, bad) => {
  const before = [await count('inbox'), await count('payload'), await count('subject_key')]
  await expect(inboxOf().accept([offer('good'), bad])).rejects.toSatisfy(
    (e) => isMillraceError(e, 'intake/unkept-event') && e.message.includes('Event 2'),
  )
  expect([await count('inbox'), await count('payload'), await count('subject_key')]).toEqual(before)
})

const heldRuns = async (): Promise<readonly string[]> =>
  (await database.pool.query<{ run: string }>('select run from run_hold')).rows.map((row) => row.run)

test('hold is of new events alone: one that is known keeps its run as it was, whatever it is offered with again', async () => {
  const inbox = inboxOf()
  const [held, free] = await inbox.accept([offer('to-hold', {}, { hold: true }), offer('not-to-hold')])
  expect(await heldRuns()).toEqual([held?.run])
  const again = [offer('to-hold', {}, { hold: false }), offer('not-to-hold', {}, { hold: true })]
  expect(await inbox.accept(again)).toEqual([held, free].map((one) => ({ ...one, isNew: false })))
  expect(await heldRuns()).toEqual([held?.run])
})

test('of an event that is refused, no hold stays', async () => {
  const before = await heldRuns()
  const bad = offer('bad\u0000', {}, { hold: true })
  await expect(inboxOf().accept([offer('good', {}, { hold: true }), bad])).rejects.toThrow('Event 2')
  expect(await heldRuns()).toEqual(before)
})

test('nobody is told before the commit: an accept that is held up answers only then, and one that fails leaves nothing', async () => {
  const holder = await database.ownerPool.connect()
  try {
    await holder.query('begin; lock table payload in exclusive mode')
    let told: unknown
    const accepted = inboxOf()
      .accept([offer('held')])
      .then(
        (answer) => (told = answer),
        (error: unknown) => (told = error),
      )
    const blocked = `select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database() and query like '%insert into inbox%'`
    let pid: number | undefined
    // Outside the holder's transaction, which would see one snapshot of the activity for ever.
    while (pid === undefined) pid = (await database.ownerPool.query<{ pid: number }>(blocked)).rows[0]?.pid
    expect(told).toBeUndefined()
    await holder.query('select pg_terminate_backend($1)', [pid])
    await accepted
    expect(told).toBeInstanceOf(Error)
    await holder.query('commit')
    expect((await database.pool.query(`select from inbox where id = 'held'`)).rows).toHaveLength(0)
  } finally {
    holder.release()
  }
})
