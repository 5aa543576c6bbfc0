import { createSecretKey, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { mainTenant, mintId, type ProcessId, type RunId } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import { testDatabase, type TestDatabase } from '../../store/testing.ts'
import { PostgresLog } from './log-postgres.ts'
import type { NewRow } from './ports.ts'

// How a claim is counted (E7): by the statement that loads, from the tail of the log and the claimant's heartbeat.

let database: TestDatabase
let log: PostgresLog
beforeAll(async () => {
  database = await testDatabase()
  const key = createSecretKey(randomBytes(32))
  const keys = { unwrap: () => key, get: () => Promise.resolve(key) }
  log = new PostgresLog({
    pool: database.pool,
    loadPool: database.pool,
    keys,
    random: systemRandom,
    clock: systemClock,
  })
})
afterAll(() => database.drop())

const mint = <P extends 'run' | 'wri' | 'pro' | 'key'>(prefix: P) => mintId(prefix, systemClock.today(), systemRandom)

async function newRun(): Promise<RunId> {
  const run = mint('run')
  await log.insert({ tenant: mainTenant, run, pipeline: 'p', digest: 'd', input: null, key: mint('key') })
  return run
}

/** A process that beats. */
async function born(): Promise<ProcessId> {
  const process = mint('pro')
  await log.beat(process)
  return process
}

/** Its last beat was so long ago that it counts as dead. */
const die = (process: ProcessId) =>
  database.pool.query(`update process set beat = clock_timestamp() - interval '6 s' where id = $1`, [process])

async function claim(run: RunId, process: ProcessId, isAlone = false): Promise<number> {
  const loaded = await log.load(run, { process, writer: mint('wri'), isAlone })
  return loaded?.claims ?? 0
}

const claimant = async (run: RunId): Promise<string | null | undefined> =>
  (await database.pool.query<{ claimed_by: string | null }>('select claimed_by from wake where run = $1', [run]))
    .rows[0]?.claimed_by

/** Writes the next row of the run as a segment of `process` would. */
async function write(run: RunId, process: ProcessId, parts: Partial<NewRow> = {}): Promise<void> {
  const writer = mint('wri')
  const loaded = await log.load(run, { process, writer, isAlone: true })
  const seq = loaded?.rows.length ?? 0
  const row = { run, seq, writer, key: `s${seq}#0`, kind: 'step', phase: 'end', outcome: 'done', at: 1e12 } as const
  expect(await log.append({ ...row, settlement: { ok: 1 }, ...parts }, () => false)).not.toBe('taken')
}

/** The run is claimed by a process that dies, `deaths` times. */
async function deathsUnder(run: RunId, deaths: number): Promise<void> {
  for (let n = 0; n < deaths; n++) {
    const process = await born()
    await claim(run, process, true)
    await die(process)
  }
}

test('a claimant that died with no row since counts, one after the other; a suspect that is not alone is not claimed', async () => {
  const run = await newRun()
  const counts: number[] = []
  for (let n = 0; n < 3; n++) {
    const process = await born()
    counts.push(await claim(run, process))
    await die(process)
  }
  expect(counts).toEqual([0, 1, 2])
  expect(await claimant(run)).toBeNull() // it waits for its turn
  const waits = await born()
  await die(waits)
  expect(await claim(run, waits)).toBe(2) // whoever died while it waited
  const alone = await born()
  expect(await claim(run, alone, true)).toBe(2)
  expect(await claimant(run)).toBe(alone)
  await die(alone)
  expect(await claim(run, await born())).toBe(3)
  expect(await claim(run, await born(), true)).toBe(3)
  expect(await claimant(run)).toBeNull()
})

test('a row since the claim clears the count, and whoever parks begins with none', async () => {
  const run = await newRun()
  await deathsUnder(run, 2)
  const writes = await born()
  expect(await claim(run, writes, true)).toBe(2)
  await write(run, writes)
  await die(writes)
  expect(await claim(run, await born())).toBe(0)

  const parked = await newRun()
  await deathsUnder(parked, 2)
  const process = await born()
  await write(parked, process) // the load before it counts, the row comes after
  await log.park(parked, { after: undefined, bell: 0 })
  await die(process)
  expect(await claim(parked, await born())).toBe(0)
})

test('what was written before the run parked is no progress of the next claim', async () => {
  const run = await newRun()
  const first = await born()
  await write(run, first)
  await log.park(run, { after: undefined, bell: 0 })
  await deathsUnder(run, 1)
  expect(await claim(run, await born())).toBe(1)
})

test('an intent is no progress: a body that is tried again under a lookup writes one each time', async () => {
  const run = await newRun()
  const process = await born()
  await write(run, process)
  await log.park(run, { after: undefined, bell: 0 })
  for (const n of [1, 2]) {
    const next = await born()
    const effect = { actionDigest: 'a', token: run, argumentsDigest: 'a' }
    await write(run, next, { key: 'pay#0', kind: 'act', phase: 'intent', outcome: 'pending', effect })
    await die(next)
    expect(await claim(run, await born())).toBe(n)
    await database.pool.query('update wake set claimed_by = null where run = $1', [run])
  }
})

test('a process that ended in order, one that is not known, and oneself make nobody a suspect', async () => {
  const run = await newRun()
  const orderly = await born()
  await claim(run, orderly)
  await log.leave(orderly)
  const next = await born()
  expect(await claim(run, next)).toBe(0)
  expect(await claimant(run)).toBe(next) // else its own death would not count
  expect(await claim(run, next)).toBe(0)
  await die(next)
  expect(await claim(run, next)).toBe(0) // its own beat was late
  const unknown = mint('pro')
  await claim(run, unknown)
  expect(await claim(run, await born())).toBe(1) // of `next`
  await database.pool.query('update wake set claimed_by = $2 where run = $1', [run, unknown])
  expect(await claim(run, await born())).toBe(1)
})

test('a claimant that beat a moment ago keeps its claim, so that a restart that is quick hides no death', async () => {
  const run = await newRun()
  const dying = await born()
  await claim(run, dying)
  const quick = await born()
  expect(await claim(run, quick)).toBe(0)
  expect(await claimant(run)).toBe(dying)
  await die(dying)
  const second = await born()
  expect(await claim(run, second)).toBe(1)
  await die(second)
  // The same of a suspect that waits for its turn.
  const last = await born()
  expect(await claim(run, last, true)).toBe(2)
  expect(await claim(run, await born())).toBe(2)
  expect(await claimant(run)).toBe(last)
  await die(last)
  expect(await claim(run, await born())).toBe(3)
})

test('resumed by a person the count begins again; a cancel leaves it, since its code must not run', async () => {
  const run = await newRun()
  await deathsUnder(run, 3)
  expect(await claim(run, await born())).toBe(3)
  await log.flag(run, 'pause', { code: 'run/poison', message: 'because' })
  await log.flag(run, 'cancel')
  expect(await claim(run, await born())).toBe(3)
  await log.flag(run, 'pause')
  await log.flag(run, 'resume')
  expect(await claim(run, await born())).toBe(0)
})

test('given up by its process, a death tells nothing of the run; another’s claim stays', async () => {
  const run = await newRun()
  const [mine, other] = [await born(), await born()]
  await claim(run, mine)
  await log.unclaim(run, other)
  expect(await claimant(run)).toBe(mine)
  await log.unclaim(run, mine)
  await die(mine)
  expect(await claim(run, other)).toBe(0)
})

test('of many runs that are loaded at once each has its own count', async () => {
  const runs = await Promise.all([0, 1, 2].map(() => newRun()))
  for (const [n, run] of runs.entries()) await deathsUnder(run, n)
  const process = await born()
  expect(await Promise.all(runs.map((run) => claim(run, process)))).toEqual([0, 1, 2])
})
