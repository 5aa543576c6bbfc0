import { createHash, type Hash } from 'node:crypto'
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import pg from 'pg'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { sha256 } from '../../core/json.ts'
import { isKeyOf } from '../../governance/master-key.ts'
import { asStoreError } from '../../store/pool.ts'
import { replaceFile } from '../embedded/replace-file.ts'
import { keyPath, type Manifest, manifestPath, manifestText, reasonOf, tablePath } from './manifest.ts'
import { list, quoted, readMonths, readTables, type Table } from './tables.ts'

export interface BackupOptions {
  /** Of the role that owns the tables. */
  readonly ownerUrl: string
  /** The directory that is made. */
  readonly out: string
  /** The master key's file; undefined: it is kept elsewhere. */
  readonly key: string | undefined
  readonly progress?: (table: string) => void
}

/** Rows of one fetch at most, and the bytes that a fetch aims at: one mail has tens of megabytes, most rows have hundreds of bytes. */
const mostRows = 1000
const aimedBytes = 4 * 1024 * 1024

/**
 * Writes a backup: every table in one repeatable-read snapshot, as the owner, while everything goes on; then the key; the manifest last.
 * What was begun is removed when it fails. Errors: `backup/target`, `governance/master-key-*`, those of the store.
 *
 * Rows are JSON lines, made by the database and read back by it: any Postgres writes and reads them, embedded or not, of any later version.
 * Rejected: `pg_dump` and `pg_basebackup`, which the embedded server does not bring; a copy of the data directory, which only the same
 * major version on the same kind of machine reads, and which no `DATABASE_URL` gives; binary COPY, whose form is the
 * server's own and which needs a package.
 */
export async function writeBackup(options: BackupOptions): Promise<Manifest> {
  const { out, ownerUrl } = options
  const client = new pg.Client({
    connectionString: ownerUrl,
    connectionTimeoutMillis: 5000,
    application_name: 'millrace backup',
  })
  client.on('error', () => {})
  makeTarget(out)
  try {
    await client.connect()
    await client.query(
      `set bytea_output = 'hex'; set timezone = 'UTC'; set statement_timeout = 0; set extra_float_digits = 1`,
    )
    await client.query('begin isolation level repeatable read read only')
    const manifest = await writeAll(client, options)
    await client.query('commit')
    replaceFile(manifestPath(out), manifestText(manifest))
    return manifest
  } catch (error) {
    for (const name of readdirSync(out)) rmSync(`${out}/${name}`, { recursive: true, force: true }) // it was empty
    if (error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EACCES'))
      throw new MillraceError('backup/target', { path: out, why: reasonOf(error) }, { cause: error })
    throw asStoreError(error, ownerUrl)
  } finally {
    await client.end().catch(() => {})
  }
}

async function writeAll(client: pg.Client, { out, key, progress }: BackupOptions): Promise<Manifest> {
  const { rows: migrations } = await client.query<Manifest['migrations'][number]>(
    'select id, name, digest from migration order by id',
  )
  const { rows: now } = await client.query<{ now: Date; version: string }>(
    `select clock_timestamp() as now, current_setting('server_version') as version`,
  )
  const tables: Manifest['tables'] = []
  for (const table of await readTables(client)) {
    progress?.(table.name)
    tables.push(await writeTable(client, table, tablePath(out, table.name)))
  }
  return {
    format: 1,
    made: (now[0]?.now ?? new Date(0)).toISOString(),
    postgres: now[0]?.version ?? '',
    migrations,
    months: [...(await readMonths(client))],
    tables,
    key: key === undefined ? null : { sha256: await copyKey(client, key, keyPath(out)) },
  }
}

async function writeTable(
  client: pg.Client,
  { name, columns }: Table,
  path: string,
): Promise<Manifest['tables'][number]> {
  const hash = createHash('sha256')
  const count = { rows: 0, bytes: 0 }
  const file = createWriteStream(path, { mode: 0o600, flush: true, flags: 'wx' })
  await pipeline(linesOf(client, { name, columns }, count), createGzip({ level: 6 }), tap(hash, count), file)
  return { name, columns: [...columns], ...count, sha256: hash.digest('hex') }
}

/** A table's rows as JSON lines, in fetches that grow and shrink with the rows. */
async function* linesOf(client: pg.Client, { name, columns }: Table, count: { rows: number }): AsyncGenerator<string> {
  await client.query(
    `declare lines no scroll cursor for select row_to_json(x)::text as line from (select ${list(columns)} from ${quoted(name)}) x`,
  )
  for (let size = 8; ;) {
    const { rows } = await client.query<{ line: string }>(`fetch ${size} from lines`)
    if (rows.length === 0) break
    count.rows += rows.length
    yield `${rows.map((row) => row.line).join('\n')}\n`
    const longest = Math.max(...rows.map((row) => row.line.length))
    size = Math.max(1, Math.min(mostRows, size * 2, Math.floor(aimedBytes / longest)))
  }
  await client.query('close lines')
}

/** Counts and hashes what passes. */
const tap = (hash: Hash, count: { bytes: number }): Transform =>
  new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      count.bytes += chunk.length
      done(null, chunk)
    },
  })

/** A key that does not open this database is not taken for its backup. Answers the SHA-256 of its file. */
async function copyKey(client: pg.Client, from: string, to: string): Promise<string> {
  const { rows } = await client.query<{ sealed: Buffer }>('select sealed from master_key_check')
  const [check] = rows
  if (!existsSync(from)) throw new MillraceError('governance/master-key-missing', { path: from })
  if (check && !isKeyOf(from, check.sealed)) throw new MillraceError('governance/master-key-wrong', { path: from })
  const text = readFileSync(from, 'utf8')
  replaceFile(to, text)
  return sha256(text)
}

/** Only its owner may look into it, its parts and its files. */
function makeTarget(out: string): void {
  try {
    mkdirSync(out, { recursive: true, mode: 0o700 })
    if (readdirSync(out).length > 0) throw new Error('it is not empty')
    for (const path of [tablePath(out, ''), keyPath(out)]) mkdirSync(dirname(path), { mode: 0o700 })
  } catch (cause) {
    throw new MillraceError('backup/target', { path: out, why: reasonOf(cause) }, { cause })
  }
}
