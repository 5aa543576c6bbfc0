import { afterAll, beforeAll, expect, test } from 'vitest'
import { mainTenant, type TenantId } from '../../core/ids.ts'
import { answerOf, completion, questionOf } from '../../models/caches/testing.ts'
import { testServer, type TestServer } from '../testing.ts'

let server: TestServer
beforeAll(async () => void (server = await testServer()))
afterAll(() => server.stop())

const read = async (path: string): Promise<unknown> => (await server.ask(path)).json()

test('what a route’s cache did and holds is told, and emptying it is audited and leaves other routes and tenants theirs', async () => {
  const { answers, counts } = server.planes.caches
  await answers.keep(questionOf('Hi'), answerOf(completion('Hello.')))
  await answers.keep(questionOf('Hi', { tenant: 'other' as TenantId }), answerOf(completion('Hello.')))
  await answers.find(questionOf('Hi'))
  await answers.find(questionOf('Ho'))
  await counts.write()
  expect(await read('/api/v1/routes/chat/cache')).toMatchObject({
    route: 'chat',
    answers: 1,
    exactHits: 1,
    misses: 1,
    hitRate: 0.5,
    kept: 1,
    saved: [{ currency: 'USD', nano: '70' }],
  })
  expect(await read('/api/v1/routes/chat/cache?until=2020-01-01')).toMatchObject({ answers: 1, exactHits: 0 })
  const emptied = await server.ask('/api/v1/routes/chat/cache', { method: 'DELETE' })
  expect([emptied.status, await emptied.json()]).toEqual([200, { emptied: 1 }])
  expect(await answers.find(questionOf('Hi'))).toBeUndefined()
  expect(await answers.find(questionOf('Hi', { tenant: 'other' as TenantId }))).toBeDefined()
  const { rows } = await server.database.pool.query(
    `select t, actor, object from audit_log where action = 'routes/cache-emptied'`,
  )
  expect(rows).toEqual([{ t: mainTenant, actor: server.planes.owner.id, object: 'chat' }])
})

test('a person rejects the answer of one call, and the rest stays', async () => {
  const { answers } = server.planes.caches
  const rejected = answerOf(completion('Wrong.'))
  await answers.keep(questionOf('A'), rejected)
  await answers.keep(questionOf('B'), answerOf(completion('Right.')))
  const path = `/api/v1/routes/chat/cache?call=${rejected.call}`
  for (const emptied of [1, 0]) expect(await (await server.ask(path, { method: 'DELETE' })).json()).toEqual({ emptied })
  expect(await answers.find(questionOf('A'))).toBeUndefined()
  expect(await answers.find(questionOf('B'))).toBeDefined()
  expect((await server.ask('/api/v1/routes/chat/cache?call=x', { method: 'DELETE' })).status).toBe(400)
})

test('a route that is not there, and a day that is none, are refused by name', async () => {
  for (const method of ['GET', 'DELETE'])
    expect(await (await server.ask('/api/v1/routes/none/cache', { method })).json()).toMatchObject({
      code: 'model/no-such-route',
    })
  expect(await read('/api/v1/routes/chat/cache?from=yesterday')).toMatchObject({ code: 'api/bad-request' })
})
