import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ErrorCode } from '../../core/errors/dictionary.ts'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import { homePath, openHome, readServerJson, removeServerJson, type ServerJson, writeServerJson } from './home.ts'

let folder: string
const at = (name: string): string => join(folder, name)
const modeOf = (path: string): number => statSync(path).mode & 0o777
const refused = (name: string, code: ErrorCode, why = /./) =>
  expect(() => openHome(at(name))).toThrow(expect.toSatisfy((e) => isMillraceError(e, code) && why.test(e.message)))
const json = (main: number): ServerJson => ({
  url: 'http://127.0.0.1:4400',
  pids: { main, postgres: 0, restate: 0 },
  started: '2026-11-24T00:00:00Z',
})

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-home-')))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a directory is made for its user alone, and an empty one is taken', () => {
  mkdirSync(at('empty'), { mode: 0o755 })
  for (const name of ['new/deep', 'empty']) {
    const home = openHome(at(name))
    expect(modeOf(home.path)).toBe(0o700)
    expect(modeOf(home.file('run'))).toBe(0o700)
    home.close()
    openHome(at(name)).close()
  }
})

test('one server a directory: the second start is told where the first is, and may have it afterwards', () => {
  const first = openHome(at('home'))
  refused('home', 'server/already-running', /just starting/)
  writeServerJson(first.path, json(process.pid))
  refused('home', 'server/already-running', new RegExp(`pid ${process.pid}, http://127.0.0.1:4400`))
  first.close()
  openHome(at('home')).close()
})

test('a process that is killed leaves no lock', async () => {
  const script = `import { openHome } from ${JSON.stringify(new URL('./home.ts', import.meta.url).href)}
    openHome(process.argv[1]); console.log('open'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, at('home')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  refused('home', 'server/already-running')
  child.kill('SIGKILL')
  await once(child, 'exit')
  openHome(at('home')).close()
})

test.each([
  ['somebody’s files', ['letter.txt']],
  ['a directory called run, as / and /var have', ['run/', 'log/']],
])('a directory with %s is not touched', (_, names) => {
  mkdirSync(at('theirs'))
  chmodSync(at('theirs'), 0o755)
  for (const name of names) {
    if (name.endsWith('/')) mkdirSync(at(`theirs/${name}`))
    else writeFileSync(at(`theirs/${name}`), '')
  }
  const before = readdirSync(at('theirs'))
  refused('theirs', 'server/data-unusable', /not of Millrace/)
  expect(readdirSync(at('theirs'))).toEqual(before)
  expect(modeOf(at('theirs'))).toBe(0o755)
})

test('a home that is reached by a link has one name, and one lock', () => {
  mkdirSync(at('real'))
  symlinkSync('real', at('link'))
  const home = openHome(at('link'))
  expect(home.path).toBe(at('real'))
  refused('real', 'server/already-running')
  home.close()
})

test.each([
  ['a file', () => writeFileSync(at('home'), ''), 'server/data-unusable'],
  ['below a file', () => symlinkSync('/dev/null/x', at('home')), 'server/data-unusable'],
  [
    'a directory whose lock is something else',
    () => (mkdirSync(at('home')), writeFileSync(at('home/lock.db'), 'x'.repeat(4096))),
    'server/data-corrupt',
  ],
  [
    'a directory whose lock is a directory',
    () => mkdirSync(at('home/lock.db'), { recursive: true }),
    'server/data-unusable',
  ],
] as const)('%s cannot be the home, and the reason is told', (_, make, code) => {
  make()
  refused('home', code)
})

test('server.json is for its user alone, and counts while its process lives', () => {
  const home = openHome(at('home'))
  const { path } = home
  expect(readServerJson(path)).toBeUndefined()
  writeServerJson(path, json(process.pid))
  expect(modeOf(join(path, 'server.json'))).toBe(0o600)
  expect(readServerJson(path)).toEqual(json(process.pid))
  writeServerJson(path, json(2 ** 22 + 1)) // larger than any pid
  expect(readServerJson(path)).toBeUndefined()
  writeFileSync(join(path, 'server.json'), '{"url"')
  expect(readServerJson(path)).toBeUndefined()
  removeServerJson(path)
  expect(existsSync(join(path, 'server.json'))).toBe(false)
  home.close()
})

test('the flag counts before the variable, and that before the working directory', () => {
  expect(homePath('/a', { MILLRACE_HOME: '/b' })).toBe('/a')
  expect(homePath(undefined, { MILLRACE_HOME: '/b' })).toBe('/b')
  expect(homePath(undefined, {})).toBe(join(process.cwd(), '.millrace'))
})
