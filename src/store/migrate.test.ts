import pg from 'pg'
import { afterEach, expect, test } from 'vitest'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { migrate, migrations } from './migrate.ts'
import { emptyDatabase } from './testing.ts'

const dropped: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const drop of dropped.splice(0)) await drop()
})

async function fresh(): Promise<string> {
  const database = await emptyDatabase()
  dropped.push(() => database.drop())
  return database.url
}

async function ask(url: string, sql: string): Promise<pg.QueryResult<Record<string, unknown>>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

test('four processes that start at once on nothing all succeed, and each migration is applied once', async () => {
  const url = await fresh()
  await Promise.all([migrate(url), migrate(url), migrate(url), migrate(url)])
  const { rows } = await ask(url, 'select id from migration order by id')
  expect(rows.map((row) => row['id'])).toEqual(migrations().map((m) => m.id))
})

test('a schema newer than the code is refused, not used', async () => {
  const url = await fresh()
  await migrate(url)
  await ask(url, `insert into migration(id, name, digest) values (9999, '9999_future.sql', 'x')`)
  await expect(migrate(url)).rejects.toSatisfy((e) => isMillraceError(e, 'store/schema-newer'))
})

test('an applied migration whose text has changed is refused', async () => {
  const url = await fresh()
  await migrate(url)
  await ask(url, `update migration set digest = 'other' where id = 1`)
  await expect(migrate(url)).rejects.toSatisfy((e) => isMillraceError(e, 'store/migration-changed'))
})

test('a Postgres that is not there is one error of the dictionary, without the password', async () => {
  const gone = migrate('postgres://owner:s3cret@127.0.0.1:1/none')
  await expect(gone).rejects.toSatisfy((e) => isMillraceError(e, 'store/unreachable') && !e.message.includes('s3cret'))
})
