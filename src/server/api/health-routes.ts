import { createRoute, z } from '@hono/zod-openapi'
import type { Planes } from '../planes.ts'
import { type Api, answers, makeApi } from './api.ts'

const figures = z.object({
  kind: z.string(),
  resource: z.string(),
  pipeline: z.string(),
  outcome: z.string(),
  count: z.number(),
  p50: z.number().openapi({ description: 'Milliseconds.' }),
  p95: z.number(),
  p99: z.number(),
})

/** Whether it lives and works: without a key, and saying nothing else. */
export function healthRoutes({ pool }: Planes): Api {
  const state = z.object({ status: z.enum(['live', 'ready']) })
  return makeApi()
    .openapi(
      createRoute({ method: 'get', path: '/health/live', responses: { 200: answers(state, 'The process answers.') } }),
      (c) => c.json({ status: 'live' as const }, 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/health/ready',
        responses: { 200: answers(state, 'The database answers too.') },
      }),
      async (c) => {
        await pool.query('select 1')
        return c.json({ status: 'ready' as const }, 200)
      },
    )
}

/** How long steps took in this process. */
export function stepRoutes({ meter }: Planes): Api {
  return makeApi().openapi(
    createRoute({
      method: 'get',
      path: '/steps',
      responses: { 200: answers(z.object({ steps: z.array(figures).readonly() }), 'Since the process began.') },
    }),
    (c) => c.json({ steps: meter.figures() }, 200),
  )
}
