import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { mainTenant, type PersonId, type TenantId } from '../core/ids.ts'
import { systemRandom } from '../core/random.ts'
import { testDatabase, type TestDatabase } from '../store/testing.ts'
import { ApiKeys } from './api-keys.ts'
import { AuditLog } from './audit-log.ts'
import { People } from './people.ts'

let database: TestDatabase
let people: People
let keys: ApiKeys
let ada: PersonId

beforeAll(async () => {
  database = await testDatabase()
  const base = { random: systemRandom, clock: systemClock }
  const audit = new AuditLog(base)
  people = new People({ ...base, pool: database.pool, audit })
  keys = new ApiKeys({ ...base, pool: database.pool, audit })
  ada = (await people.add({ tenant: mainTenant, name: 'Ada', actor: undefined })).id
})
afterAll(() => database.drop())

const create = (over: { name?: string; expires?: number; person?: PersonId; tenant?: TenantId } = {}) =>
  keys.create({ tenant: mainTenant, person: ada, name: 'laptop', actor: ada, ...over })
const audited = async (object: string): Promise<unknown[]> =>
  (await database.pool.query('select action, actor from audit_log where object = $1 order by id', [object])).rows

test('a secret is found again, and names its person and key', async () => {
  const { key, secret } = await create()
  expect(secret).toMatch(/^mr_[A-Za-z0-9_-]{47}$/)
  expect(await keys.verify(secret)).toEqual({
    tenant: mainTenant,
    person: { id: ada, name: 'Ada' },
    key: { id: key.id, name: 'laptop' },
  })
  expect(await audited(key.id)).toEqual([{ action: 'api-keys/created', actor: ada }])
})

test('the database never sees the secret, and no list shows it', async () => {
  const { secret } = await create()
  const { rows } = await database.ownerPool.query<{ row: string }>('select a::text as row from api_key a')
  expect(rows.map(({ row }) => row).join()).not.toContain(secret.slice(3, 20))
  expect(JSON.stringify(await keys.list(mainTenant))).not.toContain(secret.slice(3, 20))
})

test.each([
  ['empty', () => ''],
  ['cut short', (secret: string) => secret.slice(0, -1)],
  ['longer', (secret: string) => `${secret}A`],
  ['one letter off', (secret: string) => secret.slice(0, 5) + (secret[5] === 'A' ? 'B' : 'A') + secret.slice(6)],
  ['of another product', (secret: string) => `sk_${secret.slice(3)}`],
  ['with a line break', (secret: string) => `${secret}\n`],
  ['a hash instead of a secret', () => 'a'.repeat(64)],
])('a secret that is %s opens nothing', async (_, spoil) => {
  const { secret } = await create()
  expect(await keys.verify(spoil(secret))).toBeUndefined()
})

test('a well-formed secret that nobody has opens nothing', async () => {
  const { secret, key } = await create()
  await database.ownerPool.query('delete from api_key where id = $1', [key.id])
  expect(await keys.verify(secret)).toBeUndefined()
})

test('a revoked key opens nothing from then on, and is revoked once', async () => {
  const { secret, key } = await create()
  const revoked = await keys.revoke({ tenant: mainTenant, key: key.id, actor: ada })
  expect(revoked.revoked).toBeTypeOf('number')
  expect(await keys.verify(secret)).toBeUndefined()
  await expect(keys.revoke({ tenant: mainTenant, key: key.id, actor: ada })).rejects.toSatisfy((e) =>
    isMillraceError(e, 'governance/no-such-api-key'),
  )
  expect(await audited(key.id)).toHaveLength(2)
})

test("a key of another tenant is not this one's to revoke", async () => {
  const { secret, key } = await create()
  const other = 'other' as TenantId
  await expect(keys.revoke({ tenant: other, key: key.id, actor: ada })).rejects.toThrow(/no API key/)
  await expect(create({ tenant: other })).rejects.toSatisfy((e) => isMillraceError(e, 'governance/no-such-person'))
  expect(await keys.verify(secret)).toBeDefined()
})

test('a key ends when its time is over, by the clock of the database', async () => {
  const { secret, key } = await create({ expires: systemClock.today() + 3_600_000 })
  expect(await keys.verify(secret)).toBeDefined()
  await database.pool.query(`update api_key set expires = clock_timestamp() where id = $1`, [key.id])
  expect(await keys.verify(secret)).toBeUndefined()
})

test.each([
  ['no name', { name: '  ' }],
  ['a name with a line break', { name: 'a\nb' }],
  ['an end in the past', { expires: 1000 }],
  ['an end that is no date', { expires: Number.NaN }],
])('a key with %s is not made', async (_, over) => {
  const before = (await keys.list(mainTenant)).length
  await expect(create(over)).rejects.toSatisfy((e) => isMillraceError(e, 'governance/bad-person'))
  expect(await keys.list(mainTenant)).toHaveLength(before)
})

test('its use is noted at most once a minute, however many requests come at once', async () => {
  const { secret, key } = await create()
  const used = async (): Promise<number | undefined> =>
    (await keys.list(mainTenant, ada)).find((k) => k.id === key.id)?.lastUsed
  expect(await used()).toBeUndefined()
  await Promise.all(Array.from({ length: 8 }, () => keys.verify(secret)))
  const first = await used()
  expect(first).toBeTypeOf('number')
  await keys.verify(secret)
  expect(await used()).toBe(first)
  await database.pool.query(`update api_key set last_used = last_used - interval '2 minutes' where id = $1`, [key.id])
  await keys.verify(secret)
  expect(await used()).toBeGreaterThanOrEqual(first ?? Number.POSITIVE_INFINITY)
})

test('a key for models says what it may do, in its list and to whoever verifies it, and the most delicate data unless it says less', async () => {
  const grant = { routes: ['chat'], budgets: ['clients'], requests: 60, tokens: 10_000, atOnce: 4 }
  const made = await keys.create({ tenant: mainTenant, person: ada, name: 'shop', actor: ada, grant })
  const full = { ...grant, dataClass: 'special' }
  expect(made.key.grant).toEqual(full)
  expect((await keys.verify(made.secret))?.grant).toEqual(full)
  expect((await keys.list(mainTenant)).find(({ id }) => id === made.key.id)?.grant).toEqual(full)
  expect((await keys.revoke({ tenant: mainTenant, key: made.key.id, actor: ada })).grant).toEqual(full)
  expect((await keys.verify((await create()).secret))?.grant).toBeUndefined()
})

test.each([
  { requests: 0 },
  { tokens: 1.5 },
  { atOnce: -1 },
  { routes: [] },
  { routes: ['a\nb'] },
  { dataClass: 'secret' as never },
  { admin: true } as never,
])('a key for models with %j is not made', async (grant) => {
  const before = (await keys.list(mainTenant)).length
  await expect(keys.create({ tenant: mainTenant, person: ada, name: 'shop', actor: ada, grant })).rejects.toSatisfy(
    (e) => isMillraceError(e, 'governance/bad-person'),
  )
  expect(await keys.list(mainTenant)).toHaveLength(before)
})

test('what a key for models may do is changed by nobody', async () => {
  for (const statement of [`update model_grant set tokens = null`, 'delete from model_grant'])
    await expect(database.pool.query(statement)).rejects.toThrow(/permission denied/)
})

test('a person is added with an audit row, found, and listed in pages', async () => {
  const bob = await people.add({ tenant: mainTenant, name: ' Bob ', email: 'bob@bank.example', actor: ada })
  expect(bob).toMatchObject({ name: 'Bob', email: 'bob@bank.example' })
  expect(await people.get(mainTenant, bob.id)).toEqual(bob)
  expect(await audited(bob.id)).toEqual([{ action: 'people/added', actor: ada }])
  const [first, second] = [
    await people.list(mainTenant, { limit: 1 }),
    await people.list(mainTenant, { after: ada, limit: 1 }),
  ]
  expect([first, second].map((page) => page.map((p) => p.id))).toEqual([[ada], [bob.id]])
})

test('who is not there, or is of another tenant, is an error with a code', async () => {
  for (const [tenant, id] of [
    [mainTenant, 'per_\0'],
    [mainTenant, `per_${'0'.repeat(32)}`],
    ['other' as TenantId, ada],
  ] as const)
    await expect(people.get(tenant, id)).rejects.toSatisfy((e) => isMillraceError(e, 'governance/no-such-person'))
})

test.each([{ name: '' }, { name: 'a\u0000b' }, { name: 'x'.repeat(101) }, { name: 'Bob', email: 'not an address' }])(
  'a person like %j is refused, and nothing is recorded',
  async (input) => {
    const count = async (): Promise<unknown> => (await database.pool.query('select count(*) from audit_log')).rows
    const before = await count()
    await expect(people.add({ tenant: mainTenant, actor: ada, ...input })).rejects.toSatisfy((e) =>
      isMillraceError(e, 'governance/bad-person'),
    )
    expect(await count()).toEqual(before)
  },
)

test('a change whose audit row cannot be written does not happen', async () => {
  const broken = new AuditLog({ random: systemRandom, clock: systemClock })
  broken.append = () => Promise.reject(new Error('no audit'))
  const careless = new People({ pool: database.pool, audit: broken, random: systemRandom, clock: systemClock })
  const before = await people.list(mainTenant)
  await expect(careless.add({ tenant: mainTenant, name: 'Eve', actor: ada })).rejects.toThrow('no audit')
  expect(await people.list(mainTenant)).toEqual(before)
})
