import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { mainTenant, type TenantId } from '../core/ids.ts'
import { openPool, type Pool } from '../store/pool.ts'
import { testDatabase, type TestDatabase } from '../store/testing.ts'
import { ReplyCap } from './reply-cap.ts'

let database: TestDatabase
const hash = (text: string): Buffer => createHmac('sha256', 'test').update(text).digest()
const capOf = (most: number, pool: Pool = database.pool, tenant: TenantId = mainTenant): ReplyCap =>
  new ReplyCap({ pool, tenant, hash, most })

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

/** How many of these passed; what did not was refused by the cap and nothing else. */
async function passed(work: readonly Promise<void>[]): Promise<number> {
  const results = await Promise.allSettled(work)
  for (const one of results)
    if (one.status === 'rejected')
      expect(isMillraceError(one.reason, 'intake/too-many-replies') || one.reason).toBe(true)
  return results.filter((one) => one.status === 'fulfilled').length
}
const tokens = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n}-token`)

test('two processes that reply at once stay below the cap together', async () => {
  const other = openPool({ url: database.appUrl, max: 8, name: 'another process' })
  const [one, two] = [capOf(10), capOf(10, other)]
  const work = tokens('both', 40).map((token, n) => (n % 2 ? one : two).count(token, 'ann@mail.example'))
  expect(await passed(work)).toBe(10)
  await other.end()
})

test('a token counts once, however many attempts there are at once or later', async () => {
  const cap = capOf(2)
  expect(await passed(Array.from({ length: 8 }, () => cap.count('same-token', 'bob@mail.example')))).toBe(8)
  await cap.count('other-token', 'bob@mail.example')
  expect(await passed([cap.count('third-token', 'bob@mail.example')])).toBe(0)
  await cap.count('same-token', 'bob@mail.example')
  expect(await passed([cap.count('third-token', 'bob@mail.example')])).toBe(0) // refused, it had not become known
})

test('tags and letters share a mailbox; another address and another tenant have counts of their own', async () => {
  const cap = capOf(1)
  await cap.count('cap-token-1', 'cat@mail.example')
  expect(await passed([cap.count('cap-token-2', 'Cat+1@mail.example')])).toBe(0)
  await cap.count('cap-token-3', 'dog@mail.example')
  await capOf(1, database.pool, 'other' as TenantId).count('cap-token-2', 'cat@mail.example') // a test's own tenant
})

test('the next day counts anew; old days are swept; no address is kept', async () => {
  await capOf(1).count('day-token-1', 'eve@mail.example')
  await database.ownerPool.query('update reply_count set day = day - 1')
  await capOf(1).count('day-token-2', 'eve@mail.example')
  const days = async (): Promise<number> =>
    Number(
      (await database.pool.query<{ n: string }>("select count(distinct day) as n from reply_count where t = 'main'"))
        .rows[0]?.n,
    )
  expect(await days()).toBe(2)
  await database.ownerPool.query('update reply_count set day = day - 2')
  await capOf(1).count('day-token-3', 'eve@mail.example')
  expect(await days()).toBe(1)
  const { rows } = await database.pool.query<{ all: string }>(
    'select string_agg(c::text, chr(10)) as all from (select reply_count::text from reply_count union all select reply::text from reply) as x(c)',
  )
  expect(rows[0]?.all).toContain('day-token-3')
  expect(rows[0]?.all).not.toContain('mail.example')
})
