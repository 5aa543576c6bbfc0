import { createRoute, z } from '@hono/zod-openapi'
import { createMiddleware } from 'hono/factory'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Planes } from '../planes.ts'
import { type Api, type ApiEnv, answers, line, makeApi, takes } from './api.ts'

/** Answers are parsed by their views: what a plane's own objects hold beside them stays inside. */
export const personView = z
  .object({ id: z.string(), name: z.string(), email: z.string().optional(), created: z.number() })
  .openapi('Person')

/** Until roles exist, only the data directory's owner adds people and keys: everybody else is denied. */
export const ownerOnly = ({ owner }: Planes) =>
  createMiddleware<ApiEnv>(async (c, next) => {
    if (c.get('principal').person.id !== owner.id) {
      const why = 'only the owner of the data directory may see and change people and keys'
      throw new MillraceError('governance/not-allowed', { why })
    }
    await next()
  })

/** People. */
export function peopleRoutes(planes: Planes): Api {
  const { people } = planes
  const api = makeApi()
  api.use('/people', ownerOnly(planes))
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
}
