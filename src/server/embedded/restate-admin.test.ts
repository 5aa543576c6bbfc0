import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, inject, test } from 'vitest'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import { RestateAdmin } from './restate-admin.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** Answers everything alike, and remembers what was asked. */
async function fake(status: number, text: string, asked: string[] = []): Promise<RestateAdmin> {
  const server = createServer((request, answer) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
    answer.writeHead(status).end(text)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return new RestateAdmin(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`) // a TCP server's address
}

test('a real Restate answers a question', async () => {
  const admin = new RestateAdmin(inject('restateAdminUrl'))
  expect(await admin.query('select 1 as one')).toEqual([{ one: 1 }])
  await expect(admin.query('select nonsense from nowhere')).rejects.toSatisfy(isMillraceError)
  await admin.resumeBackingOff()
})

test('nobody there, and a server that is not ready yet, may be asked again', async () => {
  for (const admin of [new RestateAdmin('http://127.0.0.1:1'), await fake(500, 'expecting a partition store')])
    await expect(admin.query('select 1')).rejects.toSatisfy((e) => isMillraceError(e, 'server/restate-unreachable'))
})

test('a server that says no, or is no Restate, is not asked again', async () => {
  for (const admin of [await fake(404, 'no'), await fake(200, '{"hello":1}')])
    await expect(admin.query('select 1')).rejects.toSatisfy((e) => isMillraceError(e, 'server/restate-refused'))
})

test('a handler that moved is patched, one that did not is left, and a new one is registered', async () => {
  const known = JSON.stringify({ deployments: [{ id: 'dp_1', uri: 'http://127.0.0.1:1000/v1' }, { id: 'dp_2' }] })
  for (const [uri, asked] of [
    ['http://127.0.0.1:2000/v1', ['GET /deployments', 'PATCH /deployments/dp_1']],
    ['http://127.0.0.1:1000/v1', ['GET /deployments']],
    ['http://127.0.0.1:1000/v2', ['GET /deployments', 'POST /deployments']],
  ] as const) {
    const seen: string[] = []
    await (await fake(200, known, seen)).register(uri)
    expect(seen).toEqual(asked)
  }
})
