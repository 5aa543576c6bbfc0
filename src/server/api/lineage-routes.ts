import { createRoute, z } from '@hono/zod-openapi'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { isId } from '../../core/ids.ts'
import type { Planes } from '../planes.ts'
import { type Api, answers, makeApi } from './api.ts'

export const lineageRecord = z
  .object({
    seq: z.number(),
    key: z.string(),
    kind: z.string(),
    phase: z.string(),
    outcome: z.string(),
    at: z.number().openapi({ description: 'Milliseconds since 1970.' }),
    leafHash: z.string(),
    leaf: z.string().openapi({ description: 'The canonical JSON that is hashed.' }),
    factors: z.array(z.object({ kind: z.string(), name: z.string(), digest: z.string() })).readonly(),
    problems: z.array(z.string()).readonly(),
    isContentChecked: z.boolean(),
  })
  .openapi('LineageRecord')

export const runLineage = z.object({
  records: z.array(lineageRecord).readonly(),
  problems: z.array(z.string()).readonly().openapi({ description: 'Of the whole: records missing at its end.' }),
})

/** The records of a run, each checked against its hash, its columns and its content. */
export function lineageRoutes({ lineage }: Planes): Api {
  return makeApi().openapi(
    createRoute({
      method: 'get',
      path: '/runs/{run}/lineage',
      request: { params: z.object({ run: z.string().openapi({ param: { name: 'run', in: 'path' } }) }) },
      responses: { 200: answers(runLineage, 'In order.') },
    }),
    async (c) => {
      const { run } = c.req.valid('param')
      const found = isId('run', run) ? await lineage.read(c.get('principal').tenant, run) : undefined
      if (!found) throw new MillraceError('governance/no-such-run', { run: run.slice(0, 64) })
      return c.json(found, 200)
    },
  )
}
