import { buildConsole, consoleDirectory, isConsoleStale } from '../../src/server/console-build.ts'
import { testServer, type TestServer } from '../../src/server/testing.ts'
import { type Browser, type BrowserOptions, openBrowser } from './browser.ts'

/** A server with the console, and runs of every kind that people look at. */
export interface Desk {
  readonly server: TestServer
  /** By what became of them. */
  readonly runs: Readonly<Record<'waiting' | 'succeeded' | 'failed' | 'held' | 'cancelled', string>>
  /** A browser in which the owner is signed in. */
  browse(options?: BrowserOptions): Promise<Browser>
  stop(): Promise<void>
}

export async function openDesk(): Promise<Desk> {
  if (isConsoleStale()) await buildConsole()
  const server = await testServer({}, { console: consoleDirectory })
  for (const n of Array.from({ length: 12 }, (_, at) => at))
    await server.mail(`What are your hours? (${n})`, `Hours ${n}`)
  const succeeded = await server.mail('What are your hours?', 'Hours')
  const waiting = await server.mail('I want a refund of what I paid twice.', 'Refund')
  await server.mail('A refund, please', 'Refund 2')
  const failed = await server.mail('explode', 'It breaks')
  const held = await server.mail('What do you do?', 'Held', { hold: true })
  const cancelled = await server.mail('sleep', 'Sleeps')
  await server.ask(`/api/v1/runs/${cancelled.run}/cancel`, { method: 'POST' })
  await server.mail('forbidden', 'Not allowed')
  await server.ask('/api/v1/mail?pipeline=desk', {
    method: 'POST',
    headers: { 'content-type': 'message/rfc822' },
    body: 'This is <script>alert(1)</script> no mail: \u202Eabc',
  })
  return {
    server,
    runs: {
      waiting: waiting.run,
      succeeded: succeeded.run,
      failed: failed.run,
      held: held.run,
      cancelled: cancelled.run,
    },
    async browse(options = {}) {
      const browser = await openBrowser({ ...options, headers: { authorization: `Bearer ${server.key}` } })
      // Under the owner's key: a session of that person, as the server would describe it.
      const person = { id: server.planes.owner.id, name: server.planes.owner.name }
      await browser.context.route('**/api/v1/session', (route) =>
        route.fulfill({ json: { person, roles: ['admin'], teams: [] } }),
      )
      return browser
    },
    stop: () => server.stop(),
  }
}
