import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { ownClient } from '../src/cli/lifecycle.ts'
import { type MailLine, MailboxRun } from '../src/cli/mailbox-run.ts'
import { effectsView } from '../src/server/api/effects-routes.ts'
import { itemClaim, itemSummary } from '../src/server/api/review-schemas.ts'
import { runView } from '../src/server/api/run-schemas.ts'
import { tablePath } from '../src/server/backup/manifest.ts'
import { readServerJson } from '../src/server/embedded/home.ts'
import { readExposition } from '../src/telemetry/testing-exposition.ts'
import { ServerProcess } from './server-process.ts'

// The machine is gone, and what is left is last night's backup: another data directory takes over.

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))
const mailbox = fileURLToPath(new URL('../pipelines/support-triage/mailbox', import.meta.url))
const env = { ...process.env, DATABASE_URL: '', DATABASE_APP_URL: '', RESTATE_URL: '', RESTATE_ADMIN_URL: '' }
const messages = 40

const ended: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

function temporary(): string {
  const path = mkdtempSync(join(tmpdir(), 'millrace-restore-'))
  ended.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function start(home: string): Promise<ServerProcess> {
  const server = new ServerProcess(home)
  ended.unshift(() => server.stop())
  await server.start()
  return server
}

const command = (...args: string[]) => promisify(execFile)(process.execPath, [main, ...args], { cwd: root, env })

async function triage(
  home: string,
  directory: string,
  onLine: (lines: number) => void = () => {},
): Promise<MailLine[]> {
  const lines: MailLine[] = []
  const line = (one: MailLine): void => onLine(lines.push(one))
  await new MailboxRun({
    client: () => ownClient(home),
    pipeline: 'support-triage',
    directory,
    line,
    progress() {},
  }).perform()
  return lines
}

/** A figure of `/metrics`. */
async function figure(home: string, name: string, labels: Record<string, string> = {}): Promise<number> {
  const text = await (await fetch(`${readServerJson(home)?.url}/metrics`)).text()
  const samples = readExposition(text).flatMap((family) => family.samples)
  return samples
    .filter(
      (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )
    .reduce((sum, sample) => sum + sample.value, 0)
}

const outboxOf = (home: string): string[] => (existsSync(join(home, 'outbox')) ? readdirSync(join(home, 'outbox')) : [])

test('after a restore nothing is sent until it is released; then everything ends, and nothing that was done is done again', async () => {
  const [old, fresh, backup, some] = [temporary(), temporary(), join(temporary(), 'backup'), join(temporary(), 'mail')]
  mkdirSync(some)
  const files = readdirSync(mailbox)
    .filter((name) => name.endsWith('.eml'))
    .toSorted()
  for (const name of files.slice(0, messages)) cpSync(join(mailbox, name), join(some, name))

  const first = await start(old)
  let written: Promise<unknown> | undefined
  await triage(old, some, (lines) => {
    if (lines >= 5) written ??= command('backup', '--out', backup, '--data', old) // in the middle of the work
  })
  await written
  expect(await first.stop()).toBe(0)

  await command('restore', '--from', backup, '--data', fresh)
  const second = await start(fresh)
  const { url = '' } = readServerJson(fresh) ?? {}
  expect(await (await fetch(`${url}/api/v1/health/ready`)).json()).toEqual({ status: 'ready', held: true })
  expect(second.said).toMatch(/"event":"effects-held"/)
  const client = ownClient(fresh)
  expect((await client.get('/effects', effectsView)).held).toBeDefined()
  const doneBefore = await figure(fresh, 'millrace_runs', { state: 'succeeded' })

  // Mail is accepted, people may decide, and nothing moves.
  const page = z.object({ items: z.array(itemSummary) })
  const [item] = (await client.get('/reviews', page)).items
  if (item) await decide(item.id)
  const bytes = Buffer.from('From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\n\r\nWhere is my card?\r\n')
  const taken = z.object({ run: z.string() })
  const { run } = await client.postBytes('/mail?pipeline=support-triage', { type: 'message/rfc822', bytes }, taken)
  const pending = () => figure(fresh, 'millrace_inbox_pending') // looked at anew every five seconds: longer than any sweep
  await expect.poll(pending, { timeout: 20_000 }).toBeGreaterThanOrEqual(1)
  expect(await figure(fresh, 'millrace_runs', { state: 'succeeded' })).toBe(doneBefore)
  expect(outboxOf(fresh)).toEqual([])

  await command('effects', 'release', '--data', fresh)
  const lines = await triage(fresh, some) // what was lost is sent again; what was known is not done again
  expect(lines.filter((line) => line.outcome === 'failed' || line.outcome === 'held')).toEqual([])
  expect(lines.length).toBe(messages)
  const isOver = async (id: string): Promise<boolean> => (await client.get(`/runs/${id}`, runView)).status !== 'running'
  await expect.poll(() => isOver(run), { timeout: 30_000 }).toBe(true)
  if (item) await expect.poll(async () => (await client.get(`/runs/${item.run}`, runView)).status).toBe('succeeded')

  // A reply's file is named by its token. Those of runs that had ended stand in the old outbox alone.
  expect(doneBefore).toBeGreaterThan(0)
  const known = repliesIn(backup)
  expect(known.length).toBeGreaterThan(0)
  expect(known.filter((name) => !outboxOf(old).includes(name))).toEqual([])
  const repeated = outboxOf(fresh).filter((name) => known.includes(name))
  expect(repeated).toEqual([])
  expect(outboxOf(fresh).length).toBeGreaterThan(0)

  expect(await second.stop()).toBe(0)
  expectLog(second.said, run)

  async function decide(id: string): Promise<void> {
    const claim = await client.post(`/reviews/${id}/claim`, {}, itemClaim)
    const { shownDigest } = await client.get(`/reviews/${id}`, z.object({ shownDigest: z.string() }))
    await client.post(`/reviews/${id}/decide`, { claim: claim.claim, verdict: 'approve', shownDigest }, z.unknown())
  }
}, 180_000)

/** The outbox's names of the replies that the backup knows as sent. */
function repliesIn(backup: string): string[] {
  const effect = z.object({ token: z.string(), state: z.string() })
  const lines = gunzipSync(readFileSync(tablePath(backup, 'effect')))
    .toString()
    .split('\n')
    .slice(0, -1)
  const effects = lines.map((line) => effect.parse(JSON.parse(line)))
  return effects.filter(({ state }) => state === 'done').map(({ token }) => `${token}.eml`)
}

/** Lines of JSON with a run's id, and without a word of a message or an address. */
function expectLog(said: string, run: string): void {
  const entry = z.looseObject({ time: z.iso.datetime(), level: z.enum(['info', 'warn', 'error']), event: z.string() })
  const entries = said
    .trim()
    .split('\n')
    .map((line) => entry.parse(JSON.parse(line)))
  expect(entries.filter((one) => one.event === 'run-started').map((one) => one['run'])).toContain(run)
  expect(entries.at(-1)?.event).toBe('server-stopped')
  expect(said).not.toMatch(/@|card\?|mr_[A-Za-z0-9]/)
}

test('SIGTERM lets requests in flight end, takes nothing new, and ends with 0', async () => {
  const home = temporary()
  const server = await start(home)
  const client = ownClient(home)
  const url = new URL('/api/v1/runs/outcomes', client.url)
  // A request that waits for a run that does not exist is in flight for as long as it asks.
  const run = `run_${'0'.repeat(32)}`
  const waiting = client.post(
    '/runs/outcomes',
    { runs: [run], within: 3000 },
    z.object({ outcomes: z.array(z.unknown()) }),
  )
  await sleep(500) // the request is in the server: nothing shows it from outside
  const ending = server.stop()
  await expect.poll(() => server.said).toMatch(/"event":"server-stopping"/)
  const refused = await new Promise<string>((resolve) => {
    const asked = request(url, { method: 'POST', timeout: 5000 }, (answer) => resolve(String(answer.statusCode)))
    asked.once('error', (error) => resolve('code' in error ? String(error.code) : error.message))
    asked.end()
  })
  expect(['ECONNREFUSED', '503']).toContain(refused)
  expect(await waiting).toEqual({ outcomes: [] })
  expect(await ending).toBe(0)
}, 60_000)
