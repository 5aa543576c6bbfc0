import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeServerJson } from '../server/embedded/home.ts'
import { emptyDatabase, testDatabase } from '../store/testing.ts'
import { checkHold, checkRoom } from './doctor-operations.ts'

let home: string
const ended: (() => unknown)[] = []
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'millrace-doctor-'))
  ended.push(() => rmSync(home, { recursive: true, force: true }))
})
afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

test('room is that of the disk where the directory will be, and nothing is made to find out', async () => {
  expect((await checkRoom(join(home, 'a/b'))).found).toMatch(/^\d+\.\d GiB are free/)
  expect(readdirSync(home)).toEqual([])
})

test('a restored database that nobody has released is told, and one that never saw Millrace is not', async () => {
  const [database, empty] = [await testDatabase(), await emptyDatabase()]
  ended.push(
    () => database.drop(),
    () => empty.drop(),
  )
  const stateOf = async (url: string) => (await checkHold(home, { DATABASE_URL: url })).state
  expect(await stateOf(empty.url)).toBe('ok')
  expect(await stateOf(database.ownerUrl)).toBe('ok')
  await database.ownerPool.query(`insert into effects_hold (id, backup_made) values ('evt_0', now())`)
  expect(await stateOf(database.ownerUrl)).toBe('unsure')
  expect(await stateOf('postgres://127.0.0.1:1/none')).toBe('unsure')
})

test.each([
  [{ status: 'ready', held: true }, 'unsure'],
  [{ status: 'ready' }, 'ok'],
] as const)('the server that runs on the directory is asked: %j', async (answer, state) => {
  const server = createServer((_, response) => response.end(JSON.stringify(answer))).listen(0, '127.0.0.1')
  ended.push(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo // a TCP server's address
  const pids = { main: process.pid, postgres: 0, restate: 0 }
  writeServerJson(home, { url: `http://127.0.0.1:${port}`, pids, started: new Date(0).toISOString() })
  expect((await checkHold(home, {})).state).toBe(state)
})
