import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { isMillraceError, MillraceError } from '../core/errors/millrace-error.ts'
import { problemAnswer } from '../server/api/problem.ts'
import { HttpServer } from '../server/http-server.ts'
import { writeServerJson } from '../server/embedded/home.ts'
import { freePort } from '../server/embedded/free-port.ts'
import { Client, ServerProblem } from './client.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})
/** Another program on a port. */
async function other(answer: http.RequestListener): Promise<string> {
  const server = http.createServer(answer).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  closing.push(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // a TCP server's address
}
const clientOf = (url: string): Client => new Client({ url, key: 'mr_x' })
const runs = z.object({ runs: z.array(z.string()) })
const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  return isMillraceError(error) || error instanceof ServerProblem ? error.code : String(error)
}

describe('what answers', () => {
  test('nothing: the server is gone', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    expect(await codeOf(clientOf(url).get('/runs', runs))).toBe('cli/unreachable')
  })

  test('a program that hangs up at once', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    closing.push(() => new Promise((resolve) => void server.close(() => resolve())))
    const { port } = server.address() as AddressInfo // a TCP server's address
    expect(await codeOf(clientOf(`http://127.0.0.1:${port}`).get('/runs', runs))).toBe('cli/unreachable')
  })

  test.each([
    ['a page of another program', 200, 'text/html', '<h1>It works</h1>'],
    ['JSON of another program', 200, 'application/json', '{"hello":1}'],
    ['nothing', 200, 'application/json', ''],
    ['garbage', 200, 'application/json', '\u0000\u001b[2J{'],
    ['a failure of another program', 500, 'text/plain', 'oops'],
    ['a problem that is not ours', 404, 'application/problem+json', '{"title":"Not found"}'],
    ['a redirect', 302, 'text/plain', ''],
  ])('%s is another program, not an answer', async (_what, status, type, body) => {
    const url = await other((_request, response) => {
      response.writeHead(status, { 'content-type': type, location: 'http://127.0.0.1:1/' }).end(body)
    })
    expect(await codeOf(clientOf(url).get('/runs', runs))).toBe('cli/refused')
  })

  test('a problem of the dictionary, with its words', async () => {
    const error = new MillraceError('review/closed', { item: 'rev_1', why: 'timeout' })
    const url = await other((_request, response) => {
      void problemAnswer(error)
        .text()
        .then((text) => response.writeHead(error.status, { 'content-type': 'application/problem+json' }).end(text))
    })
    const thrown = clientOf(url).get('/runs', runs)
    await expect(thrown).rejects.toBeInstanceOf(ServerProblem)
    await expect(thrown).rejects.toMatchObject({ code: 'review/closed', message: error.message, status: 409 })
  })

  test('a server that is still starting says so', async () => {
    const server = await HttpServer.listen(0)
    closing.push(() => server.close(0))
    expect(await codeOf(clientOf(server.url).get('/runs', runs))).toBe('server/starting')
  })

  test('what an address ends with does not matter', async () => {
    const url = await other((request, response) => response.end(JSON.stringify({ runs: [request.url] })))
    expect(await clientOf(`${url}//`).get('/runs', runs)).toEqual({ runs: ['/api/v1/runs'] })
  })
})

describe('which server is meant', () => {
  const key = 'mr_owner'
  /** A data directory as a running server leaves it. */
  function homeOf(change: { readonly url?: string; readonly pid?: number; readonly mode?: number } = {}): string {
    const home = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
    onTestFinished(() => rmSync(home, { recursive: true, force: true }))
    const { url = 'http://127.0.0.1:4401', pid = process.pid, mode = 0o600 } = change
    writeServerJson(home, { url, pids: { main: pid, postgres: 0, restate: 0 }, started: new Date(0).toISOString() })
    writeFileSync(join(home, 'owner.key'), `${key}\n`)
    chmodSync(join(home, 'owner.key'), mode)
    return home
  }
  const keyOf = async (find: (url: string) => Client): Promise<string | undefined> => {
    let seen: string | undefined
    const url = await other((request, response) => {
      seen = request.headers.authorization
      response.end('{"runs":[]}')
    })
    await find(url).get('/runs', runs)
    return seen
  }

  test('the one that holds the directory, under its owner’s key', async () => {
    expect(await keyOf((url) => Client.find(homeOf({ url }), {}))).toBe(`Bearer ${key}`)
    expect(await keyOf((url) => Client.find(undefined, { MILLRACE_HOME: homeOf({ url }) }))).toBe(`Bearer ${key}`)
  })

  test('the one that the environment names, under the key that it names', async () => {
    const env = { MILLRACE_KEY: 'mr_other', MILLRACE_HOME: homeOf() }
    expect(await keyOf((url) => Client.find(undefined, { ...env, MILLRACE_URL: url }))).toBe('Bearer mr_other')
  })

  test('the owner’s key goes to no other server than its own', () => {
    const env = { MILLRACE_URL: 'http://127.0.0.1:1', MILLRACE_HOME: homeOf() }
    expect(() => Client.find(undefined, env)).toThrow(expect.objectContaining({ code: 'api/no-key' }))
  })

  test('a directory that is named counts more than the environment', () => {
    const env = { MILLRACE_URL: 'http://127.0.0.1:1', MILLRACE_KEY: 'mr_other' }
    expect(Client.find(homeOf({ url: 'http://127.0.0.1:4402' }), env).url).toBe('http://127.0.0.1:4402')
  })

  test.each([
    ['no server.json', (home: string) => join(home, 'nowhere')],
    ['a server.json of a process that has ended', () => homeOf({ pid: 2 ** 22 + 1 })],
    ['a server.json that is damaged', (home: string) => (writeFileSync(join(home, 'server.json'), '{'), home)],
  ])('%s: no server runs', (_what, make) => {
    const home = make(homeOf())
    expect(() => Client.find(home, {})).toThrow(expect.objectContaining({ code: 'server/not-running' }))
  })

  test('a key that others can read is not used', () => {
    const home = homeOf({ mode: 0o644 })
    expect(() => Client.find(home, {})).toThrow(expect.objectContaining({ code: 'governance/owner-key-unsafe' }))
  })
})
