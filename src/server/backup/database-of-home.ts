import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { startEngines } from '../embedded/engines.ts'
import { openHome, readServerJson } from '../embedded/home.ts'
import { readKept } from '../embedded/kept.ts'
import { urlOf } from '../embedded/postgres.ts'
import type { Say } from '../log.ts'

export interface DatabaseRequest {
  readonly home: string
  readonly env: NodeJS.ProcessEnv
  readonly say: Say
  /** False: a directory that holds no database is made one. */
  readonly mustExist: boolean
}

/**
 * Works with the database of a data directory, as the role that owns its tables: with the one of `DATABASE_URL`, else with the one that a
 * server is running, else with the embedded one, started for as long as the work takes. Restate is not needed. Errors: those of the
 * directory, `server/engine-failed`, `server/data-unusable` where there is no database.
 */
export async function withDatabase<T>(request: DatabaseRequest, work: (ownerUrl: string) => Promise<T>): Promise<T> {
  const { env, home: path, mustExist, say } = request
  const external = env['DATABASE_URL']
  if (mustExist && !external && !existsSync(join(path, 'run/kept.json')))
    throw new MillraceError('server/data-unusable', { path, why: 'there is no database in it' })
  if (mustExist && readServerJson(path)) return work(external || ownerUrlOf(path))
  const home = openHome(path)
  try {
    // A Restate that is said to be elsewhere is not started, and nobody calls it.
    const elsewhere = { RESTATE_URL: 'http://127.0.0.1:9', RESTATE_ADMIN_URL: 'http://127.0.0.1:9' }
    const engines = await startEngines({
      home,
      env: { ...env, ...elsewhere },
      clock: systemClock,
      say,
      changed() {},
      giveUp: (error) => say(error.message, { event: 'engine-lost', level: 'error', code: error.code }),
    })
    try {
      return await work(engines.postgres.ownerUrl)
    } finally {
      await engines.stop()
    }
  } finally {
    home.close()
  }
}

function ownerUrlOf(home: string): string {
  const kept = readKept(join(home, 'run/kept.json'))
  if (!kept) throw new MillraceError('server/data-unusable', { path: home, why: 'there is no database in it' })
  return urlOf(kept, 'millrace', 'millrace_owner', kept.passwords.owner)
}
