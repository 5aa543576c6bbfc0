import { createSecretKey, type KeyObject } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { type KeyId, mainTenant, mintId, monthOf, type RunId, type TenantId } from '../../core/ids.ts'
import type { Json } from '../../core/json.ts'
import { systemRandom } from '../../core/random.ts'
import { seal } from '../../core/seal.ts'
import { type TestDatabase, testDatabase } from '../../store/testing.ts'
import type { RunState } from '../engine/ports.ts'
import { type ListedRun, pageQuery, RunReader, type RunStatus } from './run-reader.ts'

let database: TestDatabase
let reader: RunReader
beforeAll(async () => {
  database = await testDatabase()
  reader = new RunReader({ pool: database.pool, keys: { unwrap } })
})
afterAll(() => database.drop())

/** Keys lie unwrapped here: how they are wrapped is the vault's. */
function unwrap(_tenant: TenantId, key: KeyId, wrapped: Uint8Array | null): KeyObject {
  if (wrapped?.length !== 32) throw new MillraceError('governance/no-such-key', { key })
  return createSecretKey(wrapped)
}

const begun = Date.UTC(2026, 9, 1)
let clock = begun
interface Given {
  readonly tenant?: string
  readonly pipeline?: string
  readonly state?: RunState
  readonly isParked?: boolean
  readonly rows?: readonly Json[]
}
async function insert({
  tenant = 'main',
  pipeline = 'desk',
  state = 'open',
  isParked = false,
  rows = [],
}: Given = {}): Promise<RunId> {
  const run = mintId('run', (clock += 1000), systemRandom)
  const key = mintId('key', clock, systemRandom)
  const secret = systemRandom.bytes(32)
  const sealed = (value: Json) => seal(createSecretKey(secret), value, systemRandom).body
  const { pool } = database
  await pool.query('insert into subject_key (t, id, wrapped) values ($1, $2, $3)', [tenant, key, secret])
  await pool.query(
    `insert into run (t, id, root, pipeline, digest, state, key_id, input, started, ended) values ($1, $2, $2, $3, 'd', $4, $5, $6, to_timestamp($7),
      case when $4 in ('open', 'paused') then null else to_timestamp($7) + interval '3 s' end)`,
    [tenant, run, pipeline, state, key, sealed({ text: 'hello' }), clock / 1000],
  )
  if (state === 'open' || state === 'paused')
    await pool.query('insert into wake (t, run, is_parked) values ($1, $2, $3)', [tenant, run, isParked])
  for (const [seq, body] of rows.entries())
    await pool.query(
      `insert into run_log (t, month, run, seq, key, kind, phase, outcome, writer, at, body, leaf, leaf_hash)
        values ($1, $2, $3, $4, $5, 'step', 'end', 'done', 'w', now(), $6, '', '')`,
      [tenant, monthOf(run), run, seq, `step:s#${seq}`, sealed(body)],
    )
  return run
}
const listed = async (filter: Partial<Parameters<RunReader['list']>[1]>): Promise<readonly ListedRun[]> =>
  reader.list(mainTenant, { limit: 200, ...filter })

describe('lists', () => {
  const states: readonly (readonly [RunStatus, Given])[] = [
    ['running', { state: 'open' }],
    ['waiting', { state: 'open', isParked: true }],
    ['paused', { state: 'paused', isParked: true }],
    ['succeeded', { state: 'succeeded' }],
    ['failed', { state: 'failed' }],
    ['cancelled', { state: 'cancelled' }],
    ['killed', { state: 'killed' }],
  ]
  let runs: RunId[]
  beforeAll(async () => {
    runs = []
    for (let n = 0; n < 3; n++)
      for (const [, given] of states) runs.push(await insert({ ...given, pipeline: n === 1 ? 'other' : 'desk' }))
    await insert({ tenant: 'elsewhere' })
  })

  test('the newest first, of the own tenant alone', async () => {
    expect((await listed({})).map((run) => run.run)).toEqual(runs.toReversed())
  })

  test.each(states)('those that are %s, and no others', async (status) => {
    const found = await listed({ status })
    expect(found.map((run) => run.status)).toEqual([status, status, status])
    expect(await listed({ status, pipeline: 'other' })).toEqual([found[1]])
  })

  test('those that are held: not released, and not ended', async () => {
    const given = [
      ['open', false],
      ['paused', false],
      ['succeeded', false],
      ['open', true],
    ] as const
    const held: RunId[] = []
    for (const [state, isReleased] of given) {
      const run = await insert({ state, pipeline: 'held' })
      held.push(run)
      const values = [run, isReleased ? 'per_0' : null]
      const sql = `insert into run_hold (t, run, released, released_by) values ('main', $1, case when $2::text is null then null else now() end, $2)`
      await database.pool.query(sql, values)
    }
    const found = await listed({ held: true })
    expect(found.map((run) => run.run)).toEqual([held[1], held[0]])
    expect((await listed({ pipeline: 'held' })).map((run) => run.isHeld)).toEqual([false, false, true, true])
    expect((await listed({ held: true, after: held[1], pipeline: 'held' })).map((run) => run.run)).toEqual([held[0]])
    expect((await reader.read(mainTenant, held)).map((run) => [run.run, run.isHeld])).toEqual(
      held.map((run, n) => [run, n < 2]),
    )
    for (const run of held) await database.ownerPool.query('delete from run where id = $1', [run])
  })

  test('pages of every size hold each run once, whatever arrives meanwhile', async () => {
    for (const limit of [1, 2, 5, 21]) {
      const expected = (await listed({ status: 'failed' })).map((run) => run.run)
      const seen: RunId[] = []
      for (let after: RunId | undefined; ; after = seen.at(-1)) {
        const page = await listed({ limit, after, status: 'failed' })
        seen.push(...page.map((run) => run.run))
        if (page.length < limit) break
        await insert({ state: 'failed' })
      }
      expect(seen).toEqual(expected)
    }
  })

  test('times are whole: began and ended', async () => {
    const [run] = await listed({ status: 'succeeded', limit: 1 })
    expect((run?.ended ?? 0) - (run?.started ?? 0)).toBe(3000)
  })
})

describe('with very many runs, each list is read from an index, in its order', () => {
  beforeAll(async () => {
    await database.ownerPool.query(`
      insert into run (t, id, root, pipeline, digest, state, ended)
      select 'main', 'run_' || lpad(to_hex(n), 32, '0'), 'r', case when n % 50 = 0 then 'rare' else 'usual' end, 'd',
        case when n % 100 = 1 then 'failed' when n % 100 = 2 then 'open' else 'succeeded' end,
        case when n % 100 = 2 then null else now() end
      from generate_series(1, 40000) n`)
    await database.ownerPool.query(`
      insert into run_hold (t, run, released, released_by)
      select 'main', 'run_' || lpad(to_hex(n), 32, '0'), case when n % 100 = 2 then null else now() end, case when n % 100 = 2 then null else 'per_0' end
      from generate_series(1, 40000, 3) n`)
    await database.ownerPool.query('analyze run')
    await database.ownerPool.query('analyze run_hold')
  })

  test.each([
    [{}, 'run_pkey'],
    [{ pipeline: 'rare' }, 'run_pipeline'],
    [{ status: 'failed' }, 'run_state'],
    [{ status: 'failed', pipeline: 'usual' }, 'run_pipeline_state'],
    [{ status: 'waiting' }, 'run_state'],
    [{ held: true }, 'run_hold_standing'],
  ] as const)('%o uses %s', async (filter, index) => {
    for (const after of [undefined, `run_${'0'.repeat(28)}7000` as RunId]) {
      const { text, values } = pageQuery(mainTenant, { ...filter, after, limit: 50 })
      const { rows } = await database.pool.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values)
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(plan).toMatch(/Index (Only )?Scan Backward using run_/)
      expect(plan).not.toMatch(/Sort|Seq Scan on run/)
      if (index !== 'run_pkey' && !('pipeline' in filter && 'status' in filter))
        expect(plan).toContain(`using ${index}`)
    }
  })
})

describe('whole runs', () => {
  test('unknown ids, ids of another tenant and no ids are left out', async () => {
    const [own, foreign] = [await insert(), await insert({ tenant: 'elsewhere' })]
    const nothing = [mintId('run', clock, systemRandom), foreign, 'run_1' as RunId]
    expect((await reader.read(mainTenant, [...nothing, own])).map((run) => run.run)).toEqual([own])
    expect(await reader.read(mainTenant, nothing)).toEqual([])
    expect(await reader.read(mainTenant, [])).toEqual([])
  })

  test('an erased run is shown as erased, without a word of its content, beside one that is whole', async () => {
    const [erased, whole] = [
      await insert({ rows: [{ s: { ok: 'secret' } }] }),
      await insert({ rows: [{ s: { ok: 'kept' } }] }),
    ]
    await database.pool.query(
      'update subject_key set wrapped = null, destroyed = now() where id = (select key_id from run where id = $1)',
      [erased],
    )
    const views = new Map((await reader.read(mainTenant, [erased, whole])).map((view) => [view.run, view]))
    expect(views.get(erased)).toMatchObject({ steps: [], input: undefined, result: undefined })
    expect(views.get(erased)?.because).toMatch(/^Erased/)
    expect(JSON.stringify(views.get(erased))).not.toContain('secret')
    expect(views.get(whole)?.steps).toMatchObject([{ result: 'kept' }])
    expect((await listed({})).map((run) => run.run)).toContain(erased)
  })

  test.each([
    ['a row', 'update run_log set body = set_byte(body, 30, get_byte(body, 30) # 1) where run = $1 and seq = 1'],
    ['the input', 'update run set input = set_byte(input, 30, get_byte(input, 30) # 1) where id = $1'],
    ['the key', `update subject_key set wrapped = 'x' where id = (select key_id from run where id = $1)`],
  ])('a run of which %s was altered says so, and stops no other', async (_what, sql) => {
    const [damaged, whole] = [await insert({ rows: [{}, {}, {}] }), await insert()]
    await database.ownerPool.query(sql, [damaged])
    const views = new Map((await reader.read(mainTenant, [damaged, whole])).map((view) => [view.run, view]))
    expect(views.get(damaged)?.because).toMatch(/^Cannot be read/)
    expect(views.get(whole)).toMatchObject({ input: { text: 'hello' }, status: 'running' })
  })
})
