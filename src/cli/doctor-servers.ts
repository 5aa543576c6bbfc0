import pg from 'pg'
import { describeUrl } from '../store/pool.ts'
import { attempt, type Check, failed, ok } from './doctor-check.ts'

/** The servers that the environment names, where it names any. */

const answerWithin = 5000
const oldestPostgres = 16

export function checkDatabase(env: NodeJS.ProcessEnv): Promise<Check> {
  const name = 'DATABASE_URL'
  const url = env[name]
  if (!url) {
    const alone = env['DATABASE_APP_URL'] ? 'DATABASE_APP_URL is set, and DATABASE_URL is not' : undefined
    if (alone) return Promise.resolve(failed(name, alone, 'Set both, or neither.'))
    return Promise.resolve(ok(name, 'not set: Millrace starts its own Postgres'))
  }
  const todo = `Start it, or correct ${name}; without it Millrace starts its own.`
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol))
    return Promise.resolve(failed(name, 'it is not a postgres:// address', todo))
  return attempt(name, todo, async () => {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: answerWithin,
      query_timeout: answerWithin,
    })
    client.on('error', () => {})
    try {
      await client.connect()
      const { rows } = await client.query<{ version: string }>(`select current_setting('server_version') as version`)
      const version = rows[0]?.version ?? ''
      if (Number.parseInt(version, 10) >= oldestPostgres) return ok(name, `Postgres ${version} at ${describeUrl(url)}`)
      return failed(
        name,
        `Postgres ${version} at ${describeUrl(url)} is too old`,
        `Use Postgres ${oldestPostgres} or newer.`,
      )
    } finally {
      await client.end().catch(() => {})
    }
  })
}

export async function checkRestate(env: NodeJS.ProcessEnv): Promise<Check> {
  const name = 'RESTATE_URL'
  const [ingress, admin] = [env['RESTATE_URL'], env['RESTATE_ADMIN_URL']]
  if (!ingress && !admin) return ok(name, 'not set: Millrace starts its own Restate')
  if (!ingress || !admin)
    return failed(name, 'one of RESTATE_URL and RESTATE_ADMIN_URL is not set', 'Set both, or neither.')
  const todo = 'Start Restate, or correct RESTATE_URL and RESTATE_ADMIN_URL; without them Millrace starts its own.'
  return attempt(name, todo, async () => {
    for (const url of [`${ingress.replace(/\/$/, '')}/restate/health`, `${admin.replace(/\/$/, '')}/health`]) {
      const answer = await fetch(url, { signal: AbortSignal.timeout(answerWithin) }).catch((error: unknown) => error)
      if (!(answer instanceof Response)) return failed(name, `${url} does not answer`, todo)
      if (!answer.ok) return failed(name, `${url} answers with ${answer.status}`, todo)
    }
    return ok(name, `Restate answers at ${ingress}, and its admin at ${admin}`)
  })
}
