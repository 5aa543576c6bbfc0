import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { ownClient } from '../src/cli/lifecycle.ts'
import { type MailLine, MailboxRun } from '../src/cli/mailbox-run.ts'
import { lineageRecord } from '../src/server/api/lineage-routes.ts'
import { ServerProcess } from './server-process.ts'

// What a power failure, an out-of-memory kill or a bad upgrade does: a process is gone in the middle of the work, and comes back.

const mailbox = fileURLToPath(new URL('../pipelines/support-triage/mailbox', import.meta.url))
const messages = readdirSync(mailbox).filter((name) => name.endsWith('.eml')).length
/** When this many messages are through, the victim dies; each time another one. */
const killsAt = [10, 60, 120]
const lineage = z.object({ records: z.array(lineageRecord).readonly() })

const homes: string[] = []
const servers: ServerProcess[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true })
})

/** Triages the whole sample mailbox while `strike` is called again and again. */
async function triageUnder(
  strike: (server: ServerProcess) => Promise<void>,
): Promise<{ home: string; lines: MailLine[]; strikes: number }> {
  const home = mkdtempSync(join(tmpdir(), 'millrace-chaos-'))
  homes.push(home)
  const server = new ServerProcess(home)
  servers.push(server)
  await server.start()
  const lines: MailLine[] = []
  const left = [...killsAt]
  let striking = Promise.resolve()
  let strikes = 0
  await new MailboxRun({
    client: () => ownClient(home),
    pipeline: 'support-triage',
    directory: mailbox,
    line(line) {
      lines.push(line)
      if (left[0] === undefined || lines.length < left[0]) return
      left.shift()
      striking = striking.then(async () => {
        strikes++
        await strike(server)
      })
    },
    progress() {},
  }).perform()
  await striking
  return { home, lines, strikes }
}

/** Every message ended exactly once, every reply stands in the outbox once, and every record is whole. */
async function expectExactlyOnce({ home, lines, strikes }: Awaited<ReturnType<typeof triageUnder>>): Promise<void> {
  expect(strikes).toBe(killsAt.length)
  expect(new Set(lines.map((line) => line.file)).size).toBe(messages)
  expect(lines.length).toBe(messages)
  expect(lines.filter((line) => line.outcome === 'failed' || line.outcome === 'held')).toEqual([])
  const runs = lines.flatMap((line) => line.run ?? [])
  expect(new Set(runs).size).toBe(runs.length)
  const sent = lines.filter((line) => line.outcome === 'sent')
  const replies = readdirSync(join(home, 'outbox')).filter((name) => !name.startsWith('.')) // a killed write leaves its own hidden name
  expect(replies.filter((name) => !/^[0-9a-f]{64}\.eml$/.test(name))).toEqual([]) // no half a mail
  expect(replies.length).toBe(sent.length)
  const client = ownClient(home)
  for (const { run } of sent) {
    const { records } = await client.get(`/runs/${run}/lineage`, lineage)
    expect(records.flatMap((record) => record.problems)).toEqual([])
    expect(records.filter((record) => record.kind === 'act' && record.phase === 'end').length).toBe(1)
    expect(records.filter((record) => record.kind === 'act' && record.phase === 'intent').length).toBe(1)
    expect(records.at(-1)?.key).toBe('$end')
  }
}

test('SIGKILL of the server during triage: after the restart every message ends once and no reply is sent twice', async () => {
  const result = await triageUnder(async (server) => {
    await server.kill()
    await server.start()
  })
  await expectExactlyOnce(result)
}, 180_000)

test.each(['restate', 'postgres'] as const)(
  'SIGKILL of %s during triage: it is started again, every message ends once and no reply is sent twice',
  async (victim) => {
    const result = await triageUnder(async (server) => {
      const before = server.pids[victim]
      process.kill(before, 'SIGKILL')
      await expect.poll(() => server.pids[victim], { timeout: 30_000 }).not.toBe(before)
    })
    await expectExactlyOnce(result)
  },
  180_000,
)
