import { existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import pg from 'pg'
import { z } from 'zod'
import { readServerJson } from '../server/embedded/home.ts'
import { attempt, type Check, failed, ok, unsure } from './doctor-check.ts'

/** What a start does not need at once, but operation does. */

const answerWithin = 5000
const gibibyte = 2 ** 30
/** Less than this is gone in hours: Postgres alone keeps a gigabyte of its log. */
const little = 2 * gibibyte
const nothing = 0.2 * gibibyte

export function checkRoom(home: string): Promise<Check> {
  const name = 'disk'
  const todo = 'Make room, or move the data directory to another disk: without room nothing is accepted.'
  return attempt(name, todo, () => {
    const { bavail, bsize } = statfsSync(existing(home))
    const free = bavail * bsize
    const found = `${(free / gibibyte).toFixed(1)} GiB are free where the data is`
    if (free < nothing) return failed(name, found, todo)
    return free < little ? unsure(name, found, todo) : ok(name, found)
  })
}

/** Whether a restored database waits for its release: asked of the server that runs on it, else of the database of `DATABASE_URL`. */
export async function checkHold(home: string, env: NodeJS.ProcessEnv): Promise<Check> {
  const name = 'effects'
  const held = unsure(
    name,
    'held since a restore: no run starts or goes on',
    'Look at what went out after the backup, then run `millrace effects release`.',
  )
  try {
    const running = readServerJson(home)
    if (running) return (await isHeldBy(running.url)) ? held : ok(name, 'not held')
    const url = env['DATABASE_URL']
    if (!url) return ok(name, 'no server runs: if a restore holds them, the start says so')
    return (await isHeldIn(url)) ? held : ok(name, 'not held')
  } catch {
    return unsure(name, 'whether they are held cannot be asked', 'See what is said of the server and the database.')
  }
}

async function isHeldBy(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/api/v1/health/ready`, { signal: AbortSignal.timeout(answerWithin) })
  return z.object({ held: z.literal(true).optional() }).parse(await answer.json()).held ?? false
}

async function isHeldIn(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: answerWithin, query_timeout: answerWithin })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ name: string | null }>(`select to_regclass('effects_hold')::text as name`)
    if (!rows[0]?.name) return false // never migrated: nothing was restored
    return ((await client.query('select from effects_hold')).rowCount ?? 0) > 0
  } finally {
    await client.end().catch(() => {})
  }
}

const existing = (path: string): string => (existsSync(path) || dirname(path) === path ? path : existing(dirname(path)))
