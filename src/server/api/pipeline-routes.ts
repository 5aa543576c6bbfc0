import { createRoute, z } from '@hono/zod-openapi'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Planes } from '../planes.ts'
import { type Api, type ApiContext, answers, makeApi } from './api.ts'

export const pipelineView = z
  .object({
    pipeline: z.string(),
    isPaused: z.boolean(),
    pending: z.number().openapi({ description: 'Events that wait for a run; 10,000 stands for any more.' }),
  })
  .openapi('Pipeline')

const byName = z.object({ pipeline: z.string().openapi({ param: { name: 'pipeline', in: 'path' } }) })

/** Pipelines: what there is, and whether new runs of them start. */
export function pipelineRoutes({ pipelines, switches, dispatcher }: Planes): Api {
  const turn = async (c: ApiContext, pipeline: string, isPaused: boolean) => {
    if (!pipelines.names.includes(pipeline))
      throw new MillraceError('intake/unknown-pipeline', { pipeline, known: pipelines.names.join(', ') })
    const { person, tenant } = c.get('principal')
    await switches.set({ tenant, pipeline, isPaused, actor: person.id })
    if (!isPaused) dispatcher.nudge()
    const [state] = await switches.states(tenant, [pipeline])
    if (!state) throw new TypeError('a known pipeline has a state')
    return state
  }
  return makeApi()
    .openapi(
      createRoute({
        method: 'get',
        path: '/pipelines',
        responses: {
          200: answers(z.object({ pipelines: z.array(pipelineView).readonly() }), 'Those of this project.'),
        },
      }),
      async (c) => c.json({ pipelines: await switches.states(c.get('principal').tenant, pipelines.names) }, 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/pipelines/{pipeline}/pause',
        request: { params: byName },
        responses: { 200: answers(pipelineView, 'No new run starts; events are accepted and wait.') },
      }),
      async (c) => c.json(await turn(c, c.req.valid('param').pipeline, true), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/pipelines/{pipeline}/resume',
        request: { params: byName },
        responses: { 200: answers(pipelineView, 'What waited starts now.') },
      }),
      async (c) => c.json(await turn(c, c.req.valid('param').pipeline, false), 200),
    )
}
