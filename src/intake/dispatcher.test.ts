import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Clock, systemClock } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { mainTenant, mintId, type RunId, type SubjectId } from '../core/ids.ts'
import type { Json } from '../core/json.ts'
import { systemRandom } from '../core/random.ts'
import { testDatabase, type TestDatabase } from '../store/testing.ts'
import { Dispatcher, type DispatcherPorts, type StartedRun } from './dispatcher.ts'
import { Inbox } from './inbox.ts'
import { testKeys } from './testing-keys.ts'

let database: TestDatabase
let started: StartedRun[]
const running: Dispatcher[] = []
const keys = testKeys()
const base = { random: systemRandom, clock: systemClock }

beforeEach(async () => {
  database = await testDatabase()
  started = []
})
afterEach(async () => {
  for (const dispatcher of running.splice(0)) await dispatcher.stop()
  await database.drop()
})

/** As the engine does: the run is active from its start on. */
async function start(run: StartedRun): Promise<void> {
  await database.pool.query('insert into wake (t, run) values ($1, $2) on conflict do nothing', [run.tenant, run.run])
  started.push(run)
}

function dispatcherOf(
  ports: Partial<DispatcherPorts> = {},
  over: { mostActive?: number; clock?: Clock } = {},
): Dispatcher {
  return new Dispatcher({
    pool: database.pool,
    ...base,
    ...over,
    ports: {
      admit: async (_, __, data) => ({ input: data, subject: undefined, entity: undefined }),
      start,
      unwrap: (tenant, key, wrapped) => keys.unwrap(tenant, key, wrapped),
      subjects: async () => [],
      link: async () => {},
      ...ports,
    },
  })
}
function run(dispatcher: Dispatcher): Dispatcher {
  running.push(dispatcher)
  dispatcher.start()
  return dispatcher
}

async function offer(ids: readonly string[], priority = 2, data: Json = {}): Promise<RunId[]> {
  const inbox = new Inbox({ pool: database.pool, keys, ...base, tenant: mainTenant })
  const runs: RunId[] = []
  for (const id of ids) {
    const event = { specversion: '1.0', id, source: 'urn:test', type: 'message.received', data } as const
    for (const { run: one } of await inbox.accept([{ event, pipeline: 'triage', priority, principal: undefined }]))
      runs.push(one)
  }
  return runs
}

interface State extends Record<string, unknown> {
  id: string
  state: string
  attempts: number
  wait: number | null
}
const states = async (): Promise<State[]> =>
  (
    await database.pool.query<State>(
      'select id, state, attempts, extract(epoch from next_attempt - clock_timestamp())::float8 as wait from inbox order by id',
    )
  ).rows
const letters = async (): Promise<unknown[]> =>
  (await database.pool.query('select event, code, attempts from dead_letter order by event')).rows
/** The time until the next attempt is over. */
const due = () => database.pool.query(`update inbox set next_attempt = clock_timestamp() where state = 'pending'`)
async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 10))
}
const outage = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))

test('events start by priority, then by age, each under the run of its acceptance', async () => {
  const late = await offer(['d', 'c'], 3)
  const usual = await offer(['b', 'a'])
  const first = await offer(['z'], 0)
  const dispatcher = dispatcherOf({}, { mostActive: 1 })
  for (let n = 0; n < 5; n++) {
    await dispatcher.round()
    await database.pool.query('update wake set is_parked = true')
  }
  expect(started.map((one) => one.run)).toEqual([...first, ...usual, ...late])
  expect((await states()).map((one) => one.state)).toEqual(Array.from({ length: 5 }, () => 'started'))
})

test('no more are active than may be, and a run that is parked makes room', async () => {
  await offer(Array.from({ length: 10 }, (_, n) => `e${n}`))
  const dispatcher = dispatcherOf({}, { mostActive: 3 })
  expect([await dispatcher.round(), await dispatcher.round()]).toEqual([3, 0])
  await database.pool.query('update wake set is_parked = true where run = $1', [started[0]?.run])
  expect([await dispatcher.round(), await dispatcher.round()]).toEqual([1, 0])
  expect(started).toHaveLength(4)
})

test('an event that does not fit goes to the dead letters with the code of why, and delays nothing', async () => {
  await offer(['good'])
  await offer(['poison'], 0, { poison: true })
  await offer(['good-too'])
  const dispatcher = dispatcherOf({
    async admit(pipeline, _, data) {
      if (JSON.stringify(data).includes('poison'))
        throw new MillraceError('intake/bad-payload', { pipeline, problems: 'text: \u0000' })
      return { input: data, subject: undefined, entity: undefined }
    },
  })
  expect(await dispatcher.round()).toBe(3)
  expect(await letters()).toEqual([{ event: 'poison', code: 'intake/bad-payload', attempts: 1 }])
  expect((await states()).map((one) => one.state)).toEqual(['started', 'started', 'dead'])
  expect(await dispatcher.round()).toBe(0)
})

test.each([
  ['connection', outage],
  ['of class backoff', () => Promise.reject(new MillraceError('store/unreachable', { at: 'x', why: 'y' }))],
])('an outage (%s) loses nothing and buries nothing, however long it takes', async (_, fail) => {
  const [accepted] = await offer(['a'])
  const down = dispatcherOf({ start: fail })
  for (let n = 0; n < 30; n++) {
    await down.round()
    await due()
  }
  expect(await states()).toMatchObject([{ state: 'pending', attempts: 0 }])
  await dispatcherOf().round()
  expect(started).toMatchObject([{ run: accepted }])
  expect(await letters()).toEqual([])
})

test('a failure that nobody knows is tried again after a pause that doubles, and shown to a person in the end', async () => {
  await offer(['a'])
  const broken = dispatcherOf({ start: () => Promise.reject(new TypeError('secret of a customer')) })
  const waits: number[] = []
  for (let n = 0; n < 20; n++) {
    await broken.round()
    waits.push((await states())[0]?.wait ?? Number.NaN)
    await due()
  }
  for (const [n, wait] of waits.slice(0, 19).entries()) {
    expect(wait).toBeGreaterThan(Math.min(300, 2 ** n) - 1) // the clock went on meanwhile
    expect(wait).toBeLessThanOrEqual(Math.min(300, 2 ** n))
  }
  expect(await letters()).toEqual([{ event: 'a', code: 'intake/not-started', attempts: 20 }])
  const { rows } = await database.pool.query<{ message: string }>('select message from dead_letter')
  expect(rows[0]?.message).toMatch(/20 attempts.*TypeError/)
  expect(rows[0]?.message).not.toContain('secret')
})

test('an event that ends its process each time is put aside without another try', async () => {
  await offer(['a'])
  await database.pool.query('update inbox set attempts = 20')
  await dispatcherOf().round()
  expect(started).toEqual([])
  expect(await letters()).toMatchObject([{ code: 'intake/not-started' }])
})

test('the claim of a dispatcher that died is taken over, and the run is the same', async () => {
  const [accepted] = await offer(['a'])
  const dead = dispatcherOf({ start: () => new Promise(() => {}) })
  void dead.round()
  await until(async () => (await states())[0]?.attempts === 1)
  const next = dispatcherOf()
  expect(await next.round()).toBe(0)
  await due()
  expect(await next.round()).toBe(1)
  expect(started).toMatchObject([{ run: accepted }])
})

test('a start that hangs delays no other event', async () => {
  await offer(['hangs'])
  let release: () => void = () => {}
  const hanging = new Promise<void>((resolve) => (release = resolve))
  const [first] = await offer(['hangs'])
  run(dispatcherOf({ start: (one) => (one.run === first ? hanging : start(one)) })).nudge()
  await until(async () => (await states())[0]?.attempts === 1)
  await offer(['other'])
  await until(() => started.length === 1)
  release()
  await until(async () => (await states()).every((one) => one.state === 'started'))
})

test('Postgres drops every connection again and again: each event starts, under one run', async () => {
  const accepted = await offer(Array.from({ length: 40 }, (_, n) => `e${n}`))
  const dispatcher = run(dispatcherOf({}, { mostActive: 1000 }))
  const kill = () =>
    database.ownerPool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test' and datname = current_database() and pid <> pg_backend_pid()`,
    )
  for (let n = 0; n < 5; n++) {
    await kill()
    await new Promise((resolve) => setTimeout(resolve, 5)) // somewhere in the middle
  }
  await until(async () => {
    await database.ownerPool.query(`update inbox set next_attempt = clock_timestamp() where state = 'pending'`)
    dispatcher.nudge()
    const { rows } = await database.ownerPool.query(`select from inbox where state <> 'started'`)
    return rows.length === 0
  })
  expect(new Set(started.map((one) => one.run))).toEqual(new Set(accepted))
})

test.each([
  ['payload is gone', 'delete from payload', 'governance/no-such-payload'],
  [
    'payload was altered',
    'update payload set body = set_byte(body, 40, 255 - get_byte(body, 40))',
    'governance/payload-altered',
  ],
  ['key was destroyed', 'update subject_key set wrapped = null', 'governance/key-destroyed'],
  ['key is gone', 'delete from subject_key', 'governance/no-such-payload'],
])('an event whose %s is a dead letter at once', async (_, damage, code) => {
  await offer(['a'])
  await database.ownerPool.query(damage)
  await dispatcherOf().round()
  expect(await letters()).toMatchObject([{ event: 'a', code }])
})

test('the run gets the key of its person, and the event’s key becomes theirs', async () => {
  await offer(['a'])
  const subject = mintId('sub', systemClock.today(), systemRandom)
  const key = keys.mint(mainTenant).id
  const linked: { key: string; subject: SubjectId }[] = []
  await dispatcherOf({
    admit: async (_, __, data) => ({ input: data, subject: 'ann', entity: { type: 'customer', id: 'ann' } }),
    subjects: async () => [{ subject, key }],
    link: async (_, links) => void linked.push(...links),
  }).round()
  expect(started).toMatchObject([{ subject, key, entity: { id: 'ann' }, pipeline: 'triage', priority: 2 }])
  const { rows } = await database.pool.query<{ key_id: string }>('select key_id from payload')
  expect(linked).toEqual([{ key: rows[0]?.key_id, subject }])
})

test('a nudge that comes in the middle of a round is not lost', async () => {
  const slow: Clock = { ...systemClock, after: (ms, then) => systemClock.after(ms * 1000, then) } // polling alone would take 250 s
  let offered = false
  const dispatcher: Dispatcher = dispatcherOf(
    {
      async start(one) {
        await start(one)
        if (offered) return
        offered = true
        await offer(['second'])
        dispatcher.nudge()
      },
    },
    { clock: slow },
  )
  await offer(['first'])
  run(dispatcher)
  await until(() => started.length === 2)
})
