import { afterAll, beforeAll, expect, test } from 'vitest'
import { ScriptedUpstream } from '../models/providers/testing.ts'
import { callPage, trialView } from '../server/api/call-schemas.ts'
import { testServer, type TestServer } from '../server/testing.ts'
import { callsCommand } from './calls.ts'
import { modelsCommand } from './model-routes.ts'
import { runCli, type Written } from './testing.ts'

let upstream: ScriptedUpstream
let server: TestServer
beforeAll(async () => {
  upstream = await ScriptedUpstream.start({ does: 'answer', text: 'Hello there.', usage: { input: 20, output: 5 } })
  server = await testServer({
    models: { small: { provider: 'openai-compatible', model: 'llama', url: `${upstream.url}/v1`, sees: ['public'] } },
    routes: { chat: { targets: ['small'] } },
    prices: [
      { provider: 'openai-compatible', model: 'llama', currency: 'USD', from: '2020-01-01', input: '1', output: '1' },
    ],
    budgets: [],
  })
})
afterAll(async () => {
  await server.stop()
  await upstream.close()
})

const cli = (...args: string[]): Promise<Written> =>
  runCli([modelsCommand, callsCommand], [...args, '--data', server.home])

test('a route is tried, its answer shown with who gave it at what cost, and the call found again', async () => {
  const { stdout } = await cli('models', 'try', 'chat', 'Hi', '--data-class', 'public', '--json')
  const { call } = trialView.parse(JSON.parse(stdout))
  const listed = async (): Promise<string[]> => {
    const page = await cli('calls', 'list', '--route', 'chat', '--json')
    return callPage.parse(JSON.parse(page.stdout)).calls.map(({ id }) => id)
  }
  await expect.poll(listed).toEqual([call.id])
  const shown = await cli('calls', 'show', call.id)
  expect(shown.stdout).toContain(`small@${call.answered?.version.slice(0, 12)} answered (only-target)`)
  expect(shown.stdout).toContain('0.000025 USD')
})

test('a route that may not see the data says so, and asks nobody', async () => {
  const asked = upstream.calls.length
  const { code, stderr } = await cli('models', 'try', 'chat', 'My card is lost')
  expect([code === 0, upstream.calls.length]).toEqual([false, asked])
  expect(stderr).toContain('model/refused-by-constraint')
})
