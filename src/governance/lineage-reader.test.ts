import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mainTenant, mintId, type RunId } from '../core/ids.ts'
import { systemRandom } from '../core/random.ts'
import { testServer, type TestServer } from '../server/testing.ts'

let server: TestServer
beforeAll(async () => void (server = await testServer()))
afterAll(() => server.stop())

/** Whoever owns the database may do what the application may not (L10): each of these changes is one that the records must show. */
const tamper = async (sql: string, run: RunId): Promise<void> => {
  const { rowCount } = await server.database.ownerPool.query(sql, [run])
  expect(rowCount).toBeGreaterThan(0)
}
const lineageOf = async (run: RunId) => {
  const found = await server.planes.lineage.read(mainTenant, run)
  if (!found) throw new Error('the run is not known')
  return found
}
/** Every problem with the position of its record; those of the whole without one. */
const problemsOf = async (run: RunId): Promise<string[]> => {
  const { records, problems } = await lineageOf(run)
  return [...problems, ...records.flatMap(({ seq, problems }) => problems.map((problem) => `${seq}: ${problem}`))]
}
const endedRun = async (): Promise<RunId> => (await server.mail('a question')).run

test('a run that nobody touched has no problems, and every content was checked', async () => {
  for (const text of ['a question', 'refund please', 'explode', 'forbidden', 'ask me']) {
    const { run } = await server.mail(text)
    expect(await problemsOf(run)).toEqual([])
    const { records } = await lineageOf(run)
    expect(records.length).toBeGreaterThan(0)
    expect(records.every((record) => record.isContentChecked)).toBe(true)
    expect(records.map((record) => record.seq)).toEqual(records.map((_, n) => n))
  }
})

test('a record names what took part in it', async () => {
  const { records } = await lineageOf(await endedRun())
  const classified = records.find((record) => record.kind === 'classify')
  expect(classified?.factors.map((factor) => `${factor.kind} ${factor.name}`)).toEqual(
    expect.arrayContaining([
      'classifier topics',
      expect.stringContaining('policy'),
      expect.stringContaining('scripted'),
    ]),
  )
})

test('an unknown run is undefined, a run without rows is not', async () => {
  const unknown = mintId('run', Date.now(), systemRandom)
  expect(await server.planes.lineage.read(mainTenant, unknown)).toBeUndefined()
  await server.database.pool.query(
    `insert into run (t, id, root, pipeline, digest, state) values ('main', $1, $1, 'desk', 'd', 'paused')`,
    [unknown],
  )
  expect(await server.planes.lineage.read(mainTenant, unknown)).toEqual({ records: [], problems: [] })
})

describe('what was changed is named', () => {
  const first = `where run = $1 and seq = 0`
  const flipped = `set_byte(leaf, length(leaf) - 3, 120)`
  test.each([
    ['a step’s key', `update run_log set key = 'classify:other#0' ${first}`, ['0: the step’s key was changed']],
    ['a kind', `update run_log set kind = 'decide' ${first}`, ['0: kind, phase or outcome was changed']],
    ['a phase', `update run_log set phase = 'open' ${first}`, ['0: kind, phase or outcome was changed']],
    ['an outcome', `update run_log set outcome = 'failed' ${first}`, ['0: kind, phase or outcome was changed']],
    ['a writer', `update run_log set writer = 'wri_0' ${first}`, ['0: time or writer was changed']],
    ['a time', `update run_log set at = at + interval '1 ms' ${first}`, ['0: time or writer was changed']],
    ['a confidence', `update run_log set confidence = 0.99 ${first}`, ['0: the confidence was changed']],
    [
      'a confidence that is taken away',
      `update run_log set confidence = null ${first}`,
      ['0: the confidence was changed'],
    ],
    [
      'a confidence where there was none',
      `update run_log set confidence = 0 where run = $1 and key = '$end'`,
      ['5: the confidence was changed'],
    ],
    ['a cost', `update run_log set cost = 0 ${first}`, ['0: the cost was changed']],
    ['a duration', `update run_log set ms = coalesce(ms, 0) + 1 ${first}`, ['0: the duration was changed']],
    [
      'content',
      `update run_log set body = set_byte(body, 40, get_byte(body, 40) # 1) ${first}`,
      ['0: the content is not what was committed to'],
    ],
    [
      'content of another record',
      `update run_log a set body = b.body from run_log b where a.run = $1 and a.seq = 0 and b.run = $1 and b.seq = 1`,
      ['0: the content is not what was committed to', '0: the step’s key was changed'],
    ],
    ['content that is taken away', `update run_log set body = null ${first}`, ['0: the content is missing']],
    ['the record itself', `update run_log set leaf = ${flipped} ${first}`, ['0: the hash is not that of the record']],
    [
      'its version',
      `update run_log set leaf = set_byte(leaf, 0, 2), leaf_hash = sha256('\\x00'::bytea || set_byte(leaf, 0, 2)) ${first}`,
      ['0: the hash is not the one that waits for the ledger', '0: the record has an unknown version'],
    ],
    [
      'the record and its hash',
      `update run_log set leaf = ${flipped}, leaf_hash = sha256('\\x00'::bytea || ${flipped}) ${first}`,
      ['0: the hash is not the one that waits for the ledger'],
    ],
    [
      'its hash',
      `update run_log set leaf_hash = sha256('x') ${first}`,
      ['0: the hash is not that of the record', '0: the hash is not the one that waits for the ledger'],
    ],
  ])('%s', async (_what, sql, expected) => {
    const run = await endedRun()
    await tamper(sql, run)
    const found = await problemsOf(run)
    expect(found).toEqual(expect.arrayContaining(expected))
    expect(found.every((problem) => problem.startsWith(expected[0]?.slice(0, 2) ?? ''))).toBe(true)
  })

  test('a row that is gone from the middle', async () => {
    const run = await endedRun()
    await tamper('delete from run_log where run = $1 and seq = 1', run)
    expect(await problemsOf(run)).toEqual(
      expect.arrayContaining([
        '2: a record before it is missing',
        '5: the run’s records are not as many as its end declares',
      ]),
    )
  })

  test('a row that is gone from the beginning', async () => {
    const run = await endedRun()
    await tamper('delete from run_log where run = $1 and seq = 0', run)
    expect(await problemsOf(run)).toContain('1: a record before it is missing')
  })

  test('rows that are gone from the end, also with what waited for the ledger', async () => {
    const run = await endedRun()
    await tamper('delete from run_log where run = $1 and seq >= 3', run)
    expect(await problemsOf(run)).toEqual([
      'the run has ended, and the record of its end is missing',
      'records at the end are missing: the ledger waits for more than the log has',
    ])
    await tamper('delete from ledger_pending where run = $1 and seq >= 3', run)
    expect(await problemsOf(run)).toEqual(['the run has ended, and the record of its end is missing'])
  })

  test('the last row of a run that still waits', async () => {
    const { run } = await server.mail('ask me')
    await tamper('delete from run_log where run = $1 and seq = (select max(seq) from run_log where run = $1)', run)
    expect(await problemsOf(run)).toEqual([
      'records at the end are missing: the ledger waits for more than the log has',
    ])
  })

  test('every row that is gone', async () => {
    const run = await endedRun()
    await tamper('delete from run_log where run = $1', run)
    expect(await problemsOf(run)).toContain('the run has ended, and the record of its end is missing')
  })

  test('an ended run that is said to go on', async () => {
    const run = await endedRun()
    await tamper(`update run set state = 'paused', ended = null where id = $1`, run)
    expect(await problemsOf(run)).toEqual(['the run’s records end, and its state says that it has not'])
  })

  test('rows that were moved from another run', async () => {
    const [from, run] = [await endedRun(), await endedRun()]
    await tamper('delete from run_log where run = $1', run)
    await server.database.ownerPool.query('update run_log set run = $1 where run = $2', [run, from])
    expect(await problemsOf(run)).toContain('0: the record is of another position')
  })
})

test('a version that was exchanged for another one shows in every run that it took part in', async () => {
  const run = await endedRun()
  const { ownerPool } = server.database
  const { rows } = await ownerPool.query<{ id: string; digest: string }>(
    `select f.id, f.digest from factor f join run_factor x on x.factor = f.id where x.run = $1 and f.kind = 'classifier'`,
    [run],
  )
  const [factor] = rows
  const exchange = (digest: string | undefined) =>
    ownerPool.query('update factor set digest = $2 where id = $1', [factor?.id, digest])
  await exchange('0'.repeat(64))
  expect(await problemsOf(run)).toEqual(['0: a version that took part is missing or was changed'])
  await exchange(factor?.digest)
  expect(await problemsOf(run)).toEqual([])
})

test('an erased run keeps its proofs: nothing is wrong with it, and no content was checked', async () => {
  const { run } = await server.mail('forget me')
  await tamper(
    'update subject_key set wrapped = null, destroyed = now() where id = (select key_id from run where id = $1)',
    run,
  )
  const { records } = await lineageOf(run)
  expect(await problemsOf(run)).toEqual([])
  expect(records.some((record) => record.isContentChecked)).toBe(false)
})
