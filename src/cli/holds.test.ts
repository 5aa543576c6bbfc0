import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { testServer, type TestServer } from '../server/testing.ts'
import { eventsCommand } from './events.ts'
import { runCommand } from './run.ts'
import { runsCommand } from './runs.ts'
import { runCli, type Written } from './testing.ts'

let server: TestServer
let files: string
beforeAll(async () => {
  server = await testServer()
  files = mkdtempSync(join(tmpdir(), 'millrace-holds-'))
})
afterAll(async () => {
  rmSync(files, { recursive: true, force: true })
  await server.stop()
})

const cli = (...args: string[]): Promise<Written> =>
  runCli([runCommand, runsCommand, eventsCommand], [...args, '--data', server.home])
const line = z.object({
  file: z.string(),
  run: z.string(),
  outcome: z.string(),
  team: z.string().nullable(),
  intent: z.string().nullable(),
  why: z.array(z.string()),
  duplicate: z.literal(true).optional(),
})
/** Sends mails through the pipeline; answers a line for each, by its file. */
async function sendMails(mails: Readonly<Record<string, string>>, ...args: string[]) {
  const directory = mkdtempSync(join(files, 'mailbox-'))
  for (const [name, text] of Object.entries(mails)) {
    const head = ['From: Ada <ada@example.com>', `Subject: ${name}`, 'Content-Type: text/plain; charset=utf-8']
    writeFileSync(join(directory, `${name}.eml`), [...head, '', text, ''].join('\r\n'))
  }
  const { code, stdout, stderr } = await cli('run', 'desk', '--mailbox', directory, '--json', ...args)
  expect([code, stderr]).toEqual([0, expect.any(String)])
  const lines = stdout
    .trim()
    .split('\n')
    .map((text) => line.parse(JSON.parse(text)))
  return new Map(lines.map((one) => [one.file.replace('.eml', ''), one]))
}
const isDone = (run: string): Promise<unknown> => server.until(run, ({ status }) => status === 'succeeded')

test('run --hold ends when nothing but people and releases is waited for, and says of each which', async () => {
  const lines = await sendMails({ clear: 'a question', unclear: 'a refund', quick: 'explode' }, '--hold')
  const clear = { outcome: 'held', team: 'general', intent: 'question', why: ['rule'] }
  expect(lines.get('clear')).toMatchObject(clear)
  expect(lines.get('unclear')).toMatchObject({ outcome: 'waiting', team: 'money' })
  expect(lines.get('quick')).toMatchObject({ outcome: 'failed' })
  const again = await sendMails({ clear: 'a question' })
  expect(again.get('clear')).toMatchObject({ ...clear, duplicate: true })
})

test('list and show name what is held and how to release it; release does, once, and says so', async () => {
  const run = (await sendMails({ shown: 'a question that is shown' }, '--hold')).get('shown')?.run ?? ''
  const list = await cli('runs', 'list', '--held', '--limit', '1')
  expect(list.stdout).toMatch(new RegExp(`^run .*\n${run} +desk +waiting \\(held\\) `))
  const shown = await cli('runs', 'show', run)
  expect(shown.stdout).toMatch(new RegExp(`^Decided, and held before keep-note until somebody runs .*release ${run}`))
  expect((await cli('runs', 'release', run)).stdout).toBe(`${run} is released.\n`)
  await isDone(run)
  expect((await cli('runs', 'release', run)).stdout).toBe(`${run} was released before.\n`)
  expect((await cli('runs', 'list', '--held')).stdout).not.toContain(run)
  expect((await cli('runs', 'show', run)).stdout).toContain(`${server.planes.owner.id} released keep-note`)
})

test('release --all lets everything go on, and nothing that is not held', async () => {
  const held = await sendMails({ one: 'the first question', two: 'the second question' }, '--hold')
  const free = await sendMails({ free: 'a refund that waits' })
  const { stdout, code } = await cli('runs', 'release', '--all', '--json')
  const { released } = z.object({ released: z.array(z.object({ run: z.string() })) }).parse(JSON.parse(stdout))
  const runs = released.map((one) => one.run)
  expect([code, runs]).toEqual([0, expect.arrayContaining([...held.values()].map((one) => one.run))])
  expect(runs).not.toContain(free.get('free')?.run)
  for (const { run } of held.values()) await isDone(run)
  const nothing = await cli('runs', 'release', '--all')
  expect([nothing.stdout, nothing.stderr, nothing.code]).toEqual(['', 'Nothing is held.\n', 0])
})

test.each([
  ['without saying which', []],
  ['with both a run and --all', ['run_0', '--all']],
])('release %s is refused, and releases nothing', async (_what, args) => {
  const run = (await sendMails({ kept: 'a question that is kept' }, '--hold')).get('kept')?.run ?? ''
  const { code, stderr } = await cli('runs', 'release', ...args)
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^cli\/bad-option: .*--all/)])
  expect((await server.until(run, () => true)).isHeld).toBe(true)
})

test('release of a run that is not held is one clear error', async () => {
  const { run } = await server.mail('a question that nothing holds')
  const { code, stderr } = await cli('runs', 'release', run)
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^run\/not-held: .*runs list --held/)])
})

test('events send --hold', async () => {
  const file = join(files, 'event.json')
  const data = { subject: 's', text: 'a question', customerId: 'c' }
  writeFileSync(file, JSON.stringify({ specversion: '1.0', id: '1', source: 'urn:e', type: 'message.received', data }))
  const { stdout } = await cli('events', 'send', file, '--hold', '--json')
  const { accepted } = z.object({ accepted: z.array(z.object({ run: z.string() })) }).parse(JSON.parse(stdout))
  const held = await server.until(accepted[0]?.run ?? '', (view) => view.waitsFor !== undefined)
  expect(held.waitsFor?.kind).toBe('release')
})
