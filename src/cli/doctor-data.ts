import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readServerJson } from '../server/embedded/home.ts'
import { ownerKeyPath } from '../server/owner.ts'
import { attempt, type Check, failed, ok, unsure } from './doctor-check.ts'

/** What lies in the data directory. Nothing is opened for writing, and its lock is not touched. */

const permission = 'Give it to the user who starts Millrace, or name another directory with --data.'

export function checkHome(home: string): Promise<Check> {
  const name = 'data directory'
  return attempt(name, permission, () => {
    if (!existsSync(home)) {
      accessSync(nearest(home), constants.W_OK | constants.X_OK)
      return ok(name, `${home} does not exist yet: the first start makes it`)
    }
    if (!statSync(home).isDirectory())
      return failed(name, `${home} is not a directory`, 'Name a directory with --data.')
    accessSync(home, constants.R_OK | constants.W_OK | constants.X_OK)
    const held = readdirSync(home).filter((entry) => entry !== 'lost+found')
    if (held.length > 0 && !held.includes('lock.db') && !held.includes('run'))
      return failed(name, `${home} holds files that are not of Millrace`, 'Name a new or empty directory with --data.')
    const running = readServerJson(home)
    if (running) return ok(name, `${home}: a server runs on it, pid ${running.pids.main}, ${running.url}`)
    const mode = modeOf(home)
    if (mode & 0o077)
      return unsure(
        name,
        `${home} has the mode ${mode.toString(8)}`,
        'Others can look into it until the next start makes it 700.',
      )
    return ok(name, `${home}: no server runs on it`)
  })
}

/** The passwords of the embedded database: without them its data is locked away. */
export function checkKept(home: string): Promise<Check> {
  const name = 'passwords'
  const path = join(home, 'run/kept.json')
  const todo = `Restore ${path} from a backup; or move the data directory away and start on an empty one.`
  return attempt(name, todo, () => {
    if (existsSync(path)) {
      JSON.parse(readFileSync(path, 'utf8'))
      return ok(name, 'those of the embedded database are there')
    }
    if (existsSync(join(home, 'postgres/PG_VERSION')))
      return failed(name, `${path} is missing, and with it the passwords of the database`, todo)
    return ok(name, 'made by the first start')
  })
}

export function checkMasterKey(home: string): Promise<Check> {
  const name = 'master key'
  const path = join(home, 'master.key')
  return attempt(name, permission, () => {
    if (existsSync(path)) return checkSecret(name, path, 'and consider whether someone has read it')
    if (existsSync(join(home, 'postgres/PG_VERSION')))
      return unsure(
        name,
        `${path} is missing, and there is a database`,
        'If anything was ever kept in it, put the file back from your backup: without it the data cannot be read.',
      )
    return ok(name, 'made by the first start')
  })
}

export function checkOwnerKey(home: string): Promise<Check> {
  const name = 'owner key'
  const path = ownerKeyPath(home)
  return attempt(name, permission, () =>
    existsSync(path)
      ? checkSecret(name, path, 'or remove it: the next start makes another')
      : ok(name, 'made by the first start'),
  )
}

function checkSecret(name: string, path: string, also: string): Check {
  accessSync(path, constants.R_OK)
  const mode = modeOf(path)
  if (mode & 0o077)
    return failed(
      name,
      `${path} has the mode ${mode.toString(8)}: other users can read it`,
      `Run chmod 600 on it, ${also}.`,
    )
  return ok(name, `${path} is there, and only its owner can read it`)
}

const modeOf = (path: string): number => statSync(path).mode & 0o777

/** The closest directory above that exists. */
function nearest(path: string): string {
  const parent = dirname(path)
  return existsSync(parent) || parent === path ? parent : nearest(parent)
}
