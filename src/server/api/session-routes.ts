import { createRoute, z } from '@hono/zod-openapi'
import { getConnInfo } from '@hono/node-server/conninfo'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { csrfOf } from '../../governance/sessions.ts'
import type { Planes } from '../planes.ts'
import { answers, type Api, type ApiContext, line, makeApi, takes } from './api.ts'
import { ownerOnly } from './people-routes.ts'
import { checkIsPrivate, clearCookies, readCookie, writeCookie } from './session-cookie.ts'

const sessionView = z
  .object({
    person: z.object({ id: z.string(), name: z.string(), email: z.string().optional() }),
    roles: z.array(z.string()).readonly(),
    teams: z.array(z.string()).readonly(),
    csrf: z.string().openapi({ description: 'Goes into the header `millrace-csrf` of every changing request.' }),
  })
  .openapi('Session')
const listedSession = z
  .object({
    id: z.string(),
    agent: z.string(),
    created: z.number(),
    lastUsed: z.number(),
    expires: z.number(),
    isThis: z.boolean(),
  })
  .openapi('ListedSession')
export const codeView = z
  .object({ path: z.string().openapi({ description: 'Of the console, the code in its fragment.' }) })
  .openapi('Code')
const ended = { 204: { description: 'Ended, at once.' } }
const agentOf = (c: ApiContext): string =>
  (c.req.header('user-agent') ?? '').replaceAll(/\P{ASCII}|\p{Cc}/gu, '').slice(0, 200)

/** Sign-in and one's own sessions. A key signs nobody in: it has no session to show or end. */
export function sessionRoutes(planes: Planes): Api {
  const { owner, people, sessions } = planes
  const api = makeApi()
  api.use('/people/:person/code', ownerOnly(planes))
  const shown = async (token: string): Promise<z.infer<typeof sessionView>> => {
    const found = await sessions.find(token)
    if (!found) throw new MillraceError('api/no-key', {})
    const roles = await sessions.rolesOf(found.tenant, found.person.id)
    const isOwner = found.person.id === owner.id
    return { person: found.person, roles: isOwner ? ['admin'] : roles, teams: [], csrf: csrfOf(token) }
  }
  /** A new token always, and the session before it ends: one that somebody else put there is worth nothing (fixation). */
  const begin = async (c: ApiContext, token: string): Promise<z.infer<typeof sessionView>> => {
    const before = await sessions.find(readCookie(c) ?? '')
    if (before) await sessions.end(before.tenant, before.person.id, before.session).catch(() => {})
    writeCookie(c, token)
    return shown(token)
  }
  /** Whoever signs in has nothing yet to show. */
  const needsNoKey = [{}, { key: [] }]
  return api
    .openapi(
      createRoute({
        method: 'post',
        path: '/session',
        security: needsNoKey,
        request: { body: takes(z.object({ email: line(254), password: z.string().max(1000) })) },
        responses: { 201: answers(sessionView, 'Signed in: the answer sets the cookie.') },
      }),
      async (c) => {
        checkIsPrivate(c)
        const address = getConnInfo(c).remote.address ?? 'unknown'
        const token = await sessions.signIn({
          tenant: owner.tenant,
          ...c.req.valid('json'),
          address,
          agent: agentOf(c),
        })
        return c.json(await begin(c, token), 201)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/codes/exchange',
        security: needsNoKey,
        request: { body: takes(z.object({ code: line(100), password: z.string().max(1000) })) },
        responses: {
          201: answers(sessionView, 'The password is set, all sessions before have ended, and a new one began.'),
        },
      }),
      async (c) => {
        checkIsPrivate(c)
        const token = await sessions.exchange({ ...c.req.valid('json'), agent: agentOf(c) })
        return c.json(await begin(c, token), 201)
      },
    )
    .openapi(
      createRoute({ method: 'get', path: '/session', responses: { 200: answers(sessionView, 'Who is signed in.') } }),
      async (c) => c.json(await shown(readCookie(c) ?? ''), 200),
    )
    .openapi(createRoute({ method: 'delete', path: '/session', responses: ended }), async (c) => {
      const { person, session = '', tenant } = c.get('principal')
      await sessions.end(tenant, person.id, session)
      clearCookies(c)
      return c.body(null, 204)
    })
    .openapi(
      createRoute({
        method: 'get',
        path: '/sessions',
        responses: {
          200: answers(z.object({ sessions: z.array(listedSession).readonly() }), 'Your own, newest first.'),
        },
      }),
      async (c) => {
        const { person, session, tenant } = c.get('principal')
        const listed = await sessions.list(tenant, person.id)
        return c.json({ sessions: listed.map((one) => ({ ...one, isThis: one.id === session })) }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/sessions/{session}',
        request: { params: z.object({ session: line(64) }) },
        responses: ended,
      }),
      async (c) => {
        const { person, tenant } = c.get('principal')
        await sessions.end(tenant, person.id, c.req.valid('param').session)
        return c.body(null, 204)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/people/{person}/code',
        request: { params: z.object({ person: line(64) }) },
        responses: {
          201: answers(codeView, 'A code to set a password with: once, within ten minutes. The one before it is void.'),
        },
      }),
      async (c) => {
        const { person, tenant } = c.get('principal')
        const { id } = await people.get(tenant, c.req.valid('param').person)
        const code = await sessions.makeCode({ tenant, person: id, actor: person.id })
        return c.json({ path: codePath(code) }, 201)
      },
    )
}

/** The fragment is never sent to a server, nor does it stand in a log. */
export const codePath = (code: string): string => `/code#code=${code}`
