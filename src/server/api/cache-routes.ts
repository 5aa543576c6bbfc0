import { createRoute, z } from '@hono/zod-openapi'
import { cacheReport, cacheSize, emptyReport } from '../../models/caches/cache-report.ts'
import type { CallId } from '../../core/ids.ts'
import type { Planes } from '../planes.ts'
import { type Api, answers, asBody, makeApi } from './api.ts'

const byRoute = z.object({
  route: z
    .string()
    .max(100)
    .openapi({ param: { name: 'route', in: 'path' } }),
})
const day = z.iso.date().openapi({ description: 'A day in UTC.' })
const days = z.object({
  from: day.default('1970-01-01').openapi({ description: 'The first day that counts; the first of all unless said.' }),
  until: day.default('9999-12-31').openapi({ description: 'The last day that counts.' }),
})
const ofCall = z.object({
  call: z
    .string()
    .regex(/^cal_[0-9a-f]{32}$/, 'not the id of a call')
    .optional()
    .openapi({
      description: 'Of this call alone, whose answer a person rejects: its own, or the one that stood for it.',
    }),
})
const count = z.number().int()
const reasons = (description: string) => z.record(z.string(), count).openapi({ description })

export const cacheView = z
  .object({
    route: z.string(),
    answers: count.openapi({ description: 'Kept now.' }),
    bytes: count,
    exactHits: count,
    semanticHits: count,
    misses: count,
    hitRate: z.number().optional().openapi({ description: 'Of the calls that were looked for; absent: none was.' }),
    kept: count,
    evicted: count,
    passed: reasons('Calls that were not looked for, by why.'),
    refused: reasons('Questions that were near to a kept one, and not taken for the same, by what differs.'),
    unkept: reasons('Answers that were not kept, by why.'),
    saved: z
      .array(z.object({ currency: z.string(), nano: z.string() }))
      .openapi({ description: 'What the hits had cost when they were asked, in billionths of the currency.' }),
  })
  .openapi('RouteCache')

export const emptiedView = z.object({ emptied: count })

/** What the caches did for a route, and emptying them. */
export function cacheRoutes({ caches, modelRoutes: { registry }, pool }: Planes): Api {
  return makeApi()
    .openapi(
      createRoute({
        method: 'get',
        path: '/routes/{route}/cache',
        request: { params: byRoute, query: days },
        responses: { 200: answers(cacheView, 'What the caches hold and did; counts are at most a few seconds old.') },
      }),
      async (c) => {
        const { tenant } = c.get('principal')
        const { route } = c.req.valid('param')
        await registry.history(tenant, route)
        const [report = emptyReport(route)] = await cacheReport(pool, { tenant, route, ...c.req.valid('query') })
        const { hitRate, saved, ...counts } = report
        return c.json(
          asBody({
            ...counts,
            ...(await cacheSize(pool, { tenant, route })),
            ...(hitRate !== undefined && { hitRate }),
            saved: saved.map(({ currency, nano }) => ({ currency, nano: String(nano) })),
          }),
          200,
        )
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/routes/{route}/cache',
        request: { params: byRoute, query: ofCall },
        responses: { 200: answers(emptiedView, 'How many answers are gone.') },
      }),
      async (c) => {
        const { person, tenant } = c.get('principal')
        const { route } = c.req.valid('param')
        const call = c.req.valid('query').call as CallId | undefined // by its pattern
        await registry.history(tenant, route)
        return c.json({ emptied: await caches.empty({ tenant, route, call, actor: person.id }) }, 200)
      },
    )
}
