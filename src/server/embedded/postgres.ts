import { spawnSync } from 'node:child_process'
import { chownSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Home } from './home.ts'
import type { Kept } from './kept.ts'
import type { PostgresPlace } from './postgres-place.ts'
import { SupervisedProcess, type ProcessSpec } from './supervised-process.ts'

/** Makes the data directory: beside its place, then renamed, so that an initdb that was killed leaves nothing half done. */
export function initPostgres(place: PostgresPlace, home: Home, password: string): void {
  if (existsSync(join(place.data, 'PG_VERSION'))) return
  if (existsSync(place.data))
    throw new MillraceError('server/data-corrupt', {
      path: place.data,
      why: 'it exists, but is no data directory of Postgres (PG_VERSION is missing)',
    })
  const parent = dirname(place.data)
  for (const left of readdirSync(parent))
    if (/^(?:postgres\.new|\.password)-/.test(left)) rmSync(join(parent, left), { recursive: true, force: true })
  const [fresh, secret] = [`${place.data}.new-${process.pid}`, join(parent, `.password-${process.pid}`)]
  writeFileSync(secret, password, { mode: 0o600 })
  if (place.ids.uid !== undefined && place.ids.gid !== undefined) chownSync(secret, place.ids.uid, place.ids.gid)
  const settings = [
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
  ]
  const { file, args } = place.wrap(join(place.native, 'bin/initdb'), [
    '-D',
    fresh,
    '-U',
    'postgres',
    `--pwfile=${secret}`,
    ...settings,
  ])
  const made = spawnSync(file, [...args], { ...place.ids, cwd: parent, encoding: 'utf8', timeout: 120_000 })
  rmSync(secret, { force: true })
  if (made.status !== 0) {
    rmSync(fresh, { recursive: true, force: true })
    const last = (made.error?.message ?? made.stderr).trim().split('\n').slice(-3).join(' | ').slice(0, 600)
    throw new MillraceError('server/engine-failed', {
      engine: 'postgres',
      why: 'initdb failed',
      data: place.data,
      log: home.file('log/postgres.log'),
      last,
    })
  }
  renameSync(fresh, place.data)
}

export interface PostgresSettings {
  /** False only where the data may be lost: in tests. */
  readonly durable: boolean
}

export function postgresProcess(
  place: PostgresPlace,
  kept: Kept,
  settings: PostgresSettings,
  spec: Pick<ProcessSpec, 'home' | 'clock' | 'changed' | 'say'>,
): SupervisedProcess {
  const set: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port: kept.ports.postgres,
    unix_socket_directories: '', // a long path breaks sockets
    shared_buffers: '128MB',
    max_connections: 100,
    ...(settings.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  return new SupervisedProcess({
    ...spec,
    name: 'postgres',
    data: place.data,
    mark: `-D ${place.data} `,
    stop: 'SIGINT',
    force: 'SIGQUIT', // never SIGKILL: it leaves shared memory behind
    command() {
      const args = ['-D', place.data, ...Object.entries(set).flatMap(([key, value]) => ['-c', `${key}=${value}`])]
      const env = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' }
      return { ...place.wrap(join(place.native, 'bin/postgres'), args), options: { ...place.ids, cwd: '/', env } }
    },
    healthy: () =>
      withClient(urlOf(kept, 'postgres', 'postgres', kept.passwords.superuser), (client) => client.query('select 1')),
  })
}

export const urlOf = (kept: Pick<Kept, 'ports'>, database: string, user: string, password: string): string =>
  `postgres://${user}:${password}@127.0.0.1:${kept.ports.postgres}/${database}`

/**
 * The database and its two roles. The owner migrates and owns; the application reads and inserts (L10). The superuser is used for this
 * alone: on the host it has the file rights of who started it.
 */
export async function prepareDatabase(kept: Kept): Promise<{ readonly ownerUrl: string; readonly appUrl: string }> {
  await withClient(urlOf(kept, 'postgres', 'postgres', kept.passwords.superuser), async (client) => {
    const has = async (sql: string, name: string): Promise<boolean> =>
      ((await client.query(sql, [name])).rowCount ?? 0) > 0
    for (const [role, password] of [
      ['millrace_owner', kept.passwords.owner],
      ['millrace_app', kept.passwords.app],
    ] as const) {
      const exists = await has('select 1 from pg_roles where rolname = $1', role)
      await client.query(
        `${exists ? 'alter' : 'create'} role ${role} login nosuperuser nocreatedb nocreaterole password ${client.escapeLiteral(password)}`,
      )
    }
    if (!(await has('select 1 from pg_database where datname = $1', 'millrace')))
      await client.query('create database millrace owner millrace_owner')
  })
  await withClient(urlOf(kept, 'millrace', 'postgres', kept.passwords.superuser), (client) =>
    client.query('alter schema public owner to millrace_owner'),
  )
  return {
    ownerUrl: urlOf(kept, 'millrace', 'millrace_owner', kept.passwords.owner),
    appUrl: urlOf(kept, 'millrace', 'millrace_app', kept.passwords.app),
  }
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000, query_timeout: 10_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}
