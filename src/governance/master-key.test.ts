import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import type { ErrorCode } from '../core/errors/dictionary.ts'
import { systemRandom } from '../core/random.ts'
import { seal, unseal } from '../core/seal.ts'
import { testDatabase, type TestDatabase } from '../store/testing.ts'
import { openMasterKey } from './master-key.ts'

let database: TestDatabase
let folder: string
const file = (name = 'master.key'): string => join(folder, name)
const open = (name?: string) => openMasterKey(file(name), database.pool)
const refused = (name: string | undefined, code: ErrorCode) =>
  expect(open(name)).rejects.toSatisfy((e) => isMillraceError(e, code))

beforeAll(async () => {
  database = await testDatabase()
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-key-'))
})
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true })
  await database.ownerPool.query('delete from master_key_check')
})
afterAll(() => database.drop())

test('the first start makes a key that only its user can read; the next one opens the same', async () => {
  const first = await open()
  expect(statSync(file()).mode & 0o777).toBe(0o600)
  const text = seal(first.wrapping, 'x', systemRandom).body
  expect(unseal((await open()).wrapping, text)).toBe('x')
  expect((await open()).hashing.export()).toEqual(first.hashing.export())
  expect(first.hashing.export()).not.toEqual(first.wrapping.export())
})

test('a key that the database knows and that is missing is refused, and no new one is made', async () => {
  await open()
  rmSync(file())
  await refused(undefined, 'governance/master-key-missing')
  expect(existsSync(file())).toBe(false)
})

test('another key, or one that is cut short, is refused and left as it is', async () => {
  await open()
  const other = `millrace-master-key-1:${Buffer.alloc(32, 7).toString('base64url')}\n`
  const right = readFileSync(file(), 'utf8')
  for (const text of [other, right.slice(0, 50), '', right.replace(/.\n$/, '!\n'), `${right}x`]) {
    writeFileSync(file(), text)
    await refused(undefined, 'governance/master-key-wrong')
    expect(readFileSync(file(), 'utf8')).toBe(text)
  }
})

test.each([0o644, 0o660, 0o604])('a key with the mode %o is refused', async (mode) => {
  await open()
  chmodSync(file(), mode)
  await refused(undefined, 'governance/master-key-unsafe')
})

test('a place that the system refuses is told with its reason', async () => {
  await refused('missing/master.key', 'governance/master-key-unreadable')
  mkdirSync(file('folder'), { mode: 0o700 })
  await refused('folder', 'governance/master-key-unreadable')
})

test('starts at once on one directory all get one key', async () => {
  const opened = await Promise.all([open(), open(), open(), open()])
  expect(new Set(opened.map((key) => key.wrapping.export().toString('hex'))).size).toBe(1)
})

test('starts at once from two directories on one database: one key counts, the other start is refused', async () => {
  const settled = await Promise.allSettled([open('a'), open('b')])
  const failed = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : [])) // vitest types it as any
  expect(failed).toHaveLength(1)
  expect(failed[0]).toHaveProperty('code', expect.stringMatching(/^governance\/master-key-(?:wrong|missing)$/)) // missing: the other was done
})
