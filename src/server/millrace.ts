import { fileURLToPath } from 'node:url'
import { systemClock } from '../core/clock.ts'
import type { MillraceError } from '../core/errors/millrace-error.ts'
import { systemRandom } from '../core/random.ts'
import { ModelPlane } from '../models/model-plane.ts'
import { localRoutes } from '../sdk/models.ts'
import { migrate } from '../store/migrate.ts'
import { makeApp } from './api/app.ts'
import { mailServerOf } from './connectors.ts'
import { consoleDirectory, readyConsole } from './console-build.ts'
import { ConsoleFiles } from './console-files.ts'
import { type Engines, startEngines } from './embedded/engines.ts'
import { type Home, openHome, removeServerJson, writeServerJson } from './embedded/home.ts'
import { type Fetch, HttpServer } from './http-server.ts'
import { type Say, traceOf } from './log.ts'
import { openPlanes, type Planes } from './planes.ts'
import { loadProject, type Project } from './project.ts'

/** The encoders that Millrace brings. */
export const encoders: Readonly<Record<string, string>> = {
  'mini-en': fileURLToPath(new URL('../../models/mini-en', import.meta.url)),
}
/** A request in flight may take this long to end when the server stops. */
const drainWithin = 5000

export interface MillraceOptions {
  /** The data directory. */
  readonly home: string
  /** `millrace.config.ts`, unless another is named. */
  readonly config?: string | undefined
  /** What is served instead of a project's file, by the gateway alone: no runs are driven, and no Restate is started. */
  readonly gatewayAlone?: Project | undefined
  /** Of the API; 0 is any free one. */
  readonly port: number
  /** The address that the API listens on; 127.0.0.1 unless said. */
  readonly host?: string | undefined
  readonly env: NodeJS.ProcessEnv
  /** Told what happens: never a message's text. */
  readonly say: Say
  /** The operator said so: replies leave through the project's mail server, else they go to the outbox directory. */
  readonly send?: boolean | undefined
}

/** A running Millrace: both engines, every plane, the API. */
export interface Millrace {
  readonly url: string
  readonly home: string
  readonly project: Project
  readonly planes: Planes
  /** Rejects when an engine cannot be kept alive. */
  readonly broken: Promise<never>
  /** Drains and ends everything. */
  stop(): Promise<void>
  /** Ends the engines at once: what was in flight goes on at the next start. */
  force(): void
}

/**
 * Starts Millrace on a data directory. Errors: those of the directory, the engines, the project, the models and the store, and where it is to send,
 * `intake/no-smtp` and `intake/bad-smtp-url`; then nothing is left running.
 */
export async function startMillrace(options: MillraceOptions): Promise<Millrace> {
  const { env, gatewayAlone, say, send } = options
  const project = gatewayAlone ?? (await loadProject(options.config, env))
  if (send) say(`replies are sent through ${mailServerOf(project.settings).at}`, { event: 'replies-sent' })
  const home = openHome(options.home)
  const end: (() => unknown)[] = [() => home.close(), () => removeServerJson(home.path)]
  const undo = async (): Promise<void> => {
    for (const step of end.toReversed()) await Promise.resolve(step()).catch(() => {}) // each ends what it can
  }
  try {
    const http = await HttpServer.listen(options.port, options.host)
    end.push(() => http.close(drainWithin))
    let breakDown: (error: MillraceError) => void = () => {}
    const broken = new Promise<never>((_, reject) => (breakDown = reject))
    broken.catch(() => {}) // whoever started this may not listen yet
    const pages = gatewayAlone ? undefined : readyConsole(say) // beside the engines: neither waits for the other
    const [engines, models] = await together(
      beginEngines({ home, env, url: http.url, say, giveUp: breakDown, isDatabaseAlone: gatewayAlone !== undefined }),
      ModelPlane.open({
        routes: localRoutes(project.settings.routes),
        root: project.root,
        encoders: gatewayAlone ? {} : encoders,
        clock: systemClock,
        random: systemRandom,
      }),
      end,
    )
    say('preparing the database', { event: 'database-prepared' })
    await migrate(engines.postgres.ownerUrl)
    const planes = await openPlanes({
      home,
      engines,
      project,
      clock: systemClock,
      random: systemRandom,
      models,
      say,
      send,
    })
    end.push(() => planes.close())
    let isStopping = false
    const app = makeApp({
      planes,
      databaseUrl: engines.postgres.appUrl,
      clock: systemClock,
      random: systemRandom,
      isStopping: () => isStopping,
      isExposed: http.isExposed,
      hosts: (options.env['MILLRACE_HOSTS'] ?? '').toLowerCase().split(/[\s,]+/),
      log(incident, error) {
        const trace = traceOf(error)
        const sentence = [`${incident}: a request failed with ${trace.code}`, ...trace.at].join('\n  ')
        say(sentence, { event: 'request-failed', level: 'error', incident, ...trace })
      },
    })
    await pages
    const api: Fetch = (request, node) => app.fetch(request, node)
    http.serve(gatewayAlone ? api : new ConsoleFiles(consoleDirectory, systemRandom).over(api))
    let stopped: Promise<void> | undefined
    const stop = (): Promise<void> => {
      isStopping = true
      return (stopped ??= http.drain(drainWithin).then(undo)) // what is in flight still has every plane
    }
    return { url: http.url, home: home.path, project, planes, broken, stop, force: () => engines.force() }
  } catch (error) {
    await undo()
    throw error
  }
}

interface EnginesRequest {
  readonly home: Home
  readonly env: NodeJS.ProcessEnv
  readonly url: string
  readonly say: Say
  readonly giveUp: (error: MillraceError) => void
  readonly isDatabaseAlone: boolean
}

/** `server.json` names the pids from the moment that there are any. */
async function beginEngines({ home, url, ...request }: EnginesRequest): Promise<Engines> {
  const started = new Date(systemClock.today()).toISOString()
  let engines: Engines | undefined
  const changed = (): void => {
    const pids = engines?.pids() ?? { postgres: 0, restate: 0 }
    writeServerJson(home.path, { url, pids: { main: process.pid, ...pids }, started })
  }
  engines = await startEngines({ home, changed, ...request })
  changed()
  return engines
}

/** Starts both at once; what has started is ended later, also when the other fails. */
async function together(
  engines: Promise<Engines>,
  models: Promise<ModelPlane>,
  end: (() => unknown)[],
): Promise<[Engines, ModelPlane]> {
  const [started, opened] = await Promise.allSettled([engines, models])
  if (started.status === 'fulfilled') end.push(() => started.value.stop())
  if (opened.status === 'fulfilled') end.push(() => opened.value.close())
  if (started.status === 'rejected') throw started.reason
  if (opened.status === 'rejected') throw opened.reason
  return [started.value, opened.value]
}
