import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Clock, type Millis, systemClock } from '../../core/clock.ts'
import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import { type Home, isAlive, openHome } from './home.ts'
import { type ProcessSpec, SupervisedProcess } from './supervised-process.ts'

let folder: string
let home: Home
let pauses: Millis[]
let said: string[]
const running: SupervisedProcess[] = []
/** Waits pass fifty times as fast. */
const clock: Clock = {
  ...systemClock,
  after(ms, then) {
    pauses.push(ms)
    return systemClock.after(ms / 50, then)
  },
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-process-'))
  home = openHome(join(folder, 'home'))
  pauses = []
  said = []
})
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop()
  home.close()
  rmSync(folder, { recursive: true, force: true })
})

const at = (name: string): string => join(folder, name)
/** A server in a shell's words: it works when the file `ready` is there. */
function serverOf(script: string, over: Partial<ProcessSpec> = {}): SupervisedProcess {
  const server = new SupervisedProcess({
    name: 'restate',
    home,
    clock,
    data: folder,
    mark: folder,
    command: () => ({ file: '/bin/sh', args: ['-c', script, folder], options: { cwd: folder } }),
    healthy: async () => {
      if (!existsSync(at('ready'))) throw new Error('not yet')
    },
    changed() {},
    say: (text) => void said.push(text),
    stop: 'SIGTERM',
    force: 'SIGKILL',
    ...over,
  })
  running.push(server)
  return server
}
const serve = 'echo hello; touch ready; exec sleep 1000'
const never = (error: MillraceError): never => {
  throw error
}
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('it runs from its start to its stop, known by its pid file, its output in a log', async () => {
  let changes = 0
  const server = serverOf(serve, { changed: () => void changes++ })
  expect(server.pid).toBe(0)
  await server.start(never)
  const { pid } = server
  expect(isAlive(pid)).toBe(true)
  expect(readFileSync(home.file('run/restate.pid'), 'utf8')).toBe(`${pid}\n${folder}\n`)
  expect(readFileSync(home.file('log/restate.log'), 'utf8')).toBe('hello\n')
  expect(statSync(home.file('log/restate.log')).mode & 0o777).toBe(0o600)
  await server.stop()
  expect([server.pid, isAlive(pid), existsSync(home.file('run/restate.pid')), changes]).toEqual([0, false, false, 2])
})

test('an end that nobody asked for is followed by a start', async () => {
  const server = serverOf(serve)
  await server.start(never)
  const { pid } = server
  process.kill(pid, 'SIGKILL')
  await until(() => said.includes('restate works again'))
  expect(server.pid).not.toBe(pid)
  expect(said[0]).toMatch(/ended \(SIGKILL\)/)
})

test('one that keeps ending is tried after pauses that double, and given up after seven quick ends', async () => {
  const server = serverOf(serve)
  let given: MillraceError | undefined
  await server.start((error) => (given = error))
  writeFileSync(at('ready'), '')
  const kill = setInterval(() => server.pid && process.kill(server.pid, 'SIGKILL'), 5)
  await until(() => given !== undefined)
  clearInterval(kill)
  expect(isMillraceError(given, 'server/engine-failed')).toBe(true)
  expect(given?.message).toMatch(/keeps ending/)
  expect(said.filter((text) => /starting it again/.test(text))).toHaveLength(6)
  expect(pauses.filter((ms) => ms >= 50)).toEqual([100, 200, 400, 800, 1600, 3200])
  expect(server.pid).toBe(0)
})

test('one that ends before it works is an error with the last lines of its log', async () => {
  const failed = serverOf('echo first; echo "FATAL: no disk"; exit 3').start(never)
  await expect(failed).rejects.toSatisfy(
    (e) => isMillraceError(e, 'server/engine-failed') && /code 3.*FATAL: no disk/s.test(e.message),
  )
})

test('a program that is not there is an error, not a crash', async () => {
  const failed = serverOf('', { command: () => ({ file: at('gone'), args: [], options: {} }) }).start(never)
  await expect(failed).rejects.toSatisfy(
    (e) => isMillraceError(e, 'server/engine-failed') && e.message.includes('ENOENT'),
  )
})

test('one that will never work is told at once, with its own error', async () => {
  const server = serverOf('sleep 1000', {
    healthy: () => Promise.reject(new MillraceError('server/no-binary', { engine: 'restate', system: 'x' })),
  })
  await expect(server.start(never)).rejects.toSatisfy((e) => isMillraceError(e, 'server/no-binary'))
})

test('one that does not end when it is asked is forced', async () => {
  const server = serverOf('trap "" TERM; touch ready; while :; do sleep 0.02; done')
  await server.start(never)
  const { pid } = server
  await server.stop()
  expect(isAlive(pid)).toBe(false)
})

test('a stop while it starts ends it, and the start says so', async () => {
  const server = serverOf('exec sleep 1000')
  const started = server.start(never)
  await until(() => server.pid > 0)
  const { pid } = server
  await Promise.all([expect(started).rejects.toThrow(/stopped|SIGTERM/), server.stop()])
  expect(isAlive(pid)).toBe(false)
})

test('a stop in the pause before a start leaves it ended', async () => {
  const slow: Clock = { ...systemClock, after: (ms, then) => systemClock.after(ms >= 100 ? 60_000 : ms, then) }
  const server = serverOf(serve, { clock: slow })
  await server.start(never)
  process.kill(server.pid, 'SIGKILL')
  await until(() => said.length === 1)
  await server.stop()
  expect(server.pid).toBe(0)
})
