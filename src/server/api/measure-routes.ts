import { createRoute, z } from '@hono/zod-openapi'
import { armReadOut } from '../../telemetry/arm-read-out.ts'
import { latencyGroups, latencyPercentiles } from '../../telemetry/latency-percentiles.ts'
import { shadowReadOut } from '../../telemetry/shadow-log.ts'
import type { Planes } from '../planes.ts'
import { type Api, answers, asBody, makeApi } from './api.ts'
import { armsView, latencyView } from './measure-schemas.ts'

const moment = z.coerce.number().int().min(0).max(8.64e15)
const lastDay = 86_400_000
const window = z.object({
  by: z.enum(latencyGroups).default('route'),
  from: moment.optional().openapi({ description: 'Milliseconds since 1970; a day ago unless said.' }),
  until: moment.optional().openapi({ description: 'Milliseconds since 1970; now unless said.' }),
})
const day = z.iso.date().openapi({ description: 'A day in UTC.' })
const days = z.object({ from: day.default('1970-01-01'), until: day.default('9999-12-31') })
const byRoute = z.object({
  route: z
    .string()
    .max(100)
    .openapi({ param: { name: 'route', in: 'path' } }),
})

/** What calls of models took, and how the arms of a route compare. */
export function measureRoutes({ clock, modelRoutes: { registry }, pool, telemetry }: Planes): Api {
  return makeApi()
    .openapi(
      createRoute({
        method: 'get',
        path: '/measures/latency',
        request: { query: window },
        responses: {
          200: answers(latencyView, 'Percentiles, from sketches that were added up and never from other percentiles.'),
        },
      }),
      async (c) => {
        const { by, from, until } = c.req.valid('query')
        const { tenant } = c.get('principal')
        const now = clock.today() + 60_000 // the minute that runs now
        await telemetry.flush()
        const asked = { by, from: from ?? now - lastDay, until: until ?? now }
        return c.json(asBody({ ...asked, figures: await latencyPercentiles(pool, { tenant, ...asked }) }), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/routes/{route}/arms',
        request: { params: byRoute, query: days },
        responses: {
          200: answers(armsView, 'Each arm in each version, with 95% intervals, and the shadows beside them.'),
        },
      }),
      async (c) => {
        const { tenant } = c.get('principal')
        const { route } = c.req.valid('param')
        await registry.history(tenant, route)
        await telemetry.flush()
        const asked = { tenant, route, ...c.req.valid('query') }
        const [arms, shadows] = await Promise.all([armReadOut(pool, asked), shadowReadOut(pool, asked)])
        return c.json(asBody({ route, arms, shadows }), 200)
      },
    )
}
