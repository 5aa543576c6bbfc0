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

/** The records of a run, each checked against its hash, its columns and its content. */
export function lineageRoutes({ lineage }: Planes): Api {
  return makeApi().openapi(
    createRoute({
      method: 'get',
      path: '/runs/{run}/lineage',
      request: { params: z.object({ run: z.string().openapi({ param: { name: 'run', in: 'path' } }) }) },
      responses: { 200: answers(z.object({ records: z.array(lineageRecord).readonly() }), 'In order.') },
    }),
    async (c) => {
      const { run } = c.req.valid('param')
      const records = isId('run', run) ? await lineage.read(c.get('principal').tenant, run) : []
      if (records.length === 0) throw new MillraceError('governance/no-such-run', { run })
      return c.json({ records }, 200)
    },
  )
}
