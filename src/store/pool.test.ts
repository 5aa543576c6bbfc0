import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { ErrorCode } from '../core/errors/dictionary.ts'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { migrate } from './migrate.ts'
import { asApplicationRole, isConnectionError, openPool, transaction } from './pool.ts'
import { emptyDatabase, testDatabase, type TestDatabase } from './testing.ts'

let database: TestDatabase
const servers: Server[] = []
beforeAll(async () => {
  database = await testDatabase({ max: 2 })
})
afterEach((): void => {
  for (const server of servers.splice(0)) server.close()
})
afterAll(() => database.drop())

const coded = (code: ErrorCode, why = /./) =>
  expect.toSatisfy((e) => isMillraceError(e, code) && why.test(e.message) && !e.message.includes('s3cret'))
const withUrl = (change: (url: URL) => unknown): string => {
  const url = new URL(database.ownerUrl)
  change(url)
  return url.href
}
async function listen(server: Server): Promise<string> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `postgres://owner:s3cret@127.0.0.1:${(server.address() as AddressInfo).port}/millrace` // a TCP server's address
}

const failures: readonly (readonly [string, () => string, ErrorCode, RegExp])[] = [
  ['a port where nobody listens', () => 'postgres://owner:s3cret@localhost:1/millrace', 'store/unreachable', /REFUSED/],
  [
    'a host that is not there',
    () => 'postgres://owner:s3cret@nowhere.invalid/millrace',
    'store/unreachable',
    /nowhere/,
  ],
  ['a wrong password', () => withUrl((url) => (url.password = 's3cret')), 'store/refused', /password/],
  ['a database that is not there', () => withUrl((url) => (url.pathname = '/gone')), 'store/refused', /gone/],
  [
    'encryption that the server does not have',
    () => withUrl((url) => url.searchParams.set('sslmode', 'verify-full')),
    'store/refused',
    /SSL/,
  ],
]

test.each(failures)('%s is one error of the dictionary, without the password', async (_, url, code, why) => {
  await expect(migrate(url())).rejects.toEqual(coded(code, why))
})

test('a server that is no Postgres, and one that never answers, are unreachable', async () => {
  const http = await listen(createHttpServer((_, answer) => answer.end('hello')))
  await expect(migrate(http)).rejects.toEqual(coded('store/unreachable'))
  const mute = await listen(createServer())
  await expect(migrate(mute)).rejects.toEqual(coded('store/unreachable', /timeout/))
})

/** The server's side of the protocol, as far as `select current_setting` goes (https://www.postgresql.org/docs/18/protocol-message-formats.html). */
function oldPostgres(socket: Socket): void {
  const message = (type: string, body: Buffer): Buffer => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(body.length + 4)
    return Buffer.concat([Buffer.from(type), length, body])
  }
  const [int16, int32] = [
    (n: number) => Buffer.from([n >> 8, n & 255]),
    (n: number) => Buffer.from([0, 0, n >> 8, n & 255]),
  ]
  const column = (name: string): Buffer =>
    Buffer.concat([Buffer.from(`${name}\0`), int32(0), int16(0), int32(25), int16(65_535), int32(0), int16(0)])
  const value = (text: string): Buffer => Buffer.concat([int32(text.length), Buffer.from(text)])
  const ready = message('Z', Buffer.from('I'))
  socket.on('error', () => {})
  socket.on('data', (data: Buffer) => {
    if (data[0] === 0) return socket.write(Buffer.concat([message('R', int32(0)), ready]))
    if (data[0] !== 'Q'.charCodeAt(0)) return socket.end()
    const rows = [
      message('T', Buffer.concat([int16(2), column('number'), column('version')])),
      message('D', Buffer.concat([int16(2), value('130004'), value('13.4')])),
    ]
    return socket.write(Buffer.concat([...rows, message('C', Buffer.from('SELECT 1\0')), ready]))
  })
}

test('a Postgres that is too old is refused with its version, before anything is made in it', async () => {
  const url = await listen(createServer(oldPostgres))
  await expect(migrate(url)).rejects.toEqual(coded('store/too-old', /13\.4.*16/))
})

test('an owner who is no superuser migrates a database of their own, and the application’s rights hold there', async () => {
  const empty = await emptyDatabase()
  const owner = `o_${Math.floor(performance.now() * 1000)}`
  const administer = async (...statements: string[]): Promise<void> => {
    const client = new pg.Client({ connectionString: database.ownerUrl })
    await client.connect()
    for (const statement of statements) await client.query(statement)
    await client.end()
  }
  const url = new URL(empty.url)
  // As if this owner had made the role: they may grant it, and may not take it on yet.
  await administer(
    `create role ${owner} login createrole password 's3cret'`,
    `grant millrace_app to ${owner} with admin true, inherit false, set false`,
    `alter database ${url.pathname.slice(1)} owner to ${owner}`,
  )
  url.username = owner
  url.password = 's3cret'
  try {
    await migrate(url.href)
    const pool = openPool({ url: asApplicationRole(url.href), max: 1, name: 'test' })
    expect((await pool.query('select current_user as name')).rows).toEqual([{ name: 'millrace_app' }])
    await expect(pool.query('delete from run_log')).rejects.toThrow(/permission denied/)
    await pool.end()
  } finally {
    await empty.drop()
    await administer(`drop owned by ${owner}`, `drop role ${owner}`)
  }
})

test('an owner who may make no role is told so', async () => {
  const reader = `r_${Math.floor(performance.now() * 1000)}`
  const client = new pg.Client({ connectionString: database.ownerUrl })
  await client.connect()
  await client.query(`create role ${reader} login password 's3cret'`)
  const empty = await emptyDatabase()
  const url = new URL(empty.url)
  url.username = reader
  url.password = 's3cret'
  try {
    await expect(migrate(url.href)).rejects.toEqual(coded('store/refused', /permission denied/))
  } finally {
    await empty.drop()
    await client.query(`drop role ${reader}`)
    await client.end()
  }
})

test('a transaction that fails leaves nothing, and gives its connection back', async () => {
  const insert = `insert into process (id) values ('a')`
  for (let n = 0; n < 5; n++) {
    const failed = transaction(database.pool, async (connection) => {
      await connection.query(insert)
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
  }
  expect((await database.pool.query('select from process')).rows).toHaveLength(0)
  expect(await transaction(database.pool, async (connection) => (await connection.query(insert)).rowCount)).toBe(1)
})

test('a connection that dies in a transaction is not given to the next one', async () => {
  const died = transaction(database.pool, async (connection) => {
    const { rows } = await connection.query<{ pid: number }>('select pg_backend_pid() as pid')
    await database.ownerPool.query('select pg_terminate_backend($1)', [rows[0]?.pid])
    await connection.query('select 1')
  })
  await expect(died).rejects.toSatisfy(isConnectionError)
  for (let n = 0; n < 3; n++) expect((await database.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})

test('a statement that takes too long is given up', async () => {
  const pool = openPool({ url: database.appUrl, max: 1, name: 'test', timeout: 50 })
  await expect(pool.query('select pg_sleep(30)')).rejects.toThrow(/timeout/)
  await pool.end()
})
