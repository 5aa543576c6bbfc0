import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let root: string
const at = (name: string): string => join(root, name)
const command = (): string => at('checkout/scripts/millrace.mjs')
/** What an older Node says of itself; the rest of it is this one. */
const older = (): string[] => ['--require', at('older.cjs')]
const run = (flags: readonly string[], ...args: string[]) =>
  spawnSync(process.execPath, [...flags, command(), ...args], { encoding: 'utf8' })

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-command-'))
  for (const folder of ['checkout/scripts', 'checkout/src/cli']) mkdirSync(at(folder), { recursive: true })
  copyFileSync(join(import.meta.dirname, 'millrace.mjs'), command())
  writeFileSync(at('checkout/package.json'), '{ "type": "module" }')
  writeFileSync(
    at('checkout/src/cli/main.ts'),
    `const args: string[] = process.argv.slice(2)
    process.on('SIGTERM', () => process.exit(7))
    console.log(JSON.stringify(args))
    if (args[0] === 'wait') setInterval(() => {}, 1000)
    else process.exitCode = 75`,
  )
  const versions = `{ ...process.versions, node: '20.1.0' }`
  writeFileSync(at('older.cjs'), `Object.defineProperty(process, 'versions', { value: ${versions} })`)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** Where npm hoists it to: above the package. */
function installNode(): void {
  mkdirSync(at('node_modules/.bin'), { recursive: true })
  symlinkSync(process.execPath, at('node_modules/.bin/node'))
}

test('a Node that is new enough runs it itself', () => {
  expect(run([], 'doctor')).toMatchObject({ status: 75, stdout: '["doctor"]\n' })
})

test('an older Node hands everything to the one that was installed, and ends as that did', () => {
  installNode()
  expect(run(older(), 'runs', 'list', '--json')).toMatchObject({ status: 75, stdout: '["runs","list","--json"]\n' })
})

test('an older Node without the other says what to do', () => {
  const { status, stderr } = run(older())
  expect(status).toBe(1)
  expect(stderr).toMatch(/needs Node 24, this is 20\.1\.0.*npm install/)
})

test('a signal to the command alone reaches what it has started', async () => {
  installNode()
  const child = spawn(process.execPath, [...older(), command(), 'wait'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  expect((await ended)[0]).toBe(7)
})
