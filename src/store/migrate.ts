import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { sha256 } from '../core/json.ts'
import { asStoreError } from './pool.ts'

/**
 * Owns: the numbered migrations and the table `migration` that remembers them. Does not own: roles with a login, databases.
 *
 * 1. Each migration runs once, in a transaction of its own, in order, under the owner's role.
 * 2. Two processes that start at once do not disturb each other: one transaction-level advisory lock (session locks break behind poolers).
 * 3. A schema that is newer than the code is refused, and so is an applied migration whose text has changed.
 */

interface Migration {
  readonly id: number
  readonly name: string
  readonly sql: string
  readonly digest: string
}

type AppliedMigration = Pick<Migration, 'id' | 'name' | 'digest'>

const oldest = 16
const lock = 7_215_391_044 // any number that is ours alone
const folder = new URL('./migrations/', import.meta.url)

export function migrations(): readonly Migration[] {
  return readdirSync(folder)
    .filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name))
    .toSorted()
    .map((name) => {
      const sql = readFileSync(new URL(name, folder), 'utf8')
      return { id: Number(name.slice(0, 4)), name, sql, digest: sha256(sql) }
    })
}

/** Brings the database to this version's schema, or to that of the migration `upTo` (for a restore). Errors: `store/unreachable`, `-refused`, `-too-old`, `-schema-newer`, `-migration-changed`. */
export async function migrate(
  ownerUrl: string,
  { upTo = Number.MAX_SAFE_INTEGER }: { readonly upTo?: number | undefined } = {},
): Promise<void> {
  const client = new pg.Client({
    connectionString: ownerUrl,
    connectionTimeoutMillis: 5000,
    application_name: 'millrace migrate',
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await refuseOldServer(client)
    // Under the lock: two at once would both make it, `if not exists` or not, and one would fail on its row type.
    await locked(client, () =>
      client.query(
        'create table if not exists migration(id int primary key, name text not null, digest text not null, applied timestamptz not null default clock_timestamp())',
      ),
    )
    for (const migration of migrations()) if (migration.id <= upTo) await apply(client, migration)
    await locked(client, () => client.query(`select ensure_month_partitions((now() at time zone 'UTC')::date, 3)`))
  } catch (error) {
    throw asStoreError(error, ownerUrl)
  } finally {
    await client.end().catch(() => {})
  }
}

async function refuseOldServer(client: pg.Client): Promise<void> {
  const found = await client.query<{ number: string; version: string }>(
    `select current_setting('server_version_num') as number, current_setting('server_version') as version`,
  )
  const server = found.rows[0]
  if (server && Number(server.number) < oldest * 10_000)
    throw new MillraceError('store/too-old', { version: server.version, needed: oldest })
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await locked(client, async () => {
    const applied = await client.query<AppliedMigration>('select id, name, digest from migration order by id')
    refuseUnknown(applied.rows)
    if (applied.rows.some((row) => row.id === migration.id)) return
    await client.query(migration.sql)
    await client.query('insert into migration(id, name, digest) values ($1, $2, $3)', [
      migration.id,
      migration.name,
      migration.digest,
    ])
  })
}

/** A transaction that no other start runs beside. */
async function locked(client: pg.Client, work: () => Promise<unknown>): Promise<void> {
  await client.query('begin')
  try {
    await client.query('select pg_advisory_xact_lock($1)', [lock])
    await work()
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

function refuseUnknown(applied: readonly AppliedMigration[]): void {
  const known = new Map(migrations().map((m) => [m.id, m]))
  const newest = Math.max(0, ...known.keys())
  for (const row of applied) {
    const mine = known.get(row.id)
    if (row.id > newest) throw new MillraceError('store/schema-newer', { found: row.id, known: newest })
    if (!mine || mine.digest !== row.digest) throw new MillraceError('store/migration-changed', { migration: row.name })
  }
}
