import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { testServer, type TestServer } from '../src/server/testing.ts'

// A disk without room at intake: 503, nothing accepted; and intake works again, by itself, when there is room.

let server: TestServer
const cleanup: (() => unknown)[] = []
beforeEach(async () => void (server = await testServer()))
afterEach(async () => {
  await server.stop()
  for (const undo of cleanup.splice(0).toReversed()) await undo()
})

const accepted = z.object({ accepted: z.array(z.object({ run: z.string() })).length(1) })
let count = 0
/** Random text: what cannot be compressed needs the room that it seems to need. */
const sendEvent = (bytes: number): Promise<Response> =>
  server.ask('/api/v1/events?pipeline=desk', {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json' },
    body: JSON.stringify({
      specversion: '1.0',
      id: `full-${++count}`,
      source: 'urn:test',
      type: 'message.received',
      data: { subject: 's', text: randomBytes(bytes / 2).toString('hex'), customerId: 'c' },
    }),
  })
const sendMail = (text: string): Promise<Response> =>
  server.ask('/api/v1/mail?pipeline=desk', {
    method: 'POST',
    headers: { 'content-type': 'message/rfc822' },
    body: text,
  })
const goodMail = 'From: ann@mail.example\r\nSubject: x\r\n\r\nhello'

async function expectFull(answer: Response): Promise<void> {
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await answer.json()).toMatchObject({ code: 'store/full', retry: 'backoff' })
}
/** Rows of what an acceptance writes. */
async function kept(): Promise<number[]> {
  const { rows } = await server.database.ownerPool.query<{ n: number }>(
    `select count(*)::int as n from inbox union all select count(*)::int from payload where class = 'event' union all select count(*)::int from dead_letter`,
  )
  return rows.map(({ n }) => n)
}

/** When the test's own database is gone. */
async function asSuperuser(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgresOwnerUrl') })
  await client.connect()
  await client.query(statement)
  await client.end()
}

/** A disk of 8 MB of its own, for which the right to mount is needed. */
function smallDisk(): { readonly path: string; fill(): void; free(): void } | undefined {
  const path = mkdtempSync(join(tmpdir(), 'millrace-disk-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=777', 'tmpfs', path])
  if (mounted.status !== 0) {
    rmSync(path, { recursive: true })
    return undefined
  }
  cleanup.push(() => {
    spawnSync('umount', ['-l', path])
    rmSync(path, { recursive: true, force: true })
  })
  const filler = join(path, 'filler')
  return {
    path,
    fill() {
      for (let step = 1024 * 1024; step >= 1; step = Math.floor(step / 2))
        try {
          for (;;) appendFileSync(filler, Buffer.alloc(step))
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
        }
    },
    free: () => rmSync(filler),
  }
}

test('a disk that is full: what was accepted is kept, the rest is answered with 503, and all goes on when there is room', async () => {
  const disk = smallDisk()
  if (!disk) return // the test below asks the same of the answer alone
  const { ownerPool } = server.database
  const space = `full_${randomBytes(4).toString('hex')}`
  const place = join(disk.path, 'space')
  mkdirSync(place)
  chmodSync(place, 0o777) // Postgres may run as another user
  await ownerPool.query(`create tablespace ${space} location '${place}'`)
  cleanup.push(() => asSuperuser(`drop tablespace ${space}`))
  for (const table of ['payload', 'inbox']) await ownerPool.query(`alter table ${table} set tablespace ${space}`)
  const runs: string[] = []
  const take = async (answer: Response): Promise<void> =>
    void runs.push(...accepted.parse(await answer.json()).accepted.map(({ run }) => run))
  await take(await sendEvent(1000))
  disk.fill()
  let answer = await sendEvent(100_000) // pages that the tables have already take a few
  for (; answer.status === 202; answer = await sendEvent(100_000)) await take(answer)
  await expectFull(answer)
  const before = await kept()
  await expectFull(await sendEvent(100_000))
  expect(await kept()).toEqual(before)
  expect(before.slice(0, 2)).toEqual([runs.length, runs.length])
  disk.free()
  await take(await sendEvent(100_000))
  for (const run of runs) await server.until(run, ({ status }) => status === 'succeeded')
  expect(server.incidents).toEqual([])
})

test('the database says that it has no room: neither an event, nor a mail, nor a mail that cannot be read is accepted', async () => {
  const { ownerPool } = server.database
  await ownerPool.query(
    `create function full_disk() returns trigger language plpgsql as $$ begin raise exception 'could not extend file' using errcode = '53100'; end $$`,
  )
  await ownerPool.query(
    'create trigger full_disk before insert on inbox for each statement execute function full_disk()',
  )
  const unreadable = 'no mail at all'
  await expectFull(await sendEvent(100))
  await expectFull(await sendMail(goodMail))
  await expectFull(await sendMail(unreadable)) // told to send it again, not that it is kept
  expect(await kept()).toEqual([0, 0, 0])
  expect((await server.ask('/api/v1/health/ready')).status).toBe(200) // who reads and decides can go on
  await ownerPool.query('drop trigger full_disk on inbox')
  const { accepted: taken } = accepted.parse(await (await sendEvent(100)).json())
  for (const { run } of taken) await server.until(run, ({ status }) => status === 'succeeded')
  const { run } = z.object({ run: z.string() }).parse(await (await sendMail(goodMail)).json())
  await server.until(run, ({ status }) => status === 'succeeded')
  expect(await (await sendMail(unreadable)).json()).toMatchObject({ code: 'intake/unreadable' })
  expect(await kept()).toEqual([3, 3, 1])
  expect(server.incidents).toEqual([])
})
