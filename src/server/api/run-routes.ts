import { createRoute, z } from '@hono/zod-openapi'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { isId, type TenantId } from '../../core/ids.ts'
import type { Planes } from '../planes.ts'
import type { Outcomes } from '../outcomes.ts'
import { afterId, type Api, answers, asBody, line, makeApi, takes } from './api.ts'
import { listedRun, runOutcome, runStatus, runView } from './run-schemas.ts'

const byRun = z.object({ run: z.string().openapi({ param: { name: 'run', in: 'path' }, example: 'run_0' }) })

/** Runs: a list, one whole, what became of several, cancel. */
export function runRoutes({ runs, engine }: Planes, outcomes: Outcomes): Api {
  const one = async (tenant: TenantId, run: string) => {
    const [found] = await runs.read(tenant, isId('run', run) ? [run] : [])
    if (!found) throw new MillraceError('governance/no-such-run', { run: run.slice(0, 64) })
    return found
  }
  return makeApi()
    .openapi(
      createRoute({
        method: 'get',
        path: '/runs',
        request: {
          query: z.object({
            pipeline: line(200).optional(),
            status: runStatus.optional(),
            after: afterId('run').optional(),
            limit: z.coerce.number().int().min(1).max(200).default(50),
          }),
        },
        responses: {
          200: answers(
            z.object({ runs: z.array(listedRun).readonly(), next: z.string().optional() }),
            'The newest first.',
          ),
        },
      }),
      async (c) => {
        const { after, ...filter } = c.req.valid('query')
        const cursor = after !== undefined && isId('run', after) ? after : undefined
        const { limit } = filter
        const found = await runs.list(c.get('principal').tenant, { ...filter, limit: limit + 1, after: cursor }) // one more tells whether a page follows
        const shown = found.slice(0, limit)
        const next = found.length > limit ? shown.at(-1)?.run : undefined
        return c.json({ runs: shown, ...(next && { next }) }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/runs/{run}',
        request: { params: byRun },
        responses: { 200: answers(runView, 'A run with its steps.') },
      }),
      async (c) => c.json(asBody(await one(c.get('principal').tenant, c.req.valid('param').run)), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/runs/{run}/cancel',
        request: { params: byRun },
        responses: {
          200: answers(z.object({ run: z.string(), wasOpen: z.boolean() }), 'It is cancelled, or had ended already.'),
        },
      }),
      async (c) => {
        const { run } = await one(c.get('principal').tenant, c.req.valid('param').run)
        return c.json({ run, wasOpen: await engine.cancel(run) }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/runs/outcomes',
        request: {
          body: takes(
            z.object({
              runs: z.array(line(64)).min(1).max(500),
              within: z.number().int().min(0).max(20_000).default(0),
            }),
          ),
        },
        responses: {
          200: answers(
            z.object({ outcomes: z.array(runOutcome).readonly() }),
            'Those that have settled by now, or by the first that does.',
          ),
        },
      }),
      async (c) => {
        const { runs: wanted, within } = c.req.valid('json')
        const settled = await outcomes.settled(c.get('principal').tenant, wanted, within, c.req.raw.signal)
        return c.json(asBody({ outcomes: settled }), 200)
      },
    )
}
