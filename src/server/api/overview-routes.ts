import { createRoute, z } from '@hono/zod-openapi'
import type { Planes } from '../planes.ts'
import { type Api, answers, asBody, makeApi } from './api.ts'
import { nano } from './cost-schemas.ts'

const moment = z.number().openapi({ description: 'Milliseconds since 1970.' })
const countOf = z.number().int()

const overviewView = z
  .object({
    since: moment,
    at: moment,
    runs: z.record(z.string(), countOf).openapi({
      description: 'By status. `running`, `waiting` and `paused` are all there are; the rest began since.',
    }),
    hours: z.array(z.object({ at: moment, runs: countOf, failed: countOf })).readonly(),
    automation: z
      .object({ decided: countOf, alone: countOf })
      .openapi({ description: 'Runs that the machine has decided, and those of them that asked nobody.' }),
    failures: z
      .object({ ended: countOf, count: countOf, share: z.number(), low: z.number(), high: z.number() })
      .openapi({ description: 'Runs that failed of those that ended, with the 95 % interval (Wilson).' }),
    people: z.object({ decisions: countOf, rejected: countOf, activeMs: z.number() }),
    costs: z
      .array(z.object({ currency: z.string(), nano, unknown: countOf }))
      .readonly()
      .openapi({
        description: 'Of model calls; `unknown` are attempts without a known price, which are not in the sum.',
      }),
    returns: z
      .array(
        z.object({ pipeline: z.string(), currency: z.string(), transactions: countOf, baseline: nano, spent: nano }),
      )
      .readonly()
      .openapi({ description: 'Against the baselines of the project’s settings.' }),
    needs: z.object({
      items: countOf,
      overdue: countOf,
      oldest: moment.optional(),
      queues: z.array(z.object({ queue: z.string(), items: countOf, overdue: countOf })).readonly(),
      letters: countOf,
      held: countOf,
      paused: countOf,
      pausedPipelines: z.array(z.string()).readonly(),
    }),
    stuck: z
      .array(
        z.object({
          kind: z.enum(['paused', 'overdue', 'failed']),
          where: z.string(),
          code: z.string().optional(),
          count: countOf,
          since: moment,
          example: z.string(),
        }),
      )
      .readonly(),
  })
  .openapi('Overview')

const day = 86_400_000

/** What the automation did, and what it needs. */
export function overviewRoutes({ clock, overview }: Planes): Api {
  return makeApi().openapi(
    createRoute({
      method: 'get',
      path: '/overview',
      request: {
        query: z.object({
          since: z.coerce.number().int().min(0).optional().openapi({
            description: 'Milliseconds since 1970, at most 31 days back; 24 hours ago unless said.',
          }),
        }),
      },
      responses: { 200: answers(overviewView, 'Counts, no payloads.') },
    }),
    async (c) => {
      const now = clock.today()
      const { since = now - day } = c.req.valid('query')
      const from = Math.min(now, Math.max(now - 31 * day, since))
      return c.json(asBody(await overview.read(c.get('principal').tenant, from)), 200)
    },
  )
}
