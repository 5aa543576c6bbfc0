import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { mainTenant, mintId } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import type { RouteDeclaration } from '../../sdk/models.ts'
import { openPool, type Pool } from '../../store/pool.ts'
import { testDatabase, type TestDatabase } from '../../store/testing.ts'
import { LiveRoutes } from './live-routes.ts'
import { RouteRegistry } from './route-registry.ts'
import { testModel } from './testing.ts'

let database: TestDatabase
let registry: RouteRegistry
let audited: string[]
const tenant = mainTenant
const actor = mintId('per', systemClock.today(), systemRandom)
const models = [testModel('small'), testModel('large')]
const open: (() => Promise<unknown>)[] = []

const registryOn = (pool: Pool): RouteRegistry =>
  new RouteRegistry({
    pool,
    audit: {
      async append(connection, entries) {
        await connection.query('select 1') // over the caller's connection, in its transaction
        audited.push(
          ...entries.map((one) => `${one.action} ${one.object.split('@')[0]} ${one.actor ? 'person' : 'config'}`),
        )
      },
    },
  })
const declare = (routes: Record<string, RouteDeclaration>, with_ = models): Promise<void> =>
  registry.declare({ tenant, models: with_, routes })
const add = async (declaration: RouteDeclaration, route = 'chat'): Promise<string> =>
  (await registry.addVersion({ tenant, route, actor, declaration })).digest
const promote = (version: string, plan?: string) => registry.promote({ tenant, route: 'chat', actor, version, plan })
const answering = async (): Promise<string | undefined> => (await registry.current(tenant))[0]?.digest

beforeEach(async () => {
  database = await testDatabase()
  audited = []
  registry = registryOn(database.pool)
})
afterEach(async () => {
  for (const close of open.splice(0)) await close()
  await database.drop()
})

test('a version comes back from the database as it went in, its digest that of its content', async () => {
  const declaration: RouteDeclaration = {
    targets: [{ model: 'small', weight: 0.1, timeouts: { total: '5m' } }, 'large'],
    shadows: [{ model: 'large', share: 0.25 }],
    cascade: { scorer: { by: 'judge', model: 'large' }, least: 0.7, then: ['large'] },
    constraints: { regions: ['eu'], mostCost: { amount: '0.05', currency: 'EUR' }, mostTier: 'standard' },
    aliases: ['gpt-4o'],
  }
  await declare({})
  const made = await registry.addVersion({ tenant, route: 'chat', actor, declaration })
  const { created: _, ...read } = (await registry.version(tenant, 'chat', made.digest.slice(0, 8))) as Awaited<
    ReturnType<typeof registry.version>
  > & { created?: number } // what lists show
  expect(read).toEqual(made)
  expect(await answering()).toBeUndefined() // nobody has promoted it
})

test('a start with the same configuration changes nothing, not even what was promoted; another configuration counts', async () => {
  await declare({ chat: { targets: ['small'] } })
  const first = await answering()
  const other = await add({ targets: ['large'] })
  await promote(other)
  audited = []
  await declare({ chat: { targets: ['small'] } })
  expect([await answering(), audited]).toEqual([other, []])
  await declare({ chat: { targets: ['small', 'large'] } })
  await declare({ chat: { targets: ['small'] } }) // taken back
  expect(await answering()).toBe(first)
  expect(audited).toEqual(['routes/declared chat config', 'routes/declared chat config'])
})

test('another version of a model is another version of each declared route that names it, and of no other', async () => {
  await declare({ chat: { targets: ['small'] }, draft: { targets: ['large'] } })
  const before = new Map((await registry.current(tenant)).map((one) => [one.route, one.digest]))
  audited = []
  await declare({ chat: { targets: ['small'] }, draft: { targets: ['large'] } }, [
    testModel('small', { region: 'eu' }),
    testModel('large'),
  ])
  const after = new Map((await registry.current(tenant)).map((one) => [one.route, one.digest]))
  expect([after.get('chat') === before.get('chat'), after.get('draft') === before.get('draft')]).toEqual([false, true])
  expect(audited).toEqual(['models/declared small config', 'routes/declared chat config'])
  const old = await add({ targets: [`small@${models[0]?.digest.slice(0, 8)}`] }) // the version before, by its digest
  expect((await registry.version(tenant, 'chat', old)).models).toHaveProperty(models[0]?.digest ?? '')
  expect((await registry.modelVersions(tenant, 'small')).length).toBe(2)
})

test('ten processes that start at once make one revision', async () => {
  await Promise.all(
    Array.from({ length: 10 }, () => declare({ chat: { targets: ['small'] }, draft: { targets: ['large'] } })),
  )
  expect(audited.filter((one) => one.startsWith('routes'))).toEqual([
    'routes/declared chat config',
    'routes/declared draft config',
  ])
  expect((await registry.history(tenant, 'chat')).revisions).toHaveLength(1)
})

test('rolling back leads to the version before, then to the one before that, never to and fro', async () => {
  await declare({ chat: { targets: ['small'] } })
  const [a, b] = [await answering(), await add({ targets: ['large'] })]
  const c = await add({ targets: ['small', 'large'] })
  for (const one of [b, c, b]) await promote(one)
  const back = async () => (await registry.rollBack({ tenant, route: 'chat', actor })).digest
  expect([await back(), await back(), await back()]).toEqual([c, b, a])
  await expect(back()).rejects.toMatchObject({ code: 'model/no-earlier-version' })
  expect(await answering()).toBe(a)
  await promote(c)
  expect(await back()).toBe(a)
  expect((await registry.history(tenant, 'chat')).revisions[0]).toMatchObject({
    how: 'rolled-back',
    previous: c,
    digest: a,
    actor,
  })
})

test('each change has one audit entry, in its transaction; promoting what answers is none', async () => {
  await declare({ chat: { targets: ['small'] } })
  const b = await add({ targets: ['large'] })
  await add({ targets: ['large'] }) // known
  await promote(b)
  await promote(b)
  await registry.rollBack({ tenant, route: 'chat', actor })
  expect(audited).toEqual([
    'models/declared small config',
    'models/declared large config',
    'routes/declared chat config',
    'routes/version-added chat person',
    'routes/promoted chat person',
    'routes/rolled-back chat person',
  ])
  const failing = new RouteRegistry({
    pool: database.pool,
    audit: { append: () => Promise.reject(new Error('no audit')) },
  })
  await expect(failing.promote({ tenant, route: 'chat', actor, version: b })).rejects.toThrow('no audit')
  expect(await answering()).not.toBe(b)
})

test('mistakes are refused by name, and change nothing', async () => {
  await declare({ chat: { targets: ['small'], aliases: ['gpt-4o'] } })
  const code = (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (error: { code?: string }) => error.code,
    )
  expect(await code(add({ targets: ['tiny'] }))).toBe('model/no-such-model')
  expect(await code(add({ targets: ['small@00000000'] }))).toBe('model/no-such-model')
  expect(await code(add({ targets: [] }))).toBe('model/bad-route')
  expect(await code(promote('ffffffff'))).toBe('model/no-such-version')
  expect(await code(promote(''))).toBe('done') // one version: its beginning is any; see below
  await add({ targets: ['large'] })
  expect(await code(promote(''))).toBe('model/no-such-version') // more than one begins so
  expect(await code(registry.rollBack({ tenant, route: 'none', actor }))).toBe('model/no-such-route')
  expect(
    await code(
      declare({ chat: { targets: ['small'], aliases: ['gpt-4o'] }, mini: { targets: ['small'], aliases: ['gpt-4o'] } }),
    ),
  ).toBe('model/bad-route')
  expect(await code(declare({ chat: { targets: ['small'], aliases: ['draft'] }, draft: { targets: ['small'] } }))).toBe(
    'model/bad-route',
  )
  expect((await registry.current(tenant)).map((one) => one.route)).toEqual(['chat'])
})

test('a promotion is in force in another process within two seconds, and an outage leaves what was', async () => {
  await declare({ chat: { targets: ['small'], aliases: ['gpt-4o'] } })
  const elsewhere = openPool({ url: database.appUrl, max: 2, name: 'elsewhere' })
  let isDown = false
  let looks = 0
  const flaky = Object.assign(Object.create(elsewhere) as Pool, {
    query: (...args: Parameters<Pool['query']>) => {
      looks++
      return isDown ? Promise.reject(new Error('the server is gone')) : elsewhere.query(...args)
    },
  })
  const live = await LiveRoutes.open({ pool: flaky, tenant, clock: systemClock })
  open.push(
    () => live.close(),
    () => elsewhere.end(),
  )
  expect(live.get('gpt-4o').route).toBe('chat')
  expect(() => live.get('gpt-5')).toThrow(/no model route gpt-5/)
  const b = await add({ targets: ['large'] })
  await promote(b)
  await expect.poll(() => live.get('chat').digest, { timeout: 2000, interval: 20 }).toBe(b)
  isDown = true
  const before = looks
  await registry.rollBack({ tenant, route: 'chat', actor })
  await expect.poll(() => looks, { timeout: 4000, interval: 20 }).toBeGreaterThan(before)
  expect(live.get('chat').digest).toBe(b)
  isDown = false
  await expect.poll(() => live.get('chat').digest, { timeout: 2000, interval: 20 }).not.toBe(b)
})
