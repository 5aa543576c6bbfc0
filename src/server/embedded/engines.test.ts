import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import { type Engines, startEngines } from './engines.ts'
import { type Home, isAlive, openHome } from './home.ts'
import { RestateAdmin } from './restate-admin.ts'

let folder: string
let home: Home | undefined
let engines: Engines | undefined
let said: string[]
const children: ChildProcess[] = []
const nothing = {
  DATABASE_URL: undefined,
  DATABASE_APP_URL: undefined,
  RESTATE_URL: undefined,
  RESTATE_ADMIN_URL: undefined,
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-engines-'))
  said = []
})
afterEach(async () => {
  await engines?.stop()
  home?.close()
  engines = home = undefined
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

async function start(env: NodeJS.ProcessEnv = {}): Promise<Engines> {
  home ??= openHome(join(folder, 'home'))
  engines = await startEngines({
    home,
    env: { ...process.env, ...nothing, ...env },
    durable: false,
    say: (text) => void said.push(text),
    changed() {},
    giveUp: (error) => void said.push(error.message),
  })
  return engines
}
async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** The shell that would end the engines when their parent dies. */
function watchdogsOf(parent: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        const [, ppid] = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
        return Number(ppid) === parent && command.startsWith('/bin/sh\0-c\0while read')
      } catch {
        return false // it has just ended
      }
    })
}

test.runIf(existsSync('/proc/self/status'))(
  'what a killed parent left is ended by the next start, which finds the data; a killed engine comes back; a stop ends both',
  async () => {
    const script = `import { openHome } from ${JSON.stringify(new URL('./home.ts', import.meta.url).href)}
      import { startEngines } from ${JSON.stringify(new URL('./engines.ts', import.meta.url).href)}
      const engines = await startEngines({ home: openHome(process.argv[1]), env: { PATH: process.env.PATH }, durable: false, say() {}, changed() {}, giveUp() {} })
      console.log(JSON.stringify({ pids: engines.pids(), url: engines.postgres.ownerUrl, port: engines.handlerPort }))`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, join(folder, 'home')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    const [line] = (await once(child.stdout, 'data')) as [Buffer] // a pipe's chunk
    const left = JSON.parse(line.toString()) as {
      pids: { postgres: number; restate: number }
      url: string
      port: number
    }
    await ask(left.url, 'create table kept (a int); insert into kept values (7)')
    for (const pid of watchdogsOf(child.pid ?? 0)) process.kill(pid, 'SIGKILL')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect([isAlive(left.pids.postgres), isAlive(left.pids.restate)]).toEqual([true, true])

    const { postgres, restate, handlerPort, pids } = await start()
    const first = pids()
    expect([isAlive(left.pids.postgres), isAlive(left.pids.restate)]).toEqual([false, false])
    expect([postgres.ownerUrl, handlerPort]).toEqual([left.url, left.port])
    expect(await ask(postgres.ownerUrl, 'select a from kept')).toEqual([{ a: 7 }])
    await expect(ask(postgres.appUrl, 'create table mine (a int)')).rejects.toThrow(/permission denied/)
    expect(await new RestateAdmin(restate.adminUrl).query('select 1 as one')).toEqual([{ one: 1 }])

    process.kill(first.postgres, 'SIGKILL')
    await until(() => said.includes('postgres works again'))
    expect(await ask(postgres.ownerUrl, 'select a from kept')).toEqual([{ a: 7 }])

    const last = pids()
    await engines?.stop()
    expect([isAlive(last.postgres), isAlive(last.restate), pids()]).toEqual([false, false, { postgres: 0, restate: 0 }])
    expect(existsSync(home?.file('run/restate.pid') ?? '')).toBe(false)
  },
)

test('a parent that dies takes its engines along, without a next start', async () => {
  const script = `import { startWatchdog } from ${JSON.stringify(new URL('./watchdog.ts', import.meta.url).href)}
    const tell = startWatchdog()
    tell('restate ' + process.argv[1]); tell('postgres 0'); tell('postgres ' + process.argv[2])
    setTimeout(() => console.log('told'), 50); setInterval(() => {}, 1000)`
  const [restate, postgres] = [spawn('sleep', ['1000']), spawn('sleep', ['1000'])]
  children.push(restate, postgres)
  const ended = [once(restate, 'exit'), once(postgres, 'exit')]
  const parent = spawn(
    process.execPath,
    ['--input-type=module', '-e', script, String(restate.pid), String(postgres.pid)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  children.push(parent)
  await once(parent.stdout, 'data')
  parent.kill('SIGKILL')
  expect((await Promise.all(ended)).map(([, signal]) => signal as string)).toEqual(['SIGTERM', 'SIGINT'])
})

test('engines elsewhere are used as they are, and nothing is started', async () => {
  const [ingressUrl, adminUrl] = [inject('restateIngressUrl'), inject('restateAdminUrl')]
  const ownerUrl = inject('postgresOwnerUrl')
  const found = await start({ DATABASE_URL: ownerUrl, RESTATE_URL: ingressUrl, RESTATE_ADMIN_URL: adminUrl })
  expect(found.pids()).toEqual({ postgres: 0, restate: 0 })
  expect(found.postgres).toMatchObject({ ownerUrl, isEmbedded: false })
  expect(found.postgres.appUrl).toContain('role%3Dmillrace_app')
  expect(found.restate).toMatchObject({ ingressUrl, adminUrl, isEmbedded: false })
  expect(existsSync(home?.file('postgres') ?? '')).toBe(false)
})

test('every variable that is missing or wrong is listed at once', async () => {
  const bad = start({ DATABASE_URL: 'mysql://x', DATABASE_APP_URL: 'no url', RESTATE_URL: 'http://127.0.0.1:8080' })
  await expect(bad).rejects.toSatisfy(
    (e) =>
      isMillraceError(e, 'server/bad-environment') &&
      ['DATABASE_URL is not', 'DATABASE_APP_URL is not', 'RESTATE_ADMIN_URL'].every((text) => e.message.includes(text)),
  )
  await expect(start({ DATABASE_APP_URL: 'postgres://x' })).rejects.toThrow(/DATABASE_URL is not/)
})
