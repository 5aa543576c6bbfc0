import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HttpServer } from './http-server.ts'

let server: HttpServer
beforeAll(async () => void (server = await HttpServer.listen(0)))
afterAll(() => server.close(0))

/** What a client reads that writes these bytes. */
const raw = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.end(text))
    socket.on('data', (chunk) => (answer += chunk.toString()))
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })

test('until there is something to serve, the answer is a problem that says to try again', async () => {
  const answer = await fetch(server.url)
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await answer.json()).toMatchObject({ code: 'server/starting', retry: 'backoff' })
})

test.each([
  ['no Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ['a Host that is none', 'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n'],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: example.com/x\r\nConnection: close\r\n\r\n'],
  ['an address of another kind', 'GET ftp://example.com/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
  ['no HTTP at all', 'hello\r\n\r\n'],
])('%s is refused with 400 and without a word of the inside', async (_what, text) => {
  const answer = await raw(text)
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect(answer).not.toMatch(/\.ts|node_modules| at /)
})

test('a port in use is known at once, and named', async () => {
  const port = Number(new URL(server.url).port)
  await expect(HttpServer.listen(port)).rejects.toMatchObject({ code: 'server/port-taken', details: { port } })
})

test('closing waits for what is in flight, and no longer than it is told', async () => {
  const own = await HttpServer.listen(0)
  let finish: (response: Response) => void = () => {}
  const arrived = new Promise<void>((resolve) => {
    own.serve(() => {
      resolve()
      return new Promise((done) => (finish = done))
    })
  })
  const asked = fetch(own.url)
  await arrived
  const closed = own.close(60_000)
  finish(new Response('done'))
  expect(await (await asked).text()).toBe('done')
  await closed
  const stuck = await HttpServer.listen(0)
  const seen = new Promise<void>((resolve) => stuck.serve(() => (resolve(), new Promise(() => {}))))
  const lost = fetch(stuck.url).catch((error: unknown) => error)
  await seen
  await stuck.close(10)
  expect(await lost).toBeInstanceOf(Error)
})
