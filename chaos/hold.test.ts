import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { runCommand } from '../src/cli/run.ts'
import { runsCommand } from '../src/cli/runs.ts'
import { runCli, type Written } from '../src/cli/testing.ts'
import { ServerProcess } from './server-process.ts'

const mailbox = fileURLToPath(new URL('../pipelines/support-triage/mailbox', import.meta.url))
const line = z.object({ outcome: z.string(), run: z.string() })
const listed = z.object({ runs: z.array(z.object({ run: z.string(), status: z.string() })) })

const places: string[] = []
const servers: ServerProcess[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
  for (const place of places.splice(0)) rmSync(place, { recursive: true, force: true })
})

test('held mail survives SIGKILL and sends nothing; released just before another, each reply is sent once', async () => {
  const home = mkdtempSync(join(tmpdir(), 'millrace-hold-'))
  const sample = mkdtempSync(join(tmpdir(), 'millrace-sample-'))
  places.push(home, sample)
  const names = readdirSync(mailbox).filter((name) => name.endsWith('.eml'))
  for (const name of names.toSorted().slice(0, 10)) cpSync(join(mailbox, name), join(sample, name))
  const server = new ServerProcess(home)
  servers.push(server)
  const restart = async (): Promise<void> => {
    await server.kill()
    await server.start()
  }
  const cli = (...args: string[]): Promise<Written> => runCli([runCommand, runsCommand], [...args, '--data', home])
  const replies = (): readonly string[] => {
    const outbox = join(home, 'outbox')
    return existsSync(outbox) ? readdirSync(outbox).filter((name) => !name.startsWith('.')) : []
  }
  const succeeded = async (): Promise<readonly string[]> => {
    const { stdout } = await cli('runs', 'list', '--status', 'succeeded', '--json')
    return stdout ? listed.parse(JSON.parse(stdout)).runs.map((one) => one.run) : []
  }

  await server.start()
  const sent = await cli('run', 'support-triage', '--mailbox', sample, '--hold', '--json')
  const lines = sent.stdout
    .trim()
    .split('\n')
    .map((text) => line.parse(JSON.parse(text)))
  expect(lines).toHaveLength(10)
  expect(lines.filter((one) => one.outcome === 'sent')).toEqual([])
  const held = lines.filter((one) => one.outcome === 'held').map((one) => one.run)
  expect(held.length).toBeGreaterThan(0)
  await restart()
  expect([replies(), await succeeded()]).toEqual([[], []])
  expect((await cli('runs', 'release', '--all')).code).toBe(0)
  await restart()
  await expect.poll(async () => (await succeeded()).toSorted(), { timeout: 60_000 }).toEqual(held.toSorted())
  expect(replies()).toHaveLength(held.length)
}, 180_000)
