import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSchema } from './schema.ts'
import { testDatabase, type TestDatabase } from './testing.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

test.each(['run_log', 'audit_log', 'decision', 'ledger_pending', 'run_log_default'])(
  'the application can neither update, delete nor truncate %s (L10)',
  async (table) => {
    for (const statement of [`update ${table} set t = 'x'`, `delete from ${table}`, `truncate ${table}`])
      await expect(database.pool.query(statement)).rejects.toThrow(/permission denied/)
  },
)

test('the application can say once who released a hold, and neither hold another run with it nor delete it', async () => {
  await database.pool.query(`insert into run_hold (t, run) values ('main', 'run_0')`)
  await database.pool.query(`update run_hold set released = clock_timestamp(), released_by = 'per_0'`)
  for (const statement of [`update run_hold set run = 'run_1'`, 'delete from run_hold', 'truncate run_hold'])
    await expect(database.pool.query(statement)).rejects.toThrow(/permission denied/)
})

test('the rights hold in a partition too, reached by its own name', async () => {
  const { rows } = await database.pool.query<{ name: string }>(
    `select relname as name from pg_class where relispartition and relkind = 'r' and relname ~ '^run_log_\\d+$'`,
  )
  expect(rows.length).toBeGreaterThan(1)
  for (const { name } of rows)
    await expect(database.pool.query(`delete from ${name}`)).rejects.toThrow(/permission denied/)
})

test('a month that began without its partition stays in the default, and the next start goes on past it', async () => {
  const run = 'run_01bbf8ff68007000800000000000000a' // minted in June 2030
  const { rows } = await database.pool.query<{ month: number }>(
    `insert into run_log (t, month, run, seq, key, kind, phase, outcome, writer, at, leaf, leaf_hash)
      values ('main', id_month($1), $1, 0, 'k', 'step', 'end', 'done', 'w', now(), '', '') returning month`,
    [run],
  )
  const month = rows[0]?.month ?? 0
  await database.ownerPool.query('select ensure_month_partitions(make_date($1, $2, 1), 2)', [
    Math.floor(month / 100),
    month % 100,
  ])
  const made = await database.ownerPool.query(`select 1 from pg_class where relname in ($1, $2)`, [
    `run_log_${month}`,
    `run_log_${month + 1}`,
  ])
  expect(made.rowCount).toBe(1) // the month after it
  expect((await database.pool.query('select 1 from run_log where month = $1', [month])).rowCount).toBe(1)
})

test('the application cannot create tables, nor become the owner', async () => {
  await expect(database.pool.query('create table mine(a int)')).rejects.toThrow(/permission denied/)
})

test('the month of an id is the one that the code computes', async () => {
  const { rows } = await database.pool.query<{ month: number }>(
    `select id_month('run_019a0000000070008000000000000000') as month`,
  )
  expect(rows[0]?.month).toBe(202510)
})

test('src/store/generated/schema.sql is what the migrations make: run `npm run schema` after a new one', async () => {
  const written = readFileSync(new URL('./generated/schema.sql', import.meta.url), 'utf8')
  expect(await describeSchema(database.ownerPool)).toBe(written)
})
