import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { testServer, type TestServer } from '../src/server/testing.ts'

// Clients that speak no HTTP, half of it, or too much: the server stays up and answers the others meanwhile.

let server: TestServer
const sockets: Socket[] = []
beforeAll(async () => void (server = await testServer()))
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})
afterAll(() => server.stop())

interface Talk {
  readonly socket: Socket
  /** All that came until the server closed. */
  readonly answer: Promise<string>
  readonly closed: Promise<void>
}
async function talk(text: string | Buffer): Promise<Talk> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  sockets.push(socket)
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
  socket.on('error', () => {}) // the server may cut it off: that is an end too
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  socket.write(text)
  return { socket, closed, answer: closed.then(() => answer) }
}
const head = (path: string, more = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.key}\r\n${more}`
/** Somebody else works, to the end. */
async function expectUp(): Promise<void> {
  expect((await server.mail('a question')).status).toBe('succeeded')
  expect((await server.ask('/api/v1/health/ready')).status).toBe(200)
}

test('200 clients that send a header byte by byte, or nothing at all, keep nobody from working', async () => {
  const slow = await Promise.all(
    Array.from({ length: 200 }, (_, n) => talk(n % 2 === 0 ? 'P' : head('/api/v1/mail?pipeline=desk', 'X-Slow: '))),
  )
  for (const { socket } of slow) socket.write('a')
  await expectUp()
  for (const { socket } of slow) socket.write('b')
  await expectUp()
})

test('100 clients that stop in the middle of a body keep nobody from working, and nothing of them is accepted', async () => {
  const paths = ['/api/v1/mail?pipeline=desk', '/api/v1/events?pipeline=desk', '/api/v1/people']
  const types = ['message/rfc822', 'application/cloudevents+json', 'application/json']
  const before = await accepted()
  const slow = await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      talk(
        head(
          paths[n % 3] ?? '',
          `Content-Type: ${types[n % 3]}\r\nContent-Length: 1000\r\n\r\nFrom: a@mail.example\r\n`,
        ),
      ),
    ),
  )
  await expectUp()
  for (const { socket } of slow) socket.destroy()
  await expectUp()
  expect(await accepted()).toBe(before + 2) // the good mails
  expect(server.incidents).toEqual([])
})

const accepted = async (): Promise<number> => {
  const { rows } = await server.database.ownerPool.query<{ n: number }>('select count(*)::int as n from inbox')
  return rows[0]?.n ?? 0
}

test.each<[string, string, RegExp]>([
  ['a header of 100 kB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
  ['an address of 100 kB', `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, /^HTTP\/1\.1 431 /],
  [
    '5,000 headers',
    `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${'a: b\r\n'.repeat(5000)}\r\n`,
    /^HTTP\/1\.1 4\d\d /,
  ],
  ['no HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n', /^HTTP\/1\.1 400 /],
  [
    'a length and chunks at once',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    /^HTTP\/1\.1 400 /,
  ],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd',
    /^HTTP\/1\.1 400 /,
  ],
  ['a length that is no number', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['a header with a NUL', 'GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['a method that there is not', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['TRACE', 'TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 4\d\d /],
  ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n', /^(?:HTTP\/1\.1 4\d\d |$)/],
  [
    'an upgrade to another protocol',
    'GET /api/v1/health/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n',
    /^HTTP\/1\.1 200 /,
  ],
])('%s: an answer that tells nothing of the inside', async (_what, text, status) => {
  const { answer, socket } = await talk(Buffer.from(text, 'latin1'))
  socket.end()
  expect(await answer).toMatch(status)
  if ((await answer).startsWith('HTTP/1.1 4')) expect(await answer).toContain('application/problem+json')
  expect(await answer).not.toMatch(/\.ts\b|node_modules|\n +at /)
  await expectUp()
})

test('chunks that are none: the request is refused, and nothing of it is accepted', async () => {
  const before = await accepted()
  const type = 'Content-Type: message/rfc822\r\nTransfer-Encoding: chunked\r\n\r\n'
  const { answer } = await talk(`${head('/api/v1/mail?pipeline=desk', type)}5\r\nFrom:\r\nzzzz\r\n`)
  expect(await answer).toMatch(/^(?:HTTP\/1\.1 400 |$)/)
  await expectUp()
  expect(await accepted()).toBe(before + 1)
  expect(server.incidents).toEqual([])
})

test('garbage after a request on the same connection: the first is answered, the rest refused', async () => {
  const live = 'GET /api/v1/health/live HTTP/1.1\r\nHost: x\r\n\r\n'
  const { answer } = await talk(`${live.repeat(20)}\0\0garbage\r\n\r\n`)
  const read = await answer
  expect(read.match(/HTTP\/1\.1 200 /g)?.length ?? 0).toBeLessThanOrEqual(20)
  expect(read).not.toMatch(/\.ts\b|node_modules/)
  await expectUp()
})

test('1,000 requests on one connection, whose client reads nothing and goes away', async () => {
  const { socket } = await talk('')
  socket.pause()
  const list = `GET /api/v1/runs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.key}\r\n\r\n`
  socket.write(list.repeat(1000))
  await expectUp()
  socket.destroy()
  await expectUp()
  expect(server.incidents).toEqual([])
})
