import { z } from 'zod'
import { buildConsole, consoleDirectory, isConsoleStale } from '../../src/server/console-build.ts'
import { testServer, type TestServer } from '../../src/server/testing.ts'
import { type Browser, type BrowserOptions, openBrowser } from './browser.ts'

/** A server with the console, and runs of every kind that people look at. */
export interface Desk {
  readonly server: TestServer
  /** By what became of them. */
  readonly runs: Readonly<Record<'waiting' | 'succeeded' | 'failed' | 'held' | 'cancelled', string>>
  /** The key of a step in the middle of the waiting run. */
  readonly step: string
  /** A browser in which the owner is signed in. */
  browse(options?: BrowserOptions): Promise<Browser>
  /** A new person's one-time link. */
  invite(name: string, email: string): Promise<string>
  stop(): Promise<void>
}

/** Of everybody here. */
export const password = 'correct horse battery'

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
  const codeOf = async (person: string): Promise<string> => {
    const answer = await server.ask(`/api/v1/people/${person}/code`, { method: 'POST' })
    return z.object({ path: z.string() }).parse(await answer.json()).path
  }
  const session = await sessionOf(server, await codeOf(server.planes.owner.id))
  return {
    server,
    runs: {
      waiting: waiting.run,
      succeeded: succeeded.run,
      failed: failed.run,
      held: held.run,
      cancelled: cancelled.run,
    },
    step: waiting.steps.find(({ kind }) => kind === 'decide')?.key ?? '',
    async browse(options = {}) {
      const browser = await openBrowser(options)
      await browser.context.addCookies([{ ...session, url: server.url }])
      return browser
    },
    async invite(name, email) {
      const body = JSON.stringify({ name, email })
      const headers = { 'content-type': 'application/json' }
      const answer = await server.ask('/api/v1/people', { method: 'POST', headers, body })
      return server.url + (await codeOf(z.object({ id: z.string() }).parse(await answer.json()).id))
    },
    stop: () => server.stop(),
  }
}

/** What a browser holds once a code was exchanged. */
async function sessionOf(server: TestServer, path: string): Promise<{ name: string; value: string }> {
  const code = new URLSearchParams(path.slice(path.indexOf('#') + 1)).get('code')
  const answer = await fetch(`${server.url}/api/v1/codes/exchange`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code, password }),
  })
  const [, name = '', value = ''] = /^([^=]+)=([^;]+)/.exec(answer.headers.get('set-cookie') ?? '') ?? []
  return { name, value }
}
