import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'

/** Stands in for npm: notes each call, waits for the file `go` when told to, and makes what an installation makes. */
const fakeNpm = `
const fs = require('node:fs')
fs.appendFileSync('calls', process.argv.slice(2).join(' ') + ' ' + process.env.npm_config_onnxruntime_node_install + '\\n')
console.log('npm speaks')
const end = () => {
  if (fs.existsSync('broken')) process.exit(1)
  fs.mkdirSync('node_modules/.bin', { recursive: true })
  if (!fs.existsSync('no-node')) fs.writeFileSync('node_modules/.bin/node', '')
}
if (fs.existsSync('wait')) setInterval(() => fs.existsSync('go') && (end(), process.exit()), 20)
else end()
`

let root: string
const running: ChildProcess[] = []
const at = (name: string): string => join(root, name)
const calls = (): string[] => (existsSync(at('calls')) ? readFileSync(at('calls'), 'utf8').trim().split('\n') : [])
const environment = (): NodeJS.ProcessEnv => ({ ...process.env, npm_execpath: at('npm-cli.js') })
const ready = () => spawnSync(process.execPath, [at('scripts/ready.mjs')], { encoding: 'utf8', env: environment() })

function readyBeside(): {
  readonly child: ChildProcess
  readonly said: () => string
  readonly ended: Promise<unknown[]>
} {
  const child = spawn(process.execPath, [at('scripts/ready.mjs')], {
    env: environment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  running.push(child)
  let text = ''
  child.stderr?.on('data', (data: Buffer) => (text += data.toString()))
  return { child, said: () => text, ended: once(child, 'close') }
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(10)
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-ready-'))
  mkdirSync(at('scripts'))
  copyFileSync(join(import.meta.dirname, 'ready.mjs'), at('scripts/ready.mjs'))
  writeFileSync(at('npm-cli.js'), fakeNpm)
  for (const name of ['package.json', 'package-lock.json']) writeFileSync(at(name), '{}')
})

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

test('it installs once, whatever the user has configured, and writes nothing to standard output', () => {
  const first = ready()
  expect(first).toMatchObject({ status: 0, stdout: '' })
  expect(ready()).toMatchObject({ status: 0, stdout: '', stderr: '' })
  expect(calls()).toHaveLength(1)
  for (const flag of [
    '--no-save',
    '--ignore-scripts=false',
    '--engine-strict=false',
    '--include=dev',
    '--include=optional',
  ]) {
    expect(calls()[0]).toContain(flag)
  }
  expect(calls()[0]).toMatch(/ skip$/)
})

test('a changed lock, and a Node that was removed, are installed again', () => {
  ready()
  writeFileSync(at('package-lock.json'), '{ }')
  ready()
  rmSync(at('node_modules/.bin/node'))
  ready()
  expect(calls()).toHaveLength(3)
})

test('a failure ends with what to do, leaves no stamp and no gate, and the next try installs', () => {
  writeFileSync(at('broken'), '')
  const failed = ready()
  expect(failed.status).toBe(1)
  expect(failed.stderr.trim().split('\n').at(-1)).toMatch(/could not be installed.*run the same command again/)
  expect(existsSync(at('.ready.lock'))).toBe(false)
  rmSync(at('broken'))
  expect(ready().status).toBe(0)
})

test('a system without a Node among the packages is told so, and never called ready', () => {
  writeFileSync(at('no-node'), '')
  expect(ready().stderr).toMatch(/no Node 24 for/)
  expect(ready().status).toBe(1)
})

test('of two commands at once one installs and the other waits for it', async () => {
  writeFileSync(at('wait'), '')
  const first = readyBeside()
  await until(() => calls().length === 1)
  const second = readyBeside()
  await until(() => second.said().includes('waiting for it'))
  writeFileSync(at('go'), '')
  await Promise.all([first.ended, second.ended])
  expect([first.child.exitCode, second.child.exitCode]).toEqual([0, 0])
  expect(calls()).toHaveLength(1)
})

test('the gate of a killed command is taken over, by one of those that wait', async () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid
  mkdirSync(at('.ready.lock'))
  writeFileSync(at('.ready.lock/owner'), String(dead))
  writeFileSync(at('wait'), '')
  const waiting = [readyBeside(), readyBeside(), readyBeside()]
  await until(() => calls().length > 0)
  await until(() => waiting.filter(({ said }) => said().includes('waiting for it')).length === 2)
  writeFileSync(at('go'), '')
  await Promise.all(waiting.map(({ ended }) => ended))
  expect(waiting.map(({ child }) => child.exitCode)).toEqual([0, 0, 0])
  expect(calls()).toHaveLength(1)
  expect(existsSync(at('.ready.lock'))).toBe(false)
})

test('a signal ends npm too, says how to go on, and frees the gate', async () => {
  writeFileSync(at('wait'), '')
  const { child, said, ended } = readyBeside()
  await until(() => calls().length === 1)
  child.kill('SIGTERM')
  await ended
  expect(child.exitCode).toBe(1)
  expect(said()).toMatch(/interrupted/)
  expect(existsSync(at('.ready.lock'))).toBe(false)
})
