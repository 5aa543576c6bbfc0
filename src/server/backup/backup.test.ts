import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import type { ErrorCode } from '../../core/errors/dictionary.ts'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import { mainTenant, mintId } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import { AuditLog } from '../../governance/audit-log.ts'
import { openMasterKey } from '../../governance/master-key.ts'
import { People } from '../../governance/people.ts'
import { openPool } from '../../store/pool.ts'
import { emptyDatabase, testDatabase, type TestDatabase } from '../../store/testing.ts'
import { EffectsHold } from './effects-hold.ts'
import { keyPath, manifestPath, tablePath } from './manifest.ts'
import { prepareRestore, restoreBackup } from './restore-backup.ts'
import { writeBackup } from './write-backup.ts'

const common = { clock: systemClock, random: systemRandom }
const ended: (() => unknown)[] = []
let database: TestDatabase
let folder: string
let key: string

beforeAll(async () => {
  database = await testDatabase()
  folder = mkdtempSync(join(tmpdir(), 'millrace-backup-'))
  key = join(folder, 'master.key')
  await openMasterKey(key, database.pool)
  const people = new People({ pool: database.pool, audit: new AuditLog(common), ...common })
  for (const name of ['Ada "the first" O’Neil\\', '名前 🜁'])
    await people.add({ tenant: mainTenant, name, actor: undefined })
  await fill(database)
})
afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})
afterAll(async () => {
  await database.drop()
  rmSync(folder, { recursive: true, force: true })
})

/** Values of every kind that the schema has, some at the edge of what a text form keeps. */
async function fill({ ownerPool }: TestDatabase): Promise<void> {
  const old = `run_${Date.UTC(2019, 4, 5).toString(16).padStart(12, '0')}70008000${'0'.repeat(12)}`
  await ownerPool.query(
    'insert into payload (t, month, id, key_id, class, body, bytes) select $1, id_month($2), $2, $2, $2, $3, 9',
    [
      'main',
      mintId('pay', systemClock.today(), systemRandom),
      Buffer.from([0, 255, 92, 34, 10, ...systemRandom.bytes(70_000)]),
    ],
  )
  await ownerPool.query(
    `insert into run_log (t, month, run, seq, key, kind, phase, outcome, writer, at, due, leaf, leaf_hash, confidence, cost, ms)
     select 'main', id_month($1), $1, n, 'a' || chr(9) || n, '', '', '', '', '2019-05-05 01:02:03.456789+05', 'infinity', '\\x00', '\\xff', 0.1::real / 3, 9007199254740993, -1
     from generate_series(0, 2500) n`,
    [old],
  )
  await ownerPool.query(
    `insert into work_item (t, id, kind, run, step_key, queue, shown_digest, form, why, head, key_id, body, due)
     values ('main', 'rev_1', 'answer', 'r', 's', 'q', '', 'f', array['a,b', 'say "x"', '', '{}', 'null', null], '\\x', 'k', '\\x', '-infinity')`,
  )
  await ownerPool.query(
    `insert into document (t, collection, id, version, source, body) values ('main', 'c', 'd', '1', 's', '{"a": [1.10, 1e400, null, "\\u00e9"]}')`,
  )
  await ownerPool.query(
    `insert into chunk (t, collection, document, version, ordinal, text, encoder, chunking, vector) values ('main', 'c', 'd', '1', 0, 'where is my card', 'e', 'w', '\\x01')`,
  )
}

let made = 0
async function backup(options: { withoutKey?: boolean; progress?: (table: string) => void } = {}): Promise<string> {
  const out = join(folder, `backup-${made++}`)
  const { progress } = options
  await writeBackup({
    ownerUrl: database.ownerUrl,
    out,
    key: options.withoutKey ? undefined : key,
    ...(progress && { progress }),
  })
  return out
}

interface Target {
  readonly url: string
  readonly masterKey: string
}
async function target(): Promise<Target> {
  const empty = await emptyDatabase()
  ended.push(() => empty.drop())
  return { url: empty.url, masterKey: join(mkdtempSync(join(folder, 'home-')), 'master.key') }
}

async function restore(from: string, to: Target, given?: string): Promise<void> {
  const options = { from, key: given, masterKey: to.masterKey, ...common }
  await restoreBackup(to.url, await prepareRestore(options), options)
}

const coded = (code: ErrorCode) => expect.toSatisfy((error) => isMillraceError(error, code))
const linesOf = (from: string, table: string): string[] =>
  gunzipSync(readFileSync(tablePath(from, table)))
    .toString()
    .trim()
    .split('\n')
    .toSorted()

async function expectUntouched({ url, masterKey }: Target): Promise<void> {
  expect(existsSync(masterKey)).toBe(false)
  const pool = openPool({ url, max: 1, name: 'test' })
  const { rows } = await pool.query<{ name: string | null }>(`select to_regclass('person')::text as name`)
  if (rows[0]?.name) expect((await pool.query('select from person')).rowCount).toBe(0)
  await pool.end()
}

test('what is restored is what was there, to the bit, and it is held', async () => {
  const first = await backup()
  const to = await target()
  await restore(first, to)
  const second = join(folder, `again-${made++}`)
  await writeBackup({ ownerUrl: to.url, out: second, key: to.masterKey })
  const tables = readdirSync(join(first, 'database')).map((name) => name.replace('.jsonl.gz', ''))
  expect(tables.length).toBeGreaterThan(20)
  for (const table of tables) expect([table, linesOf(second, table)]).toEqual([table, linesOf(first, table)])
  expect(linesOf(first, 'run_log')).toHaveLength(2501)
  const pool = openPool({ url: to.url, max: 1, name: 'test' })
  ended.unshift(() => pool.end())
  expect(await new EffectsHold({ pool, audit: new AuditLog(common) }).read()).toBeDefined()
  const { rows } = await pool.query(
    `select tableoid::regclass::text as part, count(*)::int as n from run_log group by 1`,
  )
  expect(rows).toEqual([{ part: 'run_log_default', n: 2501 }]) // where it was
  expect((await pool.query(`select from chunk where search @@ to_tsquery('english', 'card')`)).rowCount).toBe(1)
  await openMasterKey(to.masterKey, pool)
})

test('only the owner of the files can read them, and the key lies apart', async () => {
  const from = await backup()
  const modes = [manifestPath(from), keyPath(from), tablePath(from, 'person')].map(
    (path) => statSync(path).mode & 0o777,
  )
  expect(modes).toEqual([0o600, 0o600, 0o600])
  expect(statSync(from).mode & 0o777).toBe(0o700)
  expect(readdirSync(join(from, 'database')).filter((name) => name.endsWith('.key'))).toEqual([])
})

test('what is committed while it is being written is in it whole, or not at all', async () => {
  const added: Promise<unknown>[] = []
  const from = await backup({
    progress(table) {
      if (table !== 'person') return
      const insert = `with p as (insert into person (t, id, name) values ('late', 'per_late', 'Late') returning t, id)
        insert into api_key (t, id, person, name, secret_hash) select t, 'key_late', id, '', '\\x01' from p`
      added.push(database.ownerPool.query(insert))
    },
  })
  await Promise.all(added)
  expect(linesOf(from, 'person').join()).not.toContain('per_late')
  await restore(from, await target()) // a key without its person would be refused
})

const damages: readonly (readonly [string, ErrorCode, (from: string) => void])[] = [
  ['a bit flipped in a table', 'backup/damaged', (from) => flip(tablePath(from, 'run_log'), 0.5)],
  ['a table cut off', 'backup/damaged', (from) => truncateSync(tablePath(from, 'person'), 20)],
  ['a table that is missing', 'backup/incomplete', (from) => rmSync(tablePath(from, 'decision'))],
  ['no manifest: it was interrupted', 'backup/incomplete', (from) => rmSync(manifestPath(from))],
  [
    'a number changed in the manifest',
    'backup/damaged',
    (from) => replace(manifestPath(from), '"rows": 2501', '"rows": 2500'),
  ],
  ['a manifest that is no JSON', 'backup/damaged', (from) => truncateSync(manifestPath(from), 100)],
  ['a bit flipped in the key', 'backup/damaged', (from) => flip(keyPath(from), 0.7)],
  ['a key that others can read', 'governance/master-key-unsafe', (from) => chmodSync(keyPath(from), 0o644)],
  ['the key moved away', 'backup/no-key', (from) => rmSync(keyPath(from))],
]

test.each(damages)('%s: nothing is restored', async (_, code, damage) => {
  const from = await backup()
  damage(from)
  const to = await target()
  await expect(restore(from, to)).rejects.toEqual(coded(code))
  await expectUntouched(to)
})

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  const n = Math.floor(bytes.length * at)
  bytes[n] = (bytes[n] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

function replace(path: string, from: string, to: string): void {
  const text = readFileSync(path, 'utf8')
  expect(text).toContain(from)
  writeFileSync(path, text.replace(from, to))
}

test('a backup without the key takes it from where it is kept, and takes no other', async () => {
  const from = await backup({ withoutKey: true })
  expect(readdirSync(join(from, 'key'))).toEqual([])
  const to = await target()
  await expect(restore(from, to)).rejects.toEqual(coded('backup/no-key'))
  const other = join(folder, 'other.key')
  const strange = await testDatabase()
  ended.push(() => strange.drop())
  await openMasterKey(other, strange.pool)
  await expect(restore(from, to, other)).rejects.toEqual(coded('backup/wrong-key'))
  await expectUntouched(to)
  await restore(from, to, key)
  expect(readFileSync(to.masterKey, 'utf8')).toBe(readFileSync(key, 'utf8'))
})

test('a database or a directory that holds anything is not touched', async () => {
  const from = await backup()
  const to = await target()
  await restore(from, to)
  await expect(restore(from, to)).rejects.toEqual(coded('backup/not-empty'))
  const fresh = await target()
  writeFileSync(fresh.masterKey, 'another', { mode: 0o600 })
  await expect(restore(from, fresh)).rejects.toEqual(coded('backup/not-empty'))
  expect(readFileSync(fresh.masterKey, 'utf8')).toBe('another')
})

test('a backup is written over nothing, and one that fails leaves nothing that looks like one', async () => {
  const from = await backup()
  const write = (out: string, from = key): Promise<unknown> =>
    writeBackup({ ownerUrl: database.ownerUrl, out, key: from })
  await expect(write(from)).rejects.toEqual(coded('backup/target'))
  await expect(write(key)).rejects.toEqual(coded('backup/target'))
  const out = join(folder, 'failed')
  await expect(write(out, join(folder, 'no.key'))).rejects.toEqual(coded('governance/master-key-missing'))
  expect(readdirSync(out)).toEqual([])
})

test('a release is recorded with who ordered it, and happens once', async () => {
  const to = await target()
  await restore(await backup(), to)
  const pool = openPool({ url: to.url, max: 1, name: 'test' })
  ended.unshift(() => pool.end())
  const hold = new EffectsHold({ pool, audit: new AuditLog(common) })
  const held = await hold.read()
  const person = mintId('per', 0, systemRandom)
  expect(await hold.release(person)).toBe(true)
  expect(await hold.release(person)).toBe(false)
  const { rows } = await pool.query(`select actor, object from audit_log where action = 'effects/released'`)
  expect(rows).toEqual([{ actor: person, object: held?.id }])
})
