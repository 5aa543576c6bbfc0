import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { mainTenant, mintId, type PersonId, type RunId, type TenantId } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import type { Connection } from '../../store/pool.ts'
import { type TestDatabase, testDatabase } from '../../store/testing.ts'
import { RunHolds } from './run-holds.ts'

let database: TestDatabase
let holds: RunHolds
/** What was woken, and what was recorded, by committed transactions alone. */
let woken: RunId[]
let isAuditBroken: boolean
const audit = {
  async append(connection: Connection, entries: readonly { tenant: TenantId; actor: PersonId; object: RunId }[]) {
    if (isAuditBroken) throw new Error('the audit log is full')
    for (const { tenant, actor, object } of entries)
      await connection.query(`insert into person (t, id, name) values ($1, $2, $3)`, [
        tenant,
        `${actor}${object}`,
        object,
      ])
  },
}
const recorded = async (): Promise<readonly string[]> =>
  (await database.pool.query<{ name: string }>('select name from person order by name')).rows.map((row) => row.name)

beforeAll(async () => {
  database = await testDatabase()
  holds = new RunHolds({ pool: database.pool, audit, wake: async (run) => void woken.push(run) })
})
beforeEach(async () => {
  woken = []
  isAuditBroken = false
  for (const table of ['person', 'run_hold', 'run', 'wake', 'inbox'])
    await database.ownerPool.query(`delete from ${table}`)
})
afterAll(() => database.drop())

const person = mintId('per', 0, systemRandom)
const newRun = (): RunId => mintId('run', systemClock.today(), systemRandom)
const hold = async (run: RunId, tenant = mainTenant): Promise<RunId> => {
  await database.pool.query('insert into run_hold (t, run) values ($1, $2)', [tenant, run])
  return run
}
const start = async (
  run: RunId,
  { parent, hasEnded = false }: { parent?: RunId; hasEnded?: boolean } = {},
): Promise<RunId> => {
  await database.pool.query(
    `insert into run (t, id, root, parent, pipeline, digest, state, ended)
      values ('main', $1, $1, $2, 'desk', 'd', $3, case when $3 = 'open' then null else now() end)`,
    [run, parent ?? null, hasEnded ? 'succeeded' : 'open'],
  )
  if (!hasEnded) await database.pool.query(`insert into wake (t, run, is_parked) values ('main', $1, true)`, [run])
  return run
}
const bellOf = async (run: RunId): Promise<number | undefined> =>
  (await database.pool.query<{ bell: number }>('select bell from run where id = $1', [run])).rows[0]?.bell
const release = (run: string) => holds.release({ tenant: mainTenant, run, actor: person })
const standing = async (run: RunId): Promise<boolean> => {
  const found = await holds.find({ tenant: mainTenant, run })
  return found !== undefined && found.releasedBy === undefined
}

test('a release is recorded with who ordered it, and rings the run; a second one changes nothing', async () => {
  const run = await start(await hold(newRun()))
  expect(await holds.find({ tenant: mainTenant, run })).toEqual({ run, releasedBy: undefined })
  expect(await release(run)).toEqual({ run, wasHeld: true, hasEnded: false })
  expect(await holds.find({ tenant: mainTenant, run })).toEqual({ run, releasedBy: person })
  expect(await release(run)).toEqual({ run, wasHeld: false, hasEnded: false })
  expect([await bellOf(run), woken, await recorded()]).toEqual([1, [run], [run]])
})

test('of releases at once one is the release, and one is recorded', async () => {
  const run = await start(await hold(newRun()))
  const answers = await Promise.all(Array.from({ length: 6 }, () => release(run)))
  expect(answers.filter((one) => one.wasHeld)).toHaveLength(1)
  expect([await bellOf(run), await recorded()]).toEqual([1, [run]])
})

test('what cannot be recorded is not released, and nothing is woken', async () => {
  const run = await start(await hold(newRun()))
  isAuditBroken = true
  await expect(release(run)).rejects.toThrow('full')
  expect([await standing(run), await bellOf(run), woken]).toEqual([true, 0, []])
})

test('a run that is not held is not released: known or not, each says what it is', async () => {
  const run = await start(newRun())
  await expect(release(run)).rejects.toMatchObject({ code: 'run/not-held' })
  const pending = newRun()
  await database.pool.query(
    `insert into inbox (t, source, id, run, pipeline, type, payload) values ('main', 's', 'i', $1, 'desk', 'x', 'p')`,
    [pending],
  )
  await expect(release(pending)).rejects.toMatchObject({ code: 'run/not-held' })
  for (const unknown of [newRun(), 'run_1', 'x'.repeat(500), await hold(newRun(), 'elsewhere' as TenantId)])
    await expect(release(unknown)).rejects.toMatchObject({ code: 'governance/no-such-run' })
  expect(await recorded()).toEqual([])
})

test('one that has not started yet will not be held; one that has ended is released without a bell', async () => {
  const early = await hold(newRun())
  expect(await release(early)).toEqual({ run: early, wasHeld: true, hasEnded: false })
  await start(early)
  expect(await standing(early)).toBe(false)
  const late = await start(await hold(newRun()), { hasEnded: true })
  expect(await release(late)).toEqual({ run: late, wasHeld: true, hasEnded: true })
  expect(woken).toEqual([])
})

test('what a held run calls is held with it, and woken with it', async () => {
  const run = await start(await hold(newRun()))
  const child = await start(newRun(), { parent: run })
  const grandchild = await start(newRun(), { parent: child })
  const beside = await start(newRun())
  for (const one of [run, child, grandchild])
    expect(await holds.find({ tenant: mainTenant, run: one })).toEqual({ run, releasedBy: undefined })
  expect(await holds.find({ tenant: mainTenant, run: beside })).toBeUndefined()
  await expect(release(child)).rejects.toMatchObject({ code: 'run/not-held' })
  await release(run)
  expect(woken).toEqual([grandchild, child, run])
  expect([await standing(grandchild), await bellOf(grandchild), await bellOf(beside)]).toEqual([false, 1, 0])
})

test('all are released in pages, the oldest first, and none of another tenant', async () => {
  const foreign = await hold(newRun(), 'elsewhere' as TenantId)
  const runs: RunId[] = []
  for (let n = 0; n < 5; n++) runs.push(await start(await hold(newRun())))
  const page = (limit: number) => holds.releaseAll({ tenant: mainTenant, actor: person, limit })
  const released = [...(await page(2)), ...(await page(2)), ...(await page(2))]
  expect(released).toEqual(runs.toSorted().map((run) => ({ run, wasHeld: true, hasEnded: false })))
  expect(await page(2)).toEqual([])
  expect(await holds.find({ tenant: 'elsewhere' as TenantId, run: foreign })).toBeUndefined() // it has not started
  const { rows } = await database.pool.query('select run from run_hold where released is null')
  expect(rows).toEqual([{ run: foreign }])
})
