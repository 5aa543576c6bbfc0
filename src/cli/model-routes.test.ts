import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { systemClock } from '../core/clock.ts'
import { mainTenant, mintId } from '../core/ids.ts'
import { systemRandom } from '../core/random.ts'
import { noUsage } from '../models/cost/usage.ts'
import { testServer, type TestServer } from '../server/testing.ts'
import { modelsCommand, routesCommand } from './model-routes.ts'
import { runCli, type Written } from './testing.ts'

let server: TestServer
let folder: string
beforeAll(async () => {
  server = await testServer()
  folder = mkdtempSync(join(tmpdir(), 'millrace-routes-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await server.stop()
})

const cli = (...args: string[]): Promise<Written> =>
  runCli([modelsCommand, routesCommand], [...args, '--data', server.home])
const json = async <T>(schema: z.ZodType<T>, ...args: string[]): Promise<T> => {
  const { code, stderr, stdout } = await cli(...args, '--json')
  expect([code, stderr]).toEqual([0, ''])
  return schema.parse(JSON.parse(stdout))
}
const file = (name: string, content: unknown): string => {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify(content))
  return path
}
const version = z.object({ version: z.string() })
const plan = version.extend({
  plan: z.string(),
  result: z.object({ calls: z.number(), refused: z.number(), digest: z.string() }),
})

test('a route is set, planned on what was recorded, promoted and rolled back, and the audit log has each change', async () => {
  const { live, registry, traffic } = server.planes.modelRoutes
  const small = (await registry.models(mainTenant))[0]?.digest ?? ''
  const first = live.get('chat').digest
  const body = {
    health: {},
    worst: {},
    bounds: { inputBound: 10, outputCap: 10 },
    budgets: [],
    attempts: [{ version: small, outcome: 'answered' as const, usage: { ...noUsage, input: 10 } }],
    shadows: [],
  }
  const hourAgo = systemClock.today() - 3_600_000
  const facts = ['public', 'public', 'personal'] as const
  await traffic.append(
    facts.map((dataClass) => ({
      id: mintId('cal', hourAgo, systemRandom),
      tenant: mainTenant,
      route: 'chat',
      version: first,
      facts: { draw: 'aa', dataClass },
      ...body,
    })),
  )
  const [listed, models] = [await cli('routes', 'list'), await cli('models', 'list')]
  expect(listed.stdout).toContain(first.slice(0, 12))
  expect(models.stdout).toMatch(/small +[0-9a-f]{12} +openai +gpt-5-mini +unknown +standard +public/)

  const declaration = { targets: ['small'], constraints: { regions: ['eu'] } }
  const added = await json(version, 'routes', 'set', 'chat', '--file', file('eu.json', declaration))
  expect(live.get('chat').digest).toBe(first) // it does not answer yet
  const looked = await json(plan, 'routes', 'plan', 'chat', '--to', added.version.slice(0, 8))
  expect(looked).toMatchObject({ version: added.version, result: { calls: 3, refused: 3 } })
  const told = await cli('routes', 'plan', 'chat', '--file', file('eu.json', declaration))
  expect(told.stdout).toMatch(/3 calls move; 3 are refused \(0 were\)/)
  expect(told.stdout).toContain('it is in no known region, not in eu')
  const none = await json(plan, 'routes', 'plan', 'chat', '--to', added.version, '--since', '1m')
  expect(none.result.calls).toBe(0)

  const promoted = await json(plan, 'routes', 'promote', 'chat', added.version.slice(0, 8), '--plan', looked.plan)
  expect([promoted.plan, live.get('chat').digest]).toEqual([looked.plan, added.version])
  const back = await cli('routes', 'rollback', 'chat')
  expect(back.stdout).toBe(`chat answers with ${first.slice(0, 12)} again.\n`)
  expect(live.get('chat').digest).toBe(first)
  await json(plan, 'routes', 'promote', 'chat', added.version) // makes a plan of its own
  const shown = await cli('routes', 'show', 'chat')
  expect(shown.stdout).toMatch(new RegExp(`promoted.*${looked.plan}`))

  const { rows } = await server.planes.pool.query<{ action: string; object: string; actor: string | null }>(
    "select action, object, actor from audit_log where action ~ '^(routes|models)/' order by id",
  )
  expect(rows.map((one) => [one.action, one.object, one.actor === server.planes.owner.id])).toEqual([
    ['models/declared', `small@${small}`, false],
    ['routes/declared', `chat@${first}`, false],
    ['routes/version-added', `chat@${added.version}`, true],
    ['routes/promoted', `chat@${added.version}`, true],
    ['routes/rolled-back', `chat@${first}`, true],
    ['routes/promoted', `chat@${added.version}`, true],
  ])
})

test('mistakes end with a code and say what to do', async () => {
  const refused = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await cli(...args)
    expect(code).toBeGreaterThan(0)
    return stderr
  }
  expect(await refused('routes', 'show', 'none')).toMatch(/model\/no-such-route/)
  expect(await refused('models', 'show', 'none')).toMatch(/model\/no-such-model.*it has: small/)
  expect(await refused('routes', 'promote', 'chat', 'ffff')).toMatch(/model\/no-such-version/)
  expect(await refused('routes', 'promote', 'chat', 'xyz')).toMatch(/api\/bad-request/)
  expect(await refused('routes', 'set', 'chat', '--file', join(folder, 'none.json'))).toMatch(/cli\/bad-option.*--file/)
  expect(await refused('routes', 'set', 'chat', '--file', file('bad.json', { targets: ['tiny'] }))).toMatch(
    /model\/no-such-model/,
  )
  expect(
    await refused('routes', 'set', 'chat', '--file', file('odd.json', { targets: ['small'], falback: [] })),
  ).toMatch(/model\/bad-route.*falback/)
  expect(await refused('routes', 'set', 'Bad Name', '--file', file('good.json', { targets: ['small'] }))).toMatch(
    /model\/bad-route|api\/bad-request/,
  )
  expect(await refused('routes', 'plan', 'chat', '--budgets', file('b.json', [{ id: 'x' }]))).toMatch(
    /cost\/bad-budget/,
  )
  expect(await refused('routes', 'plan', 'chat', '--prices', file('p.json', [{ model: 'x' }]))).toMatch(
    /cost\/bad-price/,
  )
  expect(await refused('routes', 'plan', 'chat', '--since', 'soon')).toMatch(/30m, 2h or 7d/)
})
