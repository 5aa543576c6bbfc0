import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { sha256 } from '../core/json.ts'
import { migrate, migrations } from './migrate.ts'
import { asApplicationRole, openPool, type Pool } from './pool.ts'

/** A database of a test's own: a clone of a migrated template, 30-60 ms where migrating takes 300. */
export interface TestDatabase {
  readonly ownerUrl: string
  /** Under the application's role: cannot update or delete records. */
  readonly appUrl: string
  readonly pool: Pool
  readonly ownerPool: Pool
  /** Closes both pools and removes the database. */
  drop(): Promise<void>
}

/** Makes a test database in the Postgres that the test run started. */
export async function testDatabase(options: { readonly max?: number } = {}): Promise<TestDatabase> {
  const server = inject('postgresOwnerUrl')
  const template = await ensureTemplate(server)
  const name = `t_${randomBytes(8).toString('hex')}`
  await administer(server, (client) => client.query(`create database ${name} template ${template}`))
  const ownerUrl = onDatabase(server, name)
  const appUrl = asApplicationRole(ownerUrl)
  const pool = openPool({ url: appUrl, max: options.max ?? 8, name: 'test' })
  const ownerPool = openPool({ url: ownerUrl, max: 2, name: 'test owner' })
  return {
    ownerUrl,
    appUrl,
    pool,
    ownerPool,
    async drop() {
      await Promise.all([pool.end(), ownerPool.end()])
      await administer(server, (client) => client.query(`drop database if exists ${name} with (force)`))
    },
  }
}

/** An empty database without a schema. */
export async function emptyDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const server = inject('postgresOwnerUrl')
  const name = `e_${randomBytes(8).toString('hex')}`
  await administer(server, (client) => client.query(`create database ${name}`))
  return {
    url: onDatabase(server, name),
    drop: async () =>
      void (await administer(server, (client) => client.query(`drop database if exists ${name} with (force)`))),
  }
}

async function ensureTemplate(server: string): Promise<string> {
  const name = `template_${sha256(
    migrations()
      .map((m) => m.digest)
      .join(),
  ).slice(0, 16)}`
  await administer(server, async (client) => {
    await client.query('select pg_advisory_lock(815)')
    try {
      const known = await client.query('select 1 from pg_database where datname = $1', [name])
      if (known.rowCount) return
      const fresh = `${name}_new`
      await client.query(`drop database if exists ${fresh} with (force)`)
      await client.query(`create database ${fresh}`)
      await migrate(onDatabase(server, fresh))
      await client.query(`alter database ${fresh} rename to ${name}`)
    } finally {
      await client.query('select pg_advisory_unlock(815)')
    }
  })
  return name
}

async function administer<T>(server: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function onDatabase(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}
