import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { endOrphan, type Orphan, writePidFile } from './orphans.ts'

let folder: string
let pidFile: string
const children: ChildProcess[] = []
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-orphans-')))
  pidFile = join(folder, 'server.pid')
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

async function sleeper(): Promise<{ pid: number; child: ChildProcess; ended: Promise<unknown[]> }> {
  const child = spawn('sleep', ['1234'], { cwd: folder, stdio: 'ignore' })
  children.push(child)
  await once(child, 'spawn')
  return { pid: child.pid ?? 0, child, ended: once(child, 'exit') }
}
const end = (over: Partial<Orphan> = {}) => endOrphan({ pidFile, stop: 'SIGTERM', force: 'SIGKILL', ...over })

test('a server that is known by its command line is ended, as it is asked to', async () => {
  const { pid, ended } = await sleeper()
  writePidFile(pidFile, pid, 'sleep 1234')
  await end()
  expect((await ended)[1]).toBe('SIGTERM')
  expect(existsSync(pidFile)).toBe(false)
})

test('a pid that belongs to another program now is left alone, and its file goes', async () => {
  const { pid, child } = await sleeper()
  writePidFile(pidFile, pid, `-D ${folder} `)
  await end()
  expect(child.exitCode ?? child.signalCode).toBeNull()
  expect(existsSync(pidFile)).toBe(false)
})

test('a server whose home was moved is known by where it works; a shell that stands there is not one', async () => {
  const [server, shell] = [await sleeper(), await sleeper()]
  writePidFile(pidFile, shell.pid, 'old path')
  await end({ works: { program: 'postgres', directory: folder } })
  expect(shell.child.signalCode).toBeNull()
  writePidFile(pidFile, server.pid, 'old path')
  await end({ works: { program: 'sleep', directory: folder } })
  expect((await server.ended)[1]).toBe('SIGTERM')
})

test.each(['', 'x', '0\nsleep', '1\ninit', '-1\nsleep', `${2 ** 22 + 1}\nsleep 1234`, `${process.pid}\n`])(
  'a file that holds %j ends nobody',
  async (text) => {
    writeFileSync(pidFile, text)
    await end()
    expect(existsSync(pidFile)).toBe(false)
  },
)

test('no file, no orphan', async () => {
  await end()
})
