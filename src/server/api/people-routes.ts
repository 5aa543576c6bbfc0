import { createRoute, z } from '@hono/zod-openapi'
import { createMiddleware } from 'hono/factory'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { isId } from '../../core/ids.ts'
import type { Planes } from '../planes.ts'
import { type Api, type ApiEnv, answers, line, makeApi, takes } from './api.ts'

/** Answers are parsed by their views: what a plane's own objects hold beside them stays inside. */
export const personView = z
  .object({ id: z.string(), name: z.string(), email: z.string().optional(), created: z.number() })
  .openapi('Person')
export const keyView = z
  .object({
    id: z.string(),
    person: z.string(),
    name: z.string(),
    created: z.number(),
    expires: z.number().optional(),
    revoked: z.number().optional(),
    lastUsed: z.number().optional().openapi({ description: 'To the minute.' }),
  })
  .openapi('ApiKey')
export const newKeyView = z.object({ key: keyView, secret: z.string().openapi({ description: 'Shown this once.' }) })

/** The last millisecond of the year 9999: what a database and a calendar can both say. */
const lastMoment = 253_402_300_799_999

const byKey = z.object({ key: z.string().openapi({ param: { name: 'key', in: 'path' }, example: 'key_0' }) })

/** Until roles exist, only the data directory's owner adds people and keys: everybody else is denied. */
export const ownerOnly = ({ owner }: Planes) =>
  createMiddleware<ApiEnv>(async (c, next) => {
    if (c.get('principal').person.id !== owner.id) {
      const why = 'only the owner of the data directory may see and change people and keys'
      throw new MillraceError('governance/not-allowed', { why })
    }
    await next()
  })

/** People and their API keys. */
export function peopleRoutes(planes: Planes): Api {
  const { people, keys } = planes
  const api = makeApi()
  for (const path of ['/people', '/keys', '/keys/*']) api.use(path, ownerOnly(planes))
  return api
    .openapi(
      createRoute({
        method: 'get',
        path: '/people',
        request: { query: z.object({ after: line(64).optional() }) },
        responses: {
          200: answers(z.object({ people: z.array(personView).readonly() }), 'In the order of their adding.'),
        },
      }),
      async (c) => {
        const found = await people.list(c.get('principal').tenant, c.req.valid('query'))
        return c.json({ people: found.map((one) => personView.parse(one)) }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/people',
        request: {
          body: takes(z.object({ name: line(100).min(1), email: line(254).optional().openapi({ format: 'email' }) })),
        },
        responses: { 201: answers(personView, 'Added.') },
      }),
      async (c) => {
        const { person, tenant } = c.get('principal')
        return c.json(personView.parse(await people.add({ tenant, ...c.req.valid('json'), actor: person.id })), 201)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/keys',
        responses: {
          200: answers(z.object({ keys: z.array(keyView).readonly() }), 'Revoked ones included; no secrets.'),
        },
      }),
      async (c) => {
        const found = await keys.list(c.get('principal').tenant)
        return c.json({ keys: found.map((one) => keyView.parse(one)) }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/keys',
        request: {
          body: takes(
            z.object({
              person: line(64),
              name: line(100).min(1),
              expires: z
                .number()
                .int()
                .min(0)
                .max(lastMoment)
                .optional()
                .openapi({ description: 'Milliseconds since 1970; absent: never.' }),
            }),
          ),
        },
        responses: { 201: answers(newKeyView, 'The secret is shown this once.') },
      }),
      async (c) => {
        const { person: actor, tenant } = c.get('principal')
        const { person, ...given } = c.req.valid('json')
        if (!isId('per', person)) throw new MillraceError('governance/no-such-person', { person })
        return c.json(newKeyView.parse(await keys.create({ tenant, person, ...given, actor: actor.id })), 201)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/keys/{key}/revoke',
        request: { params: byKey },
        responses: { 200: answers(keyView, 'It opens nothing any more.') },
      }),
      async (c) => {
        const { person, tenant } = c.get('principal')
        const revoked = await keys.revoke({ tenant, key: c.req.valid('param').key, actor: person.id })
        return c.json(keyView.parse(revoked), 200)
      },
    )
}
