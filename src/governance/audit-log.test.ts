import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { type EventId, isId, mainTenant, mintId, type PersonId, type WriterId } from '../core/ids.ts'
import { sha256 } from '../core/json.ts'
import { leafHash } from '../core/lineage.ts'
import { systemRandom } from '../core/random.ts'
import { transaction } from '../store/pool.ts'
import { testDatabase, type TestDatabase } from '../store/testing.ts'
import { type AuditEntry, auditKey, auditLeaf, AuditLog } from './audit-log.ts'

let database: TestDatabase
const audit = new AuditLog({ random: systemRandom, clock: systemClock })
const actor = mintId('per', systemClock.today(), systemRandom)
const entry = (over: Partial<AuditEntry> = {}): AuditEntry => ({
  tenant: mainTenant,
  actor,
  action: 'review/claimed',
  object: mintId('rev', systemClock.today(), systemRandom),
  ...over,
})

interface Row extends Record<string, unknown> {
  id: EventId
  actor: PersonId | null
  action: string
  object: string
  at: Date
  leaf: Buffer
  leaf_hash: Buffer
}
const rowsOf = async (objects: readonly string[]): Promise<Row[]> =>
  (await database.pool.query<Row>('select * from audit_log where object = any($1) order by id', [objects])).rows

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

test('a leaf that is computed again from the columns is the stored one (L9)', async () => {
  const entries = [entry(), entry({ actor: undefined, action: 'review/escalated' }), entry()]
  await audit.append(database.pool, entries)
  const rows = await rowsOf(entries.map((one) => one.object))
  expect(rows).toHaveLength(3)
  for (const row of rows) {
    const { writer } = JSON.parse(row.leaf.subarray(1).toString()) as { writer: WriterId } // the one field without a column
    const again = auditLeaf(
      { tenant: mainTenant, actor: row.actor ?? undefined, action: row.action, object: row.object },
      { id: row.id, at: row.at.getTime(), writer },
    )
    expect(again.equals(row.leaf)).toBe(true)
    expect(leafHash(row.leaf).equals(row.leaf_hash)).toBe(true)
  }
})

test('an entry and its pending leaf commit together (L3), in the order given', async () => {
  const entries = Array.from({ length: 20 }, () => entry())
  await audit.append(database.pool, entries)
  const rows = await rowsOf(entries.map((one) => one.object))
  expect(rows.map((row) => row.object)).toEqual(entries.map((one) => one.object))
  const { rows: pending } = await database.pool.query<{ run: string; leaf_hash: Buffer }>(
    'select run, leaf_hash from ledger_pending where run = any($1) order by run',
    [rows.map((row) => row.id)],
  )
  expect(pending).toEqual(rows.map((row) => ({ run: row.id, leaf_hash: row.leaf_hash })))
})

test('a leaf holds no string from outside (L7)', async () => {
  const one = entry({ action: 'people/added', object: 'Quill <quill@bank.example>' })
  await audit.append(database.pool, [one])
  const [row] = await rowsOf([one.object])
  const text = row?.leaf.toString() ?? ''
  expect(text).not.toMatch(/quill|people/i)
  const leaf = JSON.parse(text.slice(1)) as Record<string, unknown>
  expect(leaf['key']).toBe(sha256(auditKey(one)))
  const known = (value: unknown): boolean =>
    typeof value === 'string' &&
    (isId('evt', value) || isId('wri', value) || /^(?:[0-9a-f]{64}|run|end|done)$/.test(value))
  expect(Object.values(leaf).filter((value) => typeof value === 'string' && !known(value))).toEqual([])
})

test('an entry commits with what it records, or not at all', async () => {
  const one = entry()
  const failed = transaction(database.pool, async (connection) => {
    await audit.append(connection, [one])
    throw new Error('the change fails')
  })
  await expect(failed).rejects.toThrow('the change fails')
  expect(await rowsOf([one.object])).toHaveLength(0)
  await audit.append(database.pool, [])
})
