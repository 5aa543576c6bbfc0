import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { MillraceError } from '../../core/errors/millrace-error.ts'

/**
 * Owns: the data directory, its lock, `server.json`. Does not own: what the engines keep below it.
 *
 * 1. One server a directory: SQLite's file lock dies with its process, so no stale lock and no pid that another program got meanwhile.
 * 2. Nobody reads half a file: what others read is written beside and renamed.
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
  pids: z.object({ main: z.number(), postgres: z.number(), restate: z.number() }),
  started: z.string(),
})
export type ServerJson = z.infer<typeof serverJson>

/** `--data`, else `MILLRACE_HOME`, else `.millrace` in the working directory. */
export const homePath = (given: string | undefined, env: NodeJS.ProcessEnv): string => resolve(given ?? env['MILLRACE_HOME'] ?? '.millrace')

/** Takes the directory for this process. Errors: `server/already-running`, `server/data-corrupt`. */
export function openHome(path: string): Home {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    chmodSync(path, 0o700)
    for (const name of ['run', 'log', 'restate', 'tmp']) mkdirSync(join(path, name), { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new MillraceError('server/data-corrupt', { path, why: 'it cannot be made or entered' }, { cause })
  }
  const lock = new DatabaseSync(join(path, 'lock.db'))
  try {
    lock.exec('pragma busy_timeout = 0; pragma locking_mode = exclusive; begin exclusive')
  } catch (cause) {
    lock.close()
    if (!String(cause).includes('locked')) throw new MillraceError('server/data-corrupt', { path: join(path, 'lock.db'), why: 'it is not a lock file of Millrace' }, { cause })
    const found = readServerJson(path)
    const at = found ? `pid ${found.pids.main}, ${found.url}` : 'it is just starting'
    throw new MillraceError('server/already-running', { home: path, at })
  }
  return { path, file: (name) => join(path, name), close: () => lock.close() }
}

export function writeServerJson(home: string, value: ServerJson): void {
  writeFileSync(join(home, 'server.json.new'), JSON.stringify(value), { mode: 0o600 })
  renameSync(join(home, 'server.json.new'), join(home, 'server.json'))
}

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

export function isAlive(pid: number): boolean {
  try {
    return pid > 1 && process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
