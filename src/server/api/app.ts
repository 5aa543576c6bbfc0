import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import type { Clock } from '../../core/clock.ts'
import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import type { Random } from '../../core/random.ts'
import { eventTypes } from '../../intake/cloud-events.ts'
import { mostMailBytes } from '../../intake/mail-event.ts'
import { asStoreError } from '../../store/pool.ts'
import { Outcomes } from '../outcomes.ts'
import type { Planes } from '../planes.ts'
import { type Api, type ApiEnv, makeApi } from './api.ts'
import { cacheRoutes } from './cache-routes.ts'
import { callRoutes } from './call-routes.ts'
import { budgetRoutes } from './budget-routes.ts'
import { costRoutes } from './cost-routes.ts'
import { deadLetterRoutes } from './dead-letter-routes.ts'
import { dialectRoutes } from './dialect-routes.ts'
import { effectsRoutes } from './effects-routes.ts'
import { eventRoutes, mostEventBytes } from './event-routes.ts'
import { healthRoutes, stepRoutes } from './health-routes.ts'
import { keyRoutes } from './key-routes.ts'
import { lineageRoutes } from './lineage-routes.ts'
import { mailRoutes } from './mail-routes.ts'
import { metricsHandler } from './metrics-routes.ts'
import { openInferenceRoutes } from './open-inference-routes.ts'
import { overviewRoutes } from './overview-routes.ts'
import { peopleRoutes } from './people-routes.ts'
import { measureRoutes } from './measure-routes.ts'
import { modelRoutes } from './model-routes.ts'
import { pipelineRoutes } from './pipeline-routes.ts'
import { openApiDocument, registerComponents } from './openapi-document.ts'
import { knownError, problemResponse } from './problem.ts'
import { inboxRoutes } from './inbox-routes.ts'
import { reviewRoutes } from './review-routes.ts'
import { runRoutes } from './run-routes.ts'
import { checkHost, checkSite, checkToken, readCookie } from './session-cookie.ts'
import { sessionRoutes } from './session-routes.ts'
import { storedResponseRoutes } from './stored-response-routes.ts'

/** Of every address but the one that takes mail. */
const mostBytes = 1024 * 1024

export interface AppOptions {
  readonly planes: Planes
  readonly databaseUrl: string
  readonly clock: Clock
  readonly random: Random
  readonly isStopping: () => boolean
  /** Other machines reach the API too: then metrics need a key like everything else. */
  readonly isExposed?: boolean
  /** Names, beside localhost, under which people reach the console: `desk.bank.example`. */
  readonly hosts?: readonly string[]
  /** A failure that is not of the dictionary. */
  readonly log: (incident: string, error: unknown) => void
}

/**
 * Millrace's own API, `/api/v1`, and `/metrics`. Every call but the health checks and, from this machine, the metrics needs a key, whose
 * person is the principal; every failure is a problem document (RFC 9457) with a code of the error dictionary.
 */
export function makeApp(options: AppOptions): Api {
  const { planes, clock } = options
  const outcomes = new Outcomes({ runs: planes.runs, deadLetters: planes.deadLetters, clock })
  const app = makeApi()
  app.onError((error) => {
    const told = asStoreError(error, options.databaseUrl)
    planes.errors.count('api', isMillraceError(told) ? told.code : 'api/failed')
    return problemResponse(told, options)
  })
  app.notFound((c) => problemResponse(noSuch(app, c), options))
  app.use(async (c, next) => {
    await next()
    c.header('x-content-type-options', 'nosniff')
    c.header('cache-control', 'no-store')
  })
  app.use('/api/v1/health/ready', whileServing(options.isStopping))
  app.route('/api/v1', healthRoutes(planes))
  app.get('/metrics', withKeyWhere(options.isExposed ?? false, planes), metricsHandler(planes))
  app.get('/api/v1/openapi.json', (c) => c.json(openApiDocument(app)))
  const asKnown = (error: unknown): MillraceError => knownError(asStoreError(error, options.databaseUrl), options)
  app.route('/v1', dialectRoutes({ planes, isStopping: options.isStopping, asKnown }))
  app.route('/v2', openInferenceRoutes({ planes, isStopping: options.isStopping, asKnown }))
  app.route('/v1', storedResponseRoutes({ planes, asKnown, random: options.random }))
  app.use('/api/v1/*', whileServing(options.isStopping), withPrincipal(planes, options.hosts ?? []), limitOf, withType)
  for (const routes of [
    sessionRoutes(planes),
    overviewRoutes(planes),
    runRoutes(planes, outcomes),
    lineageRoutes(planes),
    reviewRoutes(planes),
    inboxRoutes(planes),
    mailRoutes(planes),
    eventRoutes(planes),
    peopleRoutes(planes),
    keyRoutes(planes),
    budgetRoutes(planes),
    costRoutes(planes),
    pipelineRoutes(planes),
    modelRoutes(planes),
    cacheRoutes(planes),
    callRoutes(planes),
    measureRoutes(planes),
    deadLetterRoutes(planes),
    effectsRoutes(planes),
    stepRoutes(planes),
  ])
    app.route('/api/v1', routes)
  registerComponents(app)
  return app
}

/** Nothing is at the address, or nothing that takes the method (RFC 9110, 15.5.6). */
function noSuch(app: Api, { req }: Context): MillraceError {
  const [method, path] = [req.method, req.path.slice(0, 200)]
  const routes = ['GET', 'POST', 'PUT', 'DELETE'].flatMap((one) =>
    app.router.match(one, req.path)[0].map(([[, route]]) => route),
  )
  const taken = routes.filter((route) => route.method !== 'ALL') // middleware is of all methods
  const exact = taken.filter((route) => route.path === req.path) // `claim-next` is no item's id
  const allowed = new Set((exact.length > 0 ? exact : taken).map((route) => route.method))
  if (allowed.size === 0) return new MillraceError('api/no-such-path', { method, path })
  return new MillraceError('api/no-such-method', { method, path, allowed: [...allowed].join(', ') })
}

/** Most that is read of a body that is refused. */
const mostDiscarded = 128 * 1024 * 1024

function limitTo(most: number): MiddlewareHandler {
  // Reads on first: a client that is still sending when the connection ends never sees the answer.
  const onError = async (c: Context): Promise<never> => {
    const { body } = c.req.raw
    if (body && !body.locked) await discard(body)
    throw new MillraceError('api/too-large', { most })
  }
  return bodyLimit({ maxSize: most, onError })
}

async function discard(body: ReadableStream<Uint8Array>): Promise<void> {
  let read = 0
  for await (const chunk of body) if ((read += chunk.length) > mostDiscarded) return
}

const limitOther = limitTo(mostBytes)
/** The addresses that take more than JSON of one megabyte. */
const bodies: Readonly<Record<string, { readonly limit: MiddlewareHandler; readonly types: readonly string[] }>> = {
  '/api/v1/mail': { limit: limitTo(mostMailBytes), types: ['message/rfc822'] },
  '/api/v1/events': { limit: limitTo(mostEventBytes), types: Object.values(eventTypes) },
}
const limitOf = createMiddleware<ApiEnv>((c, next) => (bodies[c.req.path]?.limit ?? limitOther)(c, next))

/** A body of another type would be read as an empty one: a request must never do less than it says. */
const withType = createMiddleware<ApiEnv>(async (c, next) => {
  const wanted = bodies[c.req.path]?.types ?? ['application/json']
  const hasBody = c.req.header('transfer-encoding') !== undefined || Number(c.req.header('content-length') ?? 0) > 0
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (hasBody && !wanted.includes(type))
    throw new MillraceError('api/wrong-type', { type: type.slice(0, 100) || 'none', wanted: wanted.join(' or ') })
  await next()
})

const whileServing = (isStopping: () => boolean) =>
  createMiddleware<ApiEnv>(async (_c, next) => {
    if (isStopping()) throw new MillraceError('server/stopping', {})
    await next()
  })

const withKey = ({ keys }: Planes) =>
  createMiddleware<ApiEnv>(async (c, next) => {
    const secret = /^Bearer (\S{1,200})$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (secret === undefined) throw new MillraceError('api/no-key', {})
    const principal = await keys.verify(secret)
    if (!principal) throw new MillraceError('api/wrong-key', {})
    if (principal.grant) throw new MillraceError('governance/not-allowed', { why: 'this key is for models alone' })
    c.set('principal', { tenant: principal.tenant, person: principal.person })
    await next()
  })

/** Who is not signed in yet. */
const open = new Set(['POST /api/v1/session', 'POST /api/v1/codes/exchange'])

/**
 * A key alone counts where there is one: no browser adds it by itself. A cookie is added by the browser, whoever made it send the
 * request: it counts only from the console's own pages.
 */
const withPrincipal = (planes: Planes, hosts: readonly string[]) =>
  createMiddleware<ApiEnv>(async (c, next) => {
    if (c.req.header('authorization') !== undefined) return withKey(planes)(c, next)
    const isOpen = open.has(`${c.req.method} ${c.req.path}`)
    const token = readCookie(c)
    if (!isOpen && token === undefined) throw new MillraceError('api/no-key', {})
    checkHost(c, hosts)
    checkSite(c)
    if (isOpen) return next()
    const found = await planes.sessions.find(token ?? '')
    if (!found) throw new MillraceError('api/no-key', {})
    checkToken(c, token ?? '')
    c.set('principal', found)
    await next()
  })

/** A request that a proxy has forwarded comes from another machine, whatever address the API listens on. */
const withKeyWhere = (isExposed: boolean, planes: Planes) =>
  createMiddleware<ApiEnv>(async (c, next) => {
    const isForwarded = ['forwarded', 'x-forwarded-for', 'via'].some((name) => c.req.header(name) !== undefined)
    await (isExposed || isForwarded ? withKey(planes)(c, next) : next())
  })
