import { createSecretKey, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { mainTenant, mintId, type RunId, type WriterId } from '../../core/ids.ts'
import { leafHash } from '../../core/lineage.ts'
import { systemRandom } from '../../core/random.ts'
import type { Pool } from '../../store/pool.ts'
import { testDatabase, type TestDatabase } from '../../store/testing.ts'
import { PostgresLog } from './log-postgres.ts'
import type { Factor, NewRow } from './ports.ts'
import { endRow } from './segment.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

const key = createSecretKey(randomBytes(32))
const keyId = mintId('key', systemClock.today(), systemRandom)
const keys = { unwrap: () => key, get: () => Promise.resolve(key) }
const alive = (): boolean => false
const mint = <P extends 'run' | 'wri' | 'pro'>(prefix: P) => mintId(prefix, systemClock.today(), systemRandom)

const logOver = (pool: Pool = database.pool): PostgresLog =>
  new PostgresLog({ pool, loadPool: database.pool, keys, random: systemRandom, clock: systemClock })

async function started(
  log: PostgresLog,
  parent?: { run: RunId; key: string },
): Promise<{ run: RunId; writer: WriterId }> {
  const [run, writer] = [mint('run'), mint('wri')]
  await log.insert({
    tenant: mainTenant,
    run,
    pipeline: 'p',
    digest: 'd',
    input: null,
    key: keyId,
    ...(parent && { parent }),
  })
  await log.load(run, { process: mint('pro'), writer })
  return { run, writer }
}

const row = (of: { run: RunId; writer: WriterId }, seq: number, parts: Partial<NewRow> = {}): NewRow => ({
  ...of,
  seq,
  key: `s${seq}#0`,
  kind: 'step',
  phase: 'end',
  outcome: 'done',
  at: systemClock.today(),
  settlement: { ok: seq },
  ...parts,
})

/** Answers as Postgres does, but for the first statement of a kind, which `first` stands in for. */
function poolWhere(name: string, first: (work: () => Promise<unknown>) => Promise<unknown>): Pool {
  let isFirst = true
  return new Proxy(database.pool, {
    get(target, property) {
      if (property !== 'query') return Reflect.get(target, property) as unknown
      return (config: { name?: string }) => {
        const work = (): Promise<unknown> => target.query(config as never)
        if (!isFirst || !config.name?.startsWith(name)) return work()
        isFirst = false
        return first(work)
      }
    },
  })
}

test('the position is the fence: taken, and over a hole, nothing is written (E16)', async () => {
  const log = logOver()
  const one = await started(log)
  const other = { run: one.run, writer: mint('wri') }
  await log.load(one.run, { process: mint('pro'), writer: other.writer })
  expect(await log.append(row(one, 0), alive)).toMatchObject({ at: expect.any(Number) as number })
  expect(await log.append(row(other, 0), alive)).toBe('taken')
  expect(await log.append(row(one, 2), alive)).toBe('taken')
  expect(await log.append(row(one, 1), () => true)).toBe('taken') // a dead attempt writes nothing more
  log.release(one.writer)
  expect(await log.append(row(one, 1), alive)).toBe('taken')
})

test('a batch that came through and timed out counts as written; one that did not is written (E8, E16)', async () => {
  for (const first of [
    (work: () => Promise<unknown>) => work().then(() => Promise.reject(new Error('Query read timeout'))),
    () => Promise.reject(new Error('Query read timeout')),
  ]) {
    const log = logOver(poolWhere('append', first))
    const [a, b] = [await started(log), await started(log)]
    const got = await Promise.all([
      log.append(row(a, 0), alive),
      log.append(row(a, 1), alive),
      log.append(row(b, 0), alive),
    ])
    expect(got.map((one) => typeof one)).toEqual(['object', 'object', 'object'])
    expect((await log.load(a.run, { process: mint('pro'), writer: mint('wri') }))?.rows).toHaveLength(2)
  }
})

test('a bad row fails its own run only, and the others’ rows of the batch are written (E16)', async () => {
  const log = logOver()
  const [good, bad, also] = [await started(log), await started(log), await started(log)]
  const got = await Promise.allSettled([
    log.append(row(good, 0), alive),
    log.append(row(bad, 0, { key: 'nul\0#0' }), alive),
    log.append(row(also, 0), alive),
  ])
  expect(got.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test('a row and its pending leaf commit together, and the hash is that of the stored bytes (L3, L9)', async () => {
  const log = logOver()
  const one = await started(log)
  await log.append(row(one, 0), alive)
  const { rows } = await database.pool.query<{ leaf: Buffer; leaf_hash: Buffer; pending: Buffer }>(
    'select l.leaf, l.leaf_hash, p.leaf_hash as pending from run_log l join ledger_pending p using (t, run, seq) where l.run = $1',
    [one.run],
  )
  expect(rows).toHaveLength(1)
  expect(rows[0]?.leaf_hash.equals(leafHash(rows[0].leaf))).toBe(true)
  expect(rows[0]?.pending.equals(rows[0].leaf_hash)).toBe(true)
})

test('a large result goes by reference, and comes back (E8)', async () => {
  const log = logOver()
  const one = await started(log)
  const large = 'x'.repeat(200_000)
  await log.append(row(one, 0, { settlement: { ok: large } }), alive)
  const { rows } = await database.pool.query(
    'select 1 from run_log where run = $1 and body is null and payload is not null',
    [one.run],
  )
  expect(rows).toHaveLength(1)
  expect((await log.load(one.run, { process: mint('pro'), writer: mint('wri') }))?.rows[0]?.settlement).toEqual({
    ok: large,
  })
})

const factor = (kind: Factor['kind'], name: string): Factor => ({ kind, digest: name.repeat(64).slice(0, 64), name })

test('a token is not used with other arguments (E2); an attempt that failed is no intent that is left open', async () => {
  const log = logOver()
  const intent = (argumentsDigest: string, token: string): Partial<NewRow> => ({
    key: 'pay#0',
    kind: 'act',
    phase: 'intent',
    outcome: 'pending',
    effect: { actionDigest: 'a', token, argumentsDigest },
    evidence: { factors: [factor('action', 'f')] },
  })
  const [one, retry, other] = [await started(log), await started(log), await started(log)]
  await log.append(row(one, 0, intent('a', 'token')), alive)
  await log.append(row(one, 1, { key: 'pay#0', kind: 'act', phase: 'try1', outcome: 'failed' }), alive)
  await log.append(row(one, 2, intent('a', 'token')), alive)
  await log.append(row(one, 3, { key: 'pay#0', kind: 'act' }), alive)
  const { rows } = await database.pool.query<{ state: string }>(
    'select state from effect where run = $1 order by seq',
    [one.run],
  )
  expect(rows.map((effect) => effect.state)).toEqual(['failed', 'done'])
  expect(await log.append(row(retry, 0, intent('a', 'token')), alive)).toMatchObject({
    at: expect.any(Number) as number,
  })
  await expect(log.append(row(other, 0, intent('b', 'token')), alive)).rejects.toMatchObject({
    code: 'run/token-reused',
  })
})

test('what has landed marks every version that the run has used', async () => {
  const log = logOver()
  const one = await started(log)
  await log.append(row(one, 0, { evidence: { factors: [factor('model', 'm'), factor('policy', 'p')] } }), alive)
  const links = async (): Promise<boolean[]> => {
    const { rows } = await database.pool.query<{ has_effect: boolean }>(
      'select has_effect from run_factor where run = $1',
      [one.run],
    )
    return rows.map((link) => link.has_effect)
  }
  expect(await links()).toEqual([false, false])
  await log.append(
    row(one, 1, {
      key: 'pay#0',
      kind: 'act',
      phase: 'intent',
      effect: { actionDigest: 'a', token: one.run, argumentsDigest: 'a' },
    }),
    alive,
  )
  await log.append(row(one, 2, { key: 'pay#0', kind: 'act' }), alive)
  expect(await links()).toEqual([true, true])
})

test('of many children that end, the first tells the parent, until it is loaded again (E4, E19)', async () => {
  const log = logOver()
  const parent = await started(log)
  const end = async (): Promise<boolean | undefined> => {
    const child = await started(log, { run: parent.run, key: 'call#0' })
    const got = await log.append(
      { ...endRow({ settlement: { ok: 1 }, state: 'succeeded', seq: 0 }), ...child, seq: 0, at: 1e12 },
      alive,
    )
    return got === 'taken' ? undefined : (got.ringsParent ?? false)
  }
  expect(await Promise.all([end(), end(), end()])).toHaveLength(3)
  expect(await end()).toBe(false)
  const loaded = await log.load(parent.run, { process: mint('pro'), writer: mint('wri') })
  expect(loaded?.bell).toBe(4)
  expect(await end()).toBe(true)
})

test('a bell that rises before the run parks is not slept through (E22)', async () => {
  const log = logOver()
  const { run } = await started(log)
  await log.ring(run)
  expect(await log.park(run, { after: undefined, bell: 0 })).toBe(true)
  expect(await log.overdue(10)).toContain(run) // also should this process die before it sends the wake
  expect(await log.park(run, { after: undefined, bell: 1 })).toBe(false)
})

test('a paused run is not swept, whatever rings it; resumed, it is (E22)', async () => {
  const log = logOver()
  const { run } = await started(log)
  const overdue = async (): Promise<boolean> => {
    await database.ownerPool.query(
      `update wake set heard_by = clock_timestamp() where run = $1 and heard_by < 'infinity'`,
      [run],
    )
    return (await log.overdue(100)).includes(run)
  }
  expect(await overdue()).toBe(true)
  await log.flag(run, 'pause', { code: 'run/diverged', message: 'because' })
  await log.ring(run)
  await log.load(run, { process: mint('pro'), writer: mint('wri') })
  expect(await overdue()).toBe(false)
  await log.flag(run, 'resume')
  expect(await overdue()).toBe(true)
})
