import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerOf, completion, questionOf } from '../models/caches/testing.ts'
import { testServer, type TestServer } from '../server/testing.ts'
import { routesCommand } from './model-routes.ts'
import { runCli, type Written } from './testing.ts'

let server: TestServer
beforeAll(async () => void (server = await testServer()))
afterAll(() => server.stop())
const cli = (...args: string[]): Promise<Written> =>
  runCli([routesCommand], ['routes', 'cache', ...args, '--data', server.home])

test('hits, money and reasons are shown; one answer is rejected, and all are taken out', async () => {
  const { answers, counts } = server.planes.caches
  const first = answerOf(completion('Hello.'), { cost: { nano: 2_500_000n, currency: 'USD' } })
  await answers.keep(questionOf('Hi'), first)
  await answers.keep(questionOf('Ho'), answerOf(completion('Hello.')))
  await answers.keep(questionOf('Cut'), answerOf(completion('H', { finish_reason: 'length' })))
  await answers.find(questionOf('Hi'))
  await answers.find(questionOf('Hey'))
  await counts.write()
  const shown = await cli('chat')
  expect([shown.code, shown.stderr]).toEqual([0, ''])
  expect(shown.stdout).toContain('1 exact hits, 0 by meaning, 1 misses, 50.0%')
  expect(shown.stdout).toContain('saved 0.0025 USD')
  expect(shown.stdout).toMatch(/not kept +cut +1/)
  expect((await cli('chat', '--reject', first.call)).stdout).toContain('One answer is gone.')
  expect((await cli('chat', '--empty', '--json')).stdout).toContain('"emptied":1')
  expect((await cli('none')).stderr).toContain('model/no-such-route')
})
