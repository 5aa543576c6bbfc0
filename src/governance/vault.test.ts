import { createSecretKey } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { type KeyId, mainTenant, type PayloadId, type TenantId } from '../core/ids.ts'
import { systemRandom } from '../core/random.ts'
import { testDatabase, type TestDatabase } from '../store/testing.ts'
import { Payloads } from './payloads.ts'
import { type FreshKey, Vault } from './vault.ts'

let database: TestDatabase
let vault: Vault
let payloads: Payloads
const other = 'other' as TenantId
const base = { random: systemRandom, clock: systemClock }
const master = {
  wrapping: createSecretKey(Buffer.alloc(32, 1)),
  hashing: createSecretKey(Buffer.alloc(32, 2)),
}
const openVault = (): Vault => new Vault({ ...base, pool: database.pool, master })

beforeAll(async () => {
  database = await testDatabase()
})
beforeEach(() => {
  vault = openVault()
  payloads = new Payloads({ ...base, pool: database.pool, keys: vault })
})
afterAll(() => database.drop())

async function keep(fresh: FreshKey, tenant = mainTenant): Promise<KeyId> {
  await database.pool.query(`insert into subject_key (t, id, wrapped, retention_class) values ($1, $2, $3, 'event')`, [
    tenant,
    fresh.id,
    fresh.wrapped,
  ])
  return fresh.id
}
const destroy = (key: KeyId) =>
  database.pool.query('update subject_key set wrapped = null, destroyed = clock_timestamp() where id = $1', [key])

test('a key opens again in another process, and only as wrapped for its tenant and id', async () => {
  const fresh = vault.mint(mainTenant)
  const second = openVault()
  expect(second.unwrap(mainTenant, fresh.id, fresh.wrapped).export()).toEqual(fresh.key.export())
  const id = vault.mint(mainTenant).id
  const altered = Buffer.from(fresh.wrapped)
  altered[40] = (altered[40] ?? 0) ^ 1
  for (const [tenant, key, wrapped] of [
    [other, fresh.id, fresh.wrapped],
    [mainTenant, id, fresh.wrapped],
    [mainTenant, fresh.id, altered],
    [mainTenant, fresh.id, Buffer.alloc(3)],
  ] as const)
    expect(() => openVault().unwrap(tenant, key, wrapped)).toThrow(/no data key/)
})

test('a key that is open here for one tenant is not handed to another', async () => {
  const id = await keep(vault.mint(mainTenant))
  await vault.get(mainTenant, id)
  await expect(vault.get(other, id)).rejects.toSatisfy((e) => isMillraceError(e, 'governance/no-such-key'))
})

test('a destroyed key opens nothing, not even where it was open before', async () => {
  const id = await keep(vault.mint(mainTenant))
  const payload = await payloads.store({ tenant: mainTenant, key: id, class: 'test', value: 'secret' })
  expect(await payloads.load(mainTenant, payload)).toBe('secret')
  await destroy(id)
  await expect(payloads.load(mainTenant, payload)).rejects.toSatisfy((e) =>
    isMillraceError(e, 'governance/key-destroyed'),
  )
  await expect(vault.get(mainTenant, id)).rejects.toThrow(/destroyed/)
  await expect(openVault().get(mainTenant, id)).rejects.toThrow(/destroyed/)
})

test('an outside id has one subject and key, however many processes meet it at once, in any order', async () => {
  const names = Array.from({ length: 40 }, (_, n) => `person-${n}@bank.example`)
  const rounds = await Promise.all(
    [names, names.toReversed(), [...names, ...names], names.toSorted()].map((outside) =>
      openVault().subjects(mainTenant, outside),
    ),
  )
  const [first = [], second = [], third = []] = rounds
  expect(second.toReversed()).toEqual(first)
  expect(third).toEqual([...first, ...first])
  expect(new Set(first.map((one) => one.subject)).size).toBe(40)
  for (const { key } of first.slice(0, 3)) await openVault().get(mainTenant, key)
  const { rows } = await database.pool.query('select from subject_key where subject is not null')
  expect(rows).toHaveLength(40)
})

test('the outside id is nowhere in the database, and another tenant has another subject for it', async () => {
  const outside = 'carol@bank.example'
  const [here] = await vault.subjects(mainTenant, [outside])
  const [there] = await vault.subjects(other, [outside])
  expect(there?.subject).not.toBe(here?.subject)
  const { rows } = await database.pool.query<{ row: string }>(
    'select s::text as row from subject s union all select a::text from subject_alias a union all select k::text from subject_key k',
  )
  expect(rows.map(({ row }) => row).join()).not.toContain('carol')
  const hashes = await database.pool.query('select distinct hash from subject_alias where subject = any($1)', [
    [here?.subject, there?.subject],
  ])
  expect(hashes.rows).toHaveLength(2)
})

test('an event’s key becomes the subject’s once: a second person does not take it over', async () => {
  const id = await keep(vault.mint(mainTenant))
  const [a, b] = await vault.subjects(mainTenant, ['a', 'b'])
  if (!a || !b) throw new Error('two subjects')
  await vault.link(mainTenant, [{ key: id, subject: a.subject }])
  await vault.link(mainTenant, [{ key: id, subject: b.subject }])
  const { rows } = await database.pool.query('select subject from subject_key where id = $1', [id])
  expect(rows).toEqual([{ subject: a.subject }])
})

test('opened keys are bounded, and one that fell out is opened again', async () => {
  const id = await keep(vault.mint(mainTenant))
  const key = await vault.get(mainTenant, id)
  for (let n = 0; n < 50_000; n++) {
    const fresh = vault.mint(mainTenant)
    vault.unwrap(mainTenant, fresh.id, fresh.wrapped)
  }
  const again = await vault.get(mainTenant, id)
  expect(again).not.toBe(key)
  expect(again.export()).toEqual(key.export())
})

test('a payload is stored sealed, and found by its tenant alone', async () => {
  const id = await keep(vault.mint(mainTenant))
  const value = { text: 'My card 4111 is lost', odd: ['\u0000', 'ß', 1e21] }
  const payload = await payloads.store({ tenant: mainTenant, key: id, class: 'test', value })
  expect(await payloads.load(mainTenant, payload)).toEqual(value)
  const { rows } = await database.pool.query<{ body: Buffer }>('select body from payload where id = $1', [payload])
  expect(rows[0]?.body.includes('4111')).toBe(false)
  await expect(payloads.load(other, payload)).rejects.toSatisfy((e) => isMillraceError(e, 'governance/no-such-payload'))
  await expect(payloads.load(mainTenant, `pay_${'0'.repeat(32)}` as PayloadId)).rejects.toThrow(/does not have it/)
})

test('an altered payload is refused with a code, not shown', async () => {
  const id = await keep(vault.mint(mainTenant))
  const payload = await payloads.store({ tenant: mainTenant, key: id, class: 'test', value: 'pay 10 EUR' })
  await database.ownerPool.query(
    'update payload set body = set_byte(body, 50, 255 - get_byte(body, 50)) where id = $1',
    [payload],
  )
  await expect(payloads.load(mainTenant, payload)).rejects.toSatisfy((e) =>
    isMillraceError(e, 'governance/payload-altered'),
  )
})
