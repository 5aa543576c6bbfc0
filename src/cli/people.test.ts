import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { mainTenant } from '../core/ids.ts'
import { testServer, type TestServer } from '../server/testing.ts'
import { peopleCommand } from './people.ts'
import { runCli } from './testing.ts'

let server: TestServer
beforeAll(async () => void (server = await testServer()))
afterAll(() => server.stop())

test.each(['invite', 'reset'])('people %s prints a link whose code sets a password', async (command) => {
  const email = `${command}@example.com`
  const { id } = await server.planes.people.add({ tenant: mainTenant, name: 'Ada', email, actor: undefined })
  const { stdout } = await runCli([peopleCommand], ['people', command, id, '--json', '--data', server.home])
  const link = new URL(z.object({ link: z.string() }).parse(JSON.parse(stdout)).link)
  expect(link.search).toBe('') // what is no fragment is sent, and logged
  const code = new URLSearchParams(link.hash.slice(1)).get('code')
  const answer = await fetch(`${server.url}/api/v1/codes/exchange`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code, password: 'a long enough one' }),
  })
  expect(answer.status).toBe(201)
  expect(await answer.json()).toMatchObject({ person: { id, email } })
})
