import { createReadStream, existsSync, linkSync, readFileSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import type { Clock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { mintId } from '../../core/ids.ts'
import type { Random } from '../../core/random.ts'
import { isKeyOf } from '../../governance/master-key.ts'
import { migrate, migrations } from '../../store/migrate.ts'
import { asStoreError, describeUrl } from '../../store/pool.ts'
import { replaceFile } from '../embedded/replace-file.ts'
import { keyPath, type Manifest, reasonOf, tablePath, verifyBackup } from './manifest.ts'
import { firstFilled, list, quoted, readTables } from './tables.ts'

export interface RestoreOptions {
  /** The backup's directory. */
  readonly from: string
  /** The master key's file, where the backup has none. */
  readonly key: string | undefined
  /** Where the master key will lie. */
  readonly masterKey: string
  readonly clock: Clock
  readonly random: Random
  readonly progress?: (table: string) => void
}

/** A backup that has been read through: nothing of it is missing or damaged, and its key is at hand. */
export interface VerifiedBackup {
  readonly manifest: Manifest
  readonly key: string
}

/** As much as one insert takes. */
const mostRows = 1000
const mostCharacters = 4 * 1024 * 1024

/** Errors: `backup/incomplete`, `backup/damaged`, `backup/other-version`, `backup/no-key`, `backup/not-empty` for another master key. */
export async function prepareRestore({ from, key: given, masterKey }: RestoreOptions): Promise<VerifiedBackup> {
  const manifest = await verifyBackup(from)
  refuseOtherVersion(manifest)
  const own = keyPath(from)
  const key = given ?? (existsSync(own) ? own : undefined)
  if (key === undefined) throw new MillraceError('backup/no-key', { path: from })
  if (!existsSync(key)) throw new MillraceError('governance/master-key-missing', { path: key })
  if (existsSync(masterKey) && readFileSync(masterKey, 'utf8') !== readFileSync(key, 'utf8'))
    throw new MillraceError('backup/not-empty', { at: masterKey, what: 'another master key' })
  return { manifest, key }
}

/**
 * Loads a verified backup into an empty database, in one transaction: all of it, with the hold, or nothing. The schema is first brought to
 * the state of the backup, and after it to this version's. Errors: `backup/not-empty`, `backup/damaged`, `backup/wrong-key`, the store's.
 *
 * 1. Nothing that is there is changed: tables with rows, and another master key, are refused.
 * 2. The hold commits with the data: no start in between sends anything.
 * 3. The key is in its place before the data is, and goes if the data does not come.
 */
export async function restoreBackup(
  ownerUrl: string,
  { manifest, key }: VerifiedBackup,
  options: RestoreOptions,
): Promise<void> {
  const { masterKey } = options
  const client = new pg.Client({
    connectionString: ownerUrl,
    connectionTimeoutMillis: 5000,
    application_name: 'millrace restore',
  })
  client.on('error', () => {})
  let hasWrittenKey = false
  try {
    await client.connect()
    await refuseFilled(client, ownerUrl)
    await migrate(ownerUrl, { upTo: manifest.migrations.at(-1)?.id })
    await client.query('begin')
    await client.query('set local statement_timeout = 0')
    await load(client, manifest, { ...options, ownerUrl })
    await refuseOtherKey(client, key)
    hasWrittenKey = placeKey(key, masterKey)
    await client.query('commit')
  } catch (error) {
    if (hasWrittenKey) rmSync(masterKey, { force: true })
    throw asStoreError(error, ownerUrl)
  } finally {
    await client.end().catch(() => {})
  }
  await migrate(ownerUrl)
}

async function load(
  client: pg.Client,
  manifest: Manifest,
  { from, clock, random, progress, ownerUrl }: RestoreOptions & { readonly ownerUrl: string },
): Promise<void> {
  const known = await readTables(client)
  await client.query(`lock table ${list(known.map((table) => table.name))} in access exclusive mode`) // a start waits, then sees the hold
  await refuseFilled(client, ownerUrl)
  for (const month of manifest.months)
    await client.query('select ensure_month_partitions(make_date($1, $2, 1), 1)', [
      Math.floor(month / 100),
      month % 100,
    ])
  for (const { name, columns, rows } of inOrder(
    manifest,
    known.map((table) => table.name),
  )) {
    progress?.(name)
    const loaded = await loadTable(client, { name, columns, path: tablePath(from, name) })
    if (loaded !== rows)
      throw new MillraceError('backup/damaged', {
        path: tablePath(from, name),
        why: `it has ${loaded} rows, not ${rows}`,
      })
    await client.query(`analyze ${quoted(name)}`)
  }
  // What was running in a process that is gone goes on at once when it is released, not minutes later (E22).
  await client.query(
    `update wake set heard_by = clock_timestamp(), claimed_by = null, claimed_rows = 0, claims = 0 where not is_parked`,
  )
  await client.query('insert into effects_hold (id, backup_made) values ($1, $2)', [
    mintId('evt', clock.today(), random),
    manifest.made,
  ])
}

/** Those that others refer to first. A table of the backup that is not known is an error: leaving it out would lose data. */
function inOrder(manifest: Manifest, known: readonly string[]): Manifest['tables'] {
  const strange = manifest.tables.find((table) => !known.includes(table.name))
  if (strange) throw new MillraceError('backup/other-version', { why: `it has a table ${strange.name}` })
  return manifest.tables.toSorted((a, b) => known.indexOf(a.name) - known.indexOf(b.name))
}

async function loadTable(
  client: pg.Client,
  { name, columns, path }: { name: string; columns: readonly string[]; path: string },
): Promise<number> {
  const insert = `insert into ${quoted(name)} (${list(columns)}) select ${list(columns)} from json_populate_recordset(null::${quoted(name)}, $1::json)`
  const batch: string[] = []
  let [characters, rows] = [0, 0]
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await client.query(insert, [`[${batch.join(',')}]`])
    rows += batch.length
    batch.length = characters = 0
  }
  const plain = createGunzip()
  const read = pipeline(createReadStream(path), plain)
  read.catch(() => {}) // told below
  try {
    for await (const line of createInterface({ input: plain, crlfDelay: Infinity })) {
      batch.push(line)
      characters += line.length
      if (batch.length >= mostRows || characters >= mostCharacters) await flush()
    }
    await read
    await flush()
  } catch (cause) {
    if (cause instanceof pg.DatabaseError && !/^(?:22|23)/.test(cause.code ?? '')) throw cause
    throw new MillraceError('backup/damaged', { path, why: reasonOf(cause) }, { cause })
  }
  return rows
}

async function refuseFilled(client: pg.Client, ownerUrl: string): Promise<void> {
  const filled = await firstFilled(client)
  if (filled) throw new MillraceError('backup/not-empty', { at: describeUrl(ownerUrl), what: `rows in ${filled}` })
}

function refuseOtherVersion(manifest: Manifest): void {
  const known = new Map(migrations().map((migration) => [migration.id, migration]))
  for (const { id, digest, name } of manifest.migrations) {
    const mine = known.get(id)
    if (!mine) throw new MillraceError('backup/other-version', { why: `migration ${name} is not known here` })
    if (mine.digest !== digest)
      throw new MillraceError('backup/other-version', { why: `migration ${name} has another text here` })
  }
}

async function refuseOtherKey(client: pg.Client, key: string): Promise<void> {
  const { rows } = await client.query<{ sealed: Buffer }>('select sealed from master_key_check')
  const [check] = rows
  if (check && !isKeyOf(key, check.sealed)) throw new MillraceError('backup/wrong-key', { path: key })
}

/** Exclusively. Answers whether it was not there before. */
function placeKey(from: string, to: string): boolean {
  if (existsSync(to)) return false // the same: looked at before
  const fresh = `${to}.restored`
  replaceFile(fresh, readFileSync(from, 'utf8'))
  try {
    linkSync(fresh, to)
  } finally {
    rmSync(fresh, { force: true })
  }
  return true
}
