import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { asApplicationRole } from '../../store/pool.ts'
import type { Say } from '../log.ts'
import type { Home } from './home.ts'
import { keep } from './kept.ts'
import { endOrphan } from './orphans.ts'
import { findPostgresPlace } from './postgres-place.ts'
import { initPostgres, postgresProcess, prepareDatabase } from './postgres.ts'
import { refuseExposedAdmin, restateProcess, restateUrls } from './restate.ts'
import type { SupervisedProcess } from './supervised-process.ts'
import { startWatchdog } from './watchdog.ts'

/** The two engines, embedded or elsewhere. */
export interface Engines {
  readonly postgres: { readonly ownerUrl: string; readonly appUrl: string; readonly isEmbedded: boolean }
  readonly restate: {
    readonly ingressUrl: string
    readonly adminUrl: string
    readonly identityKey: string | undefined
    readonly isEmbedded: boolean
    /** False: nobody drives runs, and the addresses lead nowhere. */
    readonly isThere: boolean
  }
  /** The port that the engine calls back on: remembered. */
  readonly handlerPort: number
  readonly pids: () => { readonly postgres: number; readonly restate: number }
  stop(which?: 'restate' | 'postgres'): Promise<void>
  force(): void
}

export interface EngineOptions {
  readonly home: Home
  readonly env: NodeJS.ProcessEnv
  readonly durable?: boolean
  /** Without Restate, for a gateway that drives no runs. */
  readonly isDatabaseAlone?: boolean
  readonly clock?: Clock
  readonly say: Say
  /** A pid changed: `server.json` is written anew. */
  readonly changed: () => void
  /** An engine cannot be kept alive. */
  readonly giveUp: (error: MillraceError) => void
}

/**
 * Starts Postgres and Restate side by side, unless `DATABASE_URL` (and `DATABASE_APP_URL`, else the same under the role `millrace_app`),
 * `RESTATE_URL` and `RESTATE_ADMIN_URL` point to others. What a killed start left is ended first: Restate, then Postgres.
 */
export async function startEngines(options: EngineOptions): Promise<Engines> {
  const { home, env, say, giveUp, clock = systemClock } = options
  const external = externalOf(env)
  const place = external.postgres ? undefined : findPostgresPlace(home.path, env)
  await endOrphan({
    pidFile: home.file('run/restate.pid'),
    works: { program: 'restate-server', directory: home.path },
    stop: 'SIGTERM',
    force: 'SIGKILL',
  })
  if (place)
    await endOrphan({
      pidFile: join(place.data, 'postmaster.pid'),
      mark: `-D ${place.data} `,
      works: { program: 'postgres', directory: place.data },
      stop: 'SIGINT',
      force: 'SIGQUIT',
    })
  rmSync(home.file('tmp'), { recursive: true, force: true })
  const kept = await keep(home, place?.data)
  const tell = startWatchdog()
  const running: { postgres?: SupervisedProcess; restate?: SupervisedProcess } = {}
  const pids = (): { postgres: number; restate: number } => ({
    postgres: running.postgres?.pid ?? 0,
    restate: running.restate?.pid ?? 0,
  })
  const changed = (): void => {
    for (const [name, pid] of Object.entries(pids())) tell(`${name} ${pid}`)
    options.changed()
  }
  const stop = async (which?: 'restate' | 'postgres'): Promise<void> => {
    if (which !== 'postgres') await running.restate?.stop()
    if (which !== 'restate') {
      await running.postgres?.stop()
      tell('done')
    }
  }
  try {
    const [postgres, restate] = await Promise.all([startPostgres(), startRestate()])
    return {
      postgres,
      restate,
      handlerPort: kept.ports.handler,
      pids,
      stop,
      force: () => Object.values(running).forEach((server) => server?.force()),
    }
  } catch (error) {
    await stop()
    throw error
  }

  async function startPostgres(): Promise<Engines['postgres']> {
    if (external.postgres) return { ...external.postgres, isEmbedded: false }
    if (!place) throw new TypeError('an embedded Postgres has a place')
    initPostgres(place, home, kept.passwords.superuser)
    running.postgres = postgresProcess(place, kept, { durable: options.durable ?? true }, { home, clock, changed, say })
    await running.postgres.start(giveUp)
    return { ...(await prepareDatabase(kept)), isEmbedded: true }
  }

  async function startRestate(): Promise<Engines['restate']> {
    if (options.isDatabaseAlone)
      return { ...restateUrls(kept), identityKey: undefined, isEmbedded: false, isThere: false }
    if (external.restate)
      return { ...external.restate, identityKey: env['RESTATE_IDENTITY_KEY'], isEmbedded: false, isThere: true }
    mkdirSync(home.file('tmp'), { recursive: true, mode: 0o700 })
    running.restate = restateProcess(kept, { home, clock, changed, say })
    await running.restate.start(giveUp)
    await refuseExposedAdmin(kept.ports.admin)
    return { ...restateUrls(kept), identityKey: kept.identityKey, isEmbedded: true, isThere: true }
  }
}

interface External {
  readonly postgres?: { readonly ownerUrl: string; readonly appUrl: string }
  readonly restate?: { readonly ingressUrl: string; readonly adminUrl: string }
}

/** Every missing or wrong variable is listed at once. */
function externalOf(env: NodeJS.ProcessEnv): External {
  const problems: string[] = []
  const url = (name: string, protocols: readonly string[]): string | undefined => {
    const text = env[name]
    if (!text) return undefined
    if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol))
      problems.push(`${name} is not a ${protocols[0]}// address`)
    return text
  }
  const [ownerUrl, appUrl] = [
    url('DATABASE_URL', ['postgres:', 'postgresql:']),
    url('DATABASE_APP_URL', ['postgres:', 'postgresql:']),
  ]
  const [ingressUrl, adminUrl] = [
    url('RESTATE_URL', ['http:', 'https:']),
    url('RESTATE_ADMIN_URL', ['http:', 'https:']),
  ]
  if (appUrl && !ownerUrl) problems.push('DATABASE_APP_URL is set, DATABASE_URL is not')
  if (Boolean(ingressUrl) !== Boolean(adminUrl))
    problems.push('RESTATE_URL and RESTATE_ADMIN_URL are set together or not at all')
  if (problems.length) throw new MillraceError('server/bad-environment', { problems: problems.join('; ') })
  return {
    ...(ownerUrl && { postgres: { ownerUrl, appUrl: appUrl ?? asApplicationRole(ownerUrl) } }),
    ...(ingressUrl && adminUrl && { restate: { ingressUrl, adminUrl } }),
  }
}
