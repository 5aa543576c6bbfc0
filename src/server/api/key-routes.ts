import { createRoute, z } from '@hono/zod-openapi'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { isId, type PersonId, type TenantId } from '../../core/ids.ts'
import { hasBudget } from '../../models/cost/budgets.ts'
import { dataClasses } from '../../sdk/models.ts'
import type { Planes } from '../planes.ts'
import { type Api, answers, line, makeApi, takes } from './api.ts'
import { ownerOnly } from './people-routes.ts'

const limit = z.number().int().min(1).max(1_000_000_000).optional()
const grant = {
  routes: z.array(z.string()).optional().openapi({ description: 'By name; absent: every route.' }),
  budgets: z.array(z.string()).openapi({ description: 'Beside those that the project holds all clients to.' }),
  dataClass: z.enum(dataClasses).openapi({ description: 'What the data may be at most.' }),
  requests: limit.openapi({ description: 'A minute.' }),
  tokens: limit.openapi({ description: 'A minute, read and written together.' }),
  atOnce: limit.openapi({ description: 'Calls at once.' }),
}
export const keyView = z
  .object({
    id: z.string(),
    person: z.string(),
    name: z.string(),
    created: z.number(),
    expires: z.number().optional(),
    revoked: z.number().optional(),
    lastUsed: z.number().optional().openapi({ description: 'To the minute.' }),
    grant: z.object(grant).optional().openapi({ description: 'It is for models; absent: for the API.' }),
  })
  .openapi('ApiKey')
export const newKeyView = z.object({ key: keyView, secret: z.string().openapi({ description: 'Shown this once.' }) })

/** The last millisecond of the year 9999: what a database and a calendar can both say. */
const lastMoment = 253_402_300_799_999

const newKey = z.object({
  person: line(64).optional().openapi({ description: 'Who answers for it; absent: you.' }),
  name: line(100).min(1),
  expires: z
    .number()
    .int()
    .min(0)
    .max(lastMoment)
    .optional()
    .openapi({ description: 'Milliseconds since 1970; absent: never.' }),
  grant: z
    .strictObject({
      ...grant,
      routes: z
        .array(line(200))
        .min(1)
        .max(100)
        .optional()
        .openapi({ description: 'By name or alias; absent: every route.' }),
      budgets: z.array(line(100)).max(100).default([]),
      dataClass: grant.dataClass.default('special'),
    })
    .optional()
    .openapi({ description: 'Makes it a key for models, which opens nothing of this API.' }),
})
const byKey = z.object({ key: z.string().openapi({ param: { name: 'key', in: 'path' }, example: 'key_0' }) })

/** Keys of people for the API, and of clients for models. */
export function keyRoutes(planes: Planes): Api {
  const { keys, clients } = planes
  const api = makeApi()
  for (const path of ['/keys', '/keys/*']) api.use(path, ownerOnly(planes))
  return api
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
        request: { body: takes(newKey) },
        responses: { 201: answers(newKeyView, 'The secret is shown this once.') },
      }),
      async (c) => {
        const { person: actor, tenant } = c.get('principal')
        const { grant: asked, person = actor.id, ...given } = c.req.valid('json')
        if (!isPerson(person)) throw new MillraceError('governance/no-such-person', { person })
        const allowed = asked && (await withKnown(planes, tenant, asked))
        const made = await keys.create({ tenant, person, ...given, grant: allowed, actor: actor.id })
        return c.json(newKeyView.parse(made), 201)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/keys/{key}/revoke',
        request: { params: byKey },
        responses: { 200: answers(keyView, 'It opens nothing any more, within two seconds in every process.') },
      }),
      async (c) => {
        const { person, tenant } = c.get('principal')
        const revoked = await keys.revoke({ tenant, key: c.req.valid('param').key, actor: person.id })
        clients.forget()
        return c.json(keyView.parse(revoked), 200)
      },
    )
}

const isPerson = (text: string): text is PersonId => isId('per', text)

/** A key that names what is not there would be refused at its first call: better now. Aliases become their routes. */
async function withKnown(
  { modelRoutes: { live }, pool }: Planes,
  tenant: TenantId,
  asked: NonNullable<z.output<typeof newKey>['grant']>,
) {
  for (const budget of asked.budgets)
    if (!(await hasBudget(pool, tenant, budget))) throw new MillraceError('cost/no-such-budget', { budget })
  const routes = asked.routes?.map((name) => live.get(name).route)
  return { ...asked, ...(routes && { routes: [...new Set(routes)] }) }
}
