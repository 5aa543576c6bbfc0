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
export function healthRoutes({ hold }: Planes): Api {
  const state = z.object({ status: z.enum(['live', 'ready']) })
  const ready = state.extend({
    held: z
      .literal(true)
      .optional()
      .openapi({ description: 'After a restore nothing runs until effects are released.' }),
  })
  return makeApi()
    .openapi(
      createRoute({
        method: 'get',
        path: '/health/live',
        security: [],
        responses: { 200: answers(state, 'The process answers.') },
      }),
      (c) => c.json({ status: 'live' as const }, 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/health/ready',
        security: [],
        responses: { 200: answers(ready, 'The database answers too.') },
      }),
      async (c) => {
        const held = await hold.read()
        return c.json({ status: 'ready' as const, ...(held && { held: true as const }) }, 200)
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
