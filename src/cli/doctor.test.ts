import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { freePort } from '../server/embedded/free-port.ts'
import { writeServerJson } from '../server/embedded/home.ts'
import { doctorCommand } from './doctor.ts'
import type { Check } from './doctor-check.ts'
import { checkHome, checkKept, checkMasterKey, checkOwnerKey } from './doctor-data.ts'
import {
  checkNode,
  checkPort,
  checkPostgresBinary,
  checkRestateBinary,
  checkRoot,
  checkRuntime,
} from './doctor-machine.ts'
import { checkProject } from './doctor-project.ts'
import { checkDatabase, checkRestate } from './doctor-servers.ts'
import { runCli } from './testing.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-doctor-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const write = (name: string, text: string, mode = 0o600): void => {
  writeFileSync(join(folder, name), text)
  chmodSync(join(folder, name), mode)
}
const stateOf = async (check: Promise<Check> | Check): Promise<Check['state']> => (await check).state
/** A failure says what to do: in its own words, or in those of the dictionary. */
const failing = async (check: Promise<Check> | Check): Promise<string> => {
  const { state, found, todo } = await check
  expect(state).toBe('failed')
  expect(todo ?? found).toMatch(/\.$/)
  return found
}

describe('the data directory', () => {
  test('one that is not there is made by the first start, and not by the doctor', async () => {
    const home = join(folder, 'a/b')
    expect(await stateOf(checkHome(home))).toBe('ok')
    expect(readdirSync(folder)).toEqual([])
  })

  test('one that is a file, or holds something else, is refused', async () => {
    write('file', 'x')
    expect(await failing(checkHome(join(folder, 'file')))).toContain('not a directory')
    expect(await failing(checkHome(folder))).toContain('not of Millrace')
  })

  test('one of Millrace says whose server runs on it', async () => {
    write('lock.db', '')
    expect((await checkHome(folder)).found).toContain('no server runs')
    const started = new Date(0).toISOString()
    writeServerJson(folder, {
      url: 'http://127.0.0.1:4400',
      pids: { main: process.pid, postgres: 0, restate: 0 },
      started,
    })
    expect((await checkHome(folder)).found).toContain(`pid ${process.pid}, http://127.0.0.1:4400`)
  })

  test('one that others can enter is told', async () => {
    write('lock.db', '')
    chmodSync(folder, 0o755)
    expect(await stateOf(checkHome(folder))).toBe('unsure')
  })

  test('a database without its passwords fails, and so do damaged ones', async () => {
    expect(await stateOf(checkKept(folder))).toBe('ok')
    mkdirSync(join(folder, 'postgres'))
    write('postgres/PG_VERSION', '18')
    expect(await failing(checkKept(folder))).toContain('missing')
    mkdirSync(join(folder, 'run'))
    write('run/kept.json', '{')
    await failing(checkKept(folder))
  })

  test.each([
    ['master.key', checkMasterKey],
    ['owner.key', checkOwnerKey],
  ])('%s: absent before the first start, refused when others can read it', async (name, check) => {
    expect(await stateOf(check(folder))).toBe('ok')
    write(name, 'x')
    expect(await stateOf(check(folder))).toBe('ok')
    write(name, 'x', 0o640)
    expect(await failing(check(folder))).toContain('640')
  })

  test('a database whose master key is gone is told', async () => {
    mkdirSync(join(folder, 'postgres'))
    write('postgres/PG_VERSION', '18')
    expect(await stateOf(checkMasterKey(folder))).toBe('unsure')
  })
})

describe('the machine', () => {
  test('an old Node fails, this one does not', async () => {
    expect(await stateOf(checkNode())).toBe('ok')
    await failing(checkNode('20.20.0'))
  })

  test('the packages of this installation are found, and not asked for where others are named', async () => {
    for (const check of [checkRuntime(), checkRestateBinary({}), checkPostgresBinary({})])
      expect(await stateOf(check)).toBe('ok')
    expect((await checkPostgresBinary({ DATABASE_URL: 'x' })).found).toContain('not needed')
    expect((await checkRestateBinary({ RESTATE_URL: 'x' })).found).toContain('not needed')
  })

  test('root without user namespaces is told where the data will lie', async () => {
    expect(await stateOf(checkRoot({}, 1000))).toBe('ok')
    const { state, found } = await checkRoot({ MILLRACE_NO_USER_NAMESPACE: '1' }, 0)
    expect([state, found]).toEqual(['unsure', expect.stringContaining('/var/lib/millrace')])
  })

  test('a port is free, ours, or taken', async () => {
    const server = createServer().listen(await freePort(), '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = address instanceof Object ? address.port : 0
    await failing(checkPort(port, undefined))
    await failing(checkPort(port, 'http://127.0.0.1:1'))
    expect(await stateOf(checkPort(port, `http://127.0.0.1:${port}`))).toBe('ok')
    server.close()
    await once(server, 'close')
    expect(await stateOf(checkPort(port, undefined))).toBe('ok')
    expect(await stateOf(checkPort(0, undefined))).toBe('ok')
  })
})

describe('servers that the environment names', () => {
  test('a Postgres that answers, one that is not there, and what is no address', async () => {
    expect(await stateOf(checkDatabase({}))).toBe('ok')
    expect(await checkDatabase({ DATABASE_URL: inject('postgresOwnerUrl') })).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('Postgres 1'),
    })
    const gone = `postgres://user:secret@127.0.0.1:${await freePort()}/x`
    expect(await failing(checkDatabase({ DATABASE_URL: gone }))).not.toContain('secret')
    await failing(checkDatabase({ DATABASE_URL: 'mysql://x' }))
    await failing(checkDatabase({ DATABASE_APP_URL: 'postgres://x' }))
  })

  test('a Restate that answers, one that is not there, and half an address', async () => {
    const [ingress, admin] = [inject('restateIngressUrl'), inject('restateAdminUrl')]
    expect(await stateOf(checkRestate({ RESTATE_URL: ingress, RESTATE_ADMIN_URL: admin }))).toBe('ok')
    await failing(checkRestate({ RESTATE_URL: ingress }))
    await failing(checkRestate({ RESTATE_URL: ingress, RESTATE_ADMIN_URL: `http://127.0.0.1:${await freePort()}` }))
  })
})

describe('the project', () => {
  const failed = async (): Promise<string[]> =>
    (await checkProject(join(folder, 'millrace.config.ts'), {}))
      .filter((check) => check.state === 'failed')
      .map((check) => check.name)

  test('none, and one that is not one', async () => {
    expect(await failed()).toContain('project')
    write('millrace.config.ts', 'export default 1')
    expect(await failed()).toContain('project')
  })

  test('a model that is not there and documents that are not there are named, each', async () => {
    write(
      'millrace.config.ts',
      `export default { settings: () => ({ pipelines: [], routes: { intent: { classifier: './none' }, draft: { template: true } },
        collections: [{ collection: { name: 'replies' }, documents: './none' }], mailbox: { pipeline: 'x', demo: './none', address: 'a@b' }, allow: [] }) }`,
    )
    expect(await failed()).toEqual(expect.arrayContaining(['route intent', 'collection replies', 'mailbox']))
  })
})

test('the command prints one document, ends with 1 where something fails, and writes nothing', async () => {
  const home = join(folder, 'home')
  const args = ['doctor', '--data', home, '--config', join(folder, 'none.ts'), '--port', '0']
  const { stdout, code } = await runCli([doctorCommand], [...args, '--json'])
  const report = z.object({ ok: z.boolean(), checks: z.array(z.object({ name: z.string(), state: z.string() })) })
  const { ok, checks } = report.parse(JSON.parse(stdout))
  expect([ok, code]).toEqual([false, 1])
  expect(checks.map((check) => check.name)).toEqual(expect.arrayContaining(['node', 'port', 'master key', 'project']))
  const text = await runCli([doctorCommand], args)
  expect(text.stdout).toMatch(/failed {2}project: server\/no-project[^]*\nA start would fail\.\n$/)
  expect(readdirSync(folder)).toEqual([])
  rmSync(folder, { recursive: true })
})
