import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { replaceFile } from './replace-file.ts'

/**
 * Owns: the data directory, its lock, `server.json`. Does not own: what the engines keep below it.
 *
 * 1. One server a directory: SQLite's file lock dies with its process, so no stale lock and no pid that another program got meanwhile.
 * 2. Nobody reads half a file: what others read is written beside and renamed.
 * 3. A directory that holds something else is not touched: `--data ~` must not close the user's home to others.
 * 4. One name: links are resolved, since a server that a killed start left is known by the path in its command line.
 */
export interface Home {
  readonly path: string
  /** `<home>/<name>`, not checked. */
  file(name: string): string
  /** Releases the lock. */
  close(): void
}

const serverJson = z.object({
  url: z.string(),
  /** 0: not embedded, or just not running. */
  pids: z.object({ main: z.number(), postgres: z.number(), restate: z.number() }),
  ports: z.record(z.string(), z.number()).optional(),
  /** ISO 8601. */
  started: z.string(),
})
export type ServerJson = z.infer<typeof serverJson>

/** `--data`, else `MILLRACE_HOME`, else `.millrace` in the working directory. */
export const homePath = (given: string | undefined, env: NodeJS.ProcessEnv): string =>
  resolve(given ?? env['MILLRACE_HOME'] ?? '.millrace')

/**
 * Takes the directory for this process; makes it if it is missing. Errors: `server/already-running` (a command ends with 75),
 * `server/data-unusable`, `server/data-corrupt`.
 */
export function openHome(given: string): Home {
  const path = makeHome(given)
  const lock = takeLock(path)
  try {
    chmodSync(path, 0o700)
    for (const name of ['run', 'log', 'restate', 'tmp']) mkdirSync(join(path, name), { recursive: true, mode: 0o700 })
    return { path, file: (name) => join(path, name), close: () => lock.close() }
  } catch (cause) {
    lock.close()
    throw unusable(path, cause)
  }
}

/** A directory of Millrace is empty, or has its lock, which is made before anything else. */
function makeHome(given: string): string {
  try {
    mkdirSync(given, { recursive: true, mode: 0o700 })
    const found = readdirSync(given).filter((name) => name !== 'lost+found')
    if (found.length > 0 && !found.includes('lock.db')) throw new Error('it holds files that are not of Millrace')
    return realpathSync(given)
  } catch (cause) {
    throw unusable(given, cause)
  }
}

function takeLock(home: string): DatabaseSync {
  const path = join(home, 'lock.db')
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(path)
    lock.exec('pragma busy_timeout = 0; pragma locking_mode = exclusive; begin exclusive')
    return lock
  } catch (cause) {
    lock?.close()
    const code = cause instanceof Error && 'errcode' in cause ? Number(cause.errcode) : 0
    if (code === notADatabase || code === corrupt)
      throw new MillraceError('server/data-corrupt', { path, why: 'it is not a lock file of Millrace' }, { cause })
    if (code !== busy) throw unusable(home, cause)
    const found = readServerJson(home)
    const at = found ? `pid ${found.pids.main}, ${found.url}` : 'it is just starting'
    throw new MillraceError('server/already-running', { home, at })
  }
}

/** https://www.sqlite.org/rescode.html */
const [busy, corrupt, notADatabase] = [5, 11, 26]

const unusable = (path: string, cause: unknown): MillraceError =>
  new MillraceError(
    'server/data-unusable',
    { path, why: cause instanceof Error ? cause.message : String(cause) },
    { cause },
  )

export const writeServerJson = (home: string, value: ServerJson): void =>
  replaceFile(join(home, 'server.json'), JSON.stringify(value))

export const removeServerJson = (home: string): void => rmSync(join(home, 'server.json'), { force: true })

/** The server that holds the directory, when its process is alive. */
export function readServerJson(home: string): ServerJson | undefined {
  const path = join(home, 'server.json')
  if (!existsSync(path)) return undefined
  try {
    const found = serverJson.parse(JSON.parse(readFileSync(path, 'utf8')))
    return isAlive(found.pids.main) ? found : undefined
  } catch {
    return undefined // being replaced, or left by a crash: nothing that anyone can use
  }
}

/** A dead process whose parent never asks for its end, as in a container without an init, still has its pid: it does not count. */
export function isAlive(pid: number): boolean {
  try {
    return pid > 1 && process.kill(pid, 0) && !isZombie(pid)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function isZombie(pid: number): boolean {
  try {
    return /^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false // no /proc here, or just gone
  }
}
