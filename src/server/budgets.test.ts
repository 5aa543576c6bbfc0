import { z } from 'zod'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mainTenant } from '../core/ids.ts'
import { ScriptedUpstream } from '../models/providers/testing.ts'
import { event, pipeline } from '../sdk/index.ts'
import { declareBudgets } from '../models/cost/budgets.ts'
import { budgetPage, budgetView } from './api/budget-routes.ts'
import { alertPage, correctionView, costPage } from './api/cost-routes.ts'
import { type TestServer, testServer } from './testing.ts'

// Budgets, costs and alerts, over the API, of calls that were really made.

const warned = event(
  'millrace.budget.warn',
  z.object({ budget: z.string(), period: z.string(), kind: z.string(), nano: z.string() }),
)
const alarm = pipeline(
  { name: 'alarm', on: warned, entity: ({ budget }) => ({ type: 'budget', id: budget }), subject: () => 'nobody' },
  async () => ({ heard: true }),
)
const declared = [{ id: 'clients', currency: 'USD', period: 'all', cap: '0.0001', warn: 20 } as const]

let upstream: ScriptedUpstream
let server: TestServer
beforeAll(async () => {
  upstream = await ScriptedUpstream.start({ does: 'answer', text: 'Hello.', usage: { input: 20, output: 5 } })
  server = await testServer({
    pipelines: [alarm],
    allow: [{ pipeline: 'alarm', steps: '*' }],
    models: { small: { provider: 'openai-compatible', model: 'llama', url: `${upstream.url}/v1`, sees: ['internal'] } },
    routes: { chat: { targets: ['small'] } },
    prices: [
      { provider: 'openai-compatible', model: 'llama', currency: 'USD', from: '2020-01-01', input: '1', output: '1' },
    ],
    budgets: declared,
    gateway: { budgets: ['clients'], dataClass: 'internal' },
  })
})
afterAll(async () => {
  await server.stop()
  await upstream.close()
})

const json = (body: unknown, method = 'POST'): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const chat = (cap: number) =>
  server.ask('/v1/chat/completions', {
    ...json({ model: 'chat', messages: [{ role: 'user', content: 'Hi' }], max_completion_tokens: cap }),
    headers: { 'millrace-entity': 'customer/1', 'millrace-task': 'triage' },
  })
const budgets = async () => budgetPage.parse(await (await server.ask('/api/v1/budgets')).json()).budgets
const report = async (query: string) => costPage.parse(await (await server.ask(`/api/v1/cost?${query}`)).json())
const audited = async () =>
  (
    await server.database.pool.query<{ action: string }>(
      `select action from audit_log where action ~ '^(budgets|cost)/' order by id`,
    )
  ).rows.map(({ action }) => action)

test('a call without room is refused until the budget is raised, and that is audited and outlives a restart', async () => {
  expect((await chat(100)).status).toBe(429)
  const set = await server.ask('/api/v1/budgets/clients', json({ cap: '1', warn: 1 }, 'PUT'))
  expect(budgetView.parse(await set.json())).toMatchObject({ id: 'clients', cap: '1000000000', currency: 'USD' })
  expect((await chat(100)).status).toBe(200)
  await declareBudgets(server.planes.pool, mainTenant, declared) // as each start does
  expect(await budgets()).toMatchObject([{ id: 'clients', cap: '1000000000', standing: 'normal' }])
  await expect.poll(budgets).toMatchObject([{ held: '0', spent: '25000' }])
  expect(await audited()).toEqual(['budgets/changed'])
  await declareBudgets(server.planes.pool, mainTenant, [{ ...declared[0], cap: '2' }]) // the settings say something new
  expect(await budgets()).toMatchObject([{ cap: '2000000000' }])
})

test.each([
  ['clients', { cap: '-1' }, 422, 'cost/bad-budget'],
  ['clients', { currency: 'EUR' }, 422, 'cost/bad-budget'],
  ['clients', { parent: 'clients' }, 422, 'cost/bad-budget'],
  ['clients', { parent: 'nobody' }, 422, 'cost/bad-budget'],
  ['clients', { warn: 90, downgrade: 10 }, 422, 'cost/bad-budget'],
  ['new', { cap: '1' }, 422, 'cost/bad-budget'],
  ['clients', { warn: 0 }, 400, 'api/bad-request'],
  ['clients', { most: 1 }, 400, 'api/bad-request'],
])('the budget %s is not set to %j', async (id, change, status, code) => {
  const before = await budgets()
  const answer = await server.ask(`/api/v1/budgets/${id}`, json(change, 'PUT'))
  expect([answer.status, await answer.json()]).toMatchObject([status, { code }])
  expect(await budgets()).toEqual(before)
})

test('the report tells by model, task and entity what was spent, and a correction follows it once', async () => {
  for (const [by, key] of [
    ['model', 'openai-compatible/llama'],
    ['task', 'triage'],
    ['entity', 'customer/1'],
    ['pipeline', ''],
  ])
    expect((await report(`by=${by}`)).lines).toMatchObject([{ key, currency: 'USD', attempts: 1, cost: '25000' }])
  const { rows } = await server.database.pool.query<{ id: string }>(
    `select id from reservation where state = 'settled'`,
  )
  const path = `/api/v1/cost/reservations/${rows[0]?.id}/corrections`
  const body = { key: 'invoice-7', amount: '-0.000005', reason: 'a discount' }
  const told = []
  for (let n = 0; n < 2; n++) told.push(correctionView.parse(await (await server.ask(path, json(body))).json()).isNew)
  expect(told).toEqual([true, false])
  expect((await report('by=task')).lines).toMatchObject([{ cost: '20000' }])
  expect((await budgets())[0]?.spent).toBe('20000')
  expect((await audited()).filter((action) => action === 'cost/corrected')).toHaveLength(1)
  const bad = await server.ask(path, json({ ...body, amount: 'much' }))
  expect(await bad.json()).toMatchObject({ code: 'api/bad-request' })
  const none = await server.ask('/api/v1/cost/reservations/res_0/corrections', json(body))
  expect([none.status, await none.json()]).toMatchObject([409, { code: 'cost/not-held' }])
})

test('a threshold is one alert and one event, whose run a pipeline has', async () => {
  await server.ask('/api/v1/budgets/clients', json({ cap: '0.002', warn: 1 }, 'PUT'))
  for (let n = 0; n < 3; n++) expect((await chat(100)).status).toBe(200)
  const events = async () =>
    (await server.database.pool.query(`select pipeline, type from inbox where source = 'millrace/budgets'`)).rows
  await expect.poll(events).toEqual([{ pipeline: 'alarm', type: 'millrace.budget.warn' }])
  const { alerts } = alertPage.parse(await (await server.ask('/api/v1/cost/alerts')).json())
  expect(alerts.filter(({ kind }) => kind === 'warn')).toMatchObject([{ budget: 'clients', period: 'all' }])
})
