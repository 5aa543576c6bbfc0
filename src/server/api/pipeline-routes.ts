import { createRoute, z } from '@hono/zod-openapi'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { pipelineGraph } from '../../execution/runs/pipeline-graph.ts'
import type { Planes } from '../planes.ts'
import { type Api, type ApiContext, answers, asBody, makeApi } from './api.ts'

export const pipelineView = z
  .object({
    pipeline: z.string(),
    isPaused: z.boolean(),
    pending: z.number().openapi({ description: 'Events that wait for a run; 10,000 stands for any more.' }),
  })
  .openapi('Pipeline')

const graphView = z
  .object({
    runs: z.number().int(),
    nodes: z
      .array(
        z.object({
          id: z.string().openapi({ description: '`classify:intent`; `began` and the states of runs are nodes too.' }),
          kind: z.string(),
          name: z.string(),
          count: z.number().int(),
          failed: z.number().int(),
          median: z.number().optional().openapi({ description: 'Milliseconds; of what waits, waiting included.' }),
        }),
      )
      .readonly(),
    edges: z.array(z.object({ from: z.string(), to: z.string(), count: z.number().int() })).readonly(),
  })
  .openapi('PipelineGraph')

const byName = z.object({ pipeline: z.string().openapi({ param: { name: 'pipeline', in: 'path' } }) })

/** Pipelines: what there is, and whether new runs of them start. */
export function pipelineRoutes({ pipelines, pool, switches, dispatcher }: Planes): Api {
  const known = (pipeline: string): void => {
    if (!pipelines.names.includes(pipeline))
      throw new MillraceError('intake/unknown-pipeline', { pipeline, known: pipelines.names.join(', ') })
  }
  const turn = async (c: ApiContext, pipeline: string, isPaused: boolean) => {
    known(pipeline)
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
        method: 'get',
        path: '/pipelines/{pipeline}/graph',
        request: {
          params: byName,
          query: z.object({ runs: z.coerce.number().int().min(1).max(1000).default(300) }),
        },
        responses: { 200: answers(graphView, 'What its newest runs did, put together.') },
      }),
      async (c) => {
        const { pipeline } = c.req.valid('param')
        known(pipeline)
        const { runs } = c.req.valid('query')
        return c.json(asBody(await pipelineGraph(pool, { tenant: c.get('principal').tenant, pipeline, runs })), 200)
      },
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
