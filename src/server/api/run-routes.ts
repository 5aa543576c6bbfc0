import { createRoute, z } from '@hono/zod-openapi'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { isId, type TenantId } from '../../core/ids.ts'
import type { Planes } from '../planes.ts'
import type { Outcomes } from '../outcomes.ts'
import { afterId, type Api, answers, asBody, line, makeApi, takes } from './api.ts'
import { listedRun, releasedRun, runOutcome, runStatus, runView } from './run-schemas.ts'

const byRun = z.object({ run: z.string().openapi({ param: { name: 'run', in: 'path' }, example: 'run_0' }) })

/** Of one request: each is a transaction of its own. */
const mostReleased = 200

/** Runs: a list, one whole, what became of several, cancel, resume, release. */
export function runRoutes({ runs, orders, holds }: Planes, outcomes: Outcomes): Api {
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
            entity: line(200).min(1).optional().openapi({ description: 'A business entity: `customer/42`, or `42`.' }),
            held: z
              .enum(['true', 'false'])
              .optional()
              .transform((text) => text === 'true')
              .openapi({ description: 'Those alone that wait for their release, or will.' }),
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
        const { person, tenant } = c.get('principal')
        return c.json(await orders.cancel({ tenant, run: c.req.valid('param').run, actor: person.id }), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/runs/{run}/resume',
        request: { params: byRun },
        responses: {
          200: answers(z.object({ run: z.string(), wasPaused: z.boolean() }), 'It goes on, or was not paused.'),
        },
      }),
      async (c) => {
        const { person, tenant } = c.get('principal')
        return c.json(await orders.resume({ tenant, run: c.req.valid('param').run, actor: person.id }), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/runs/{run}/release',
        request: { params: byRun },
        responses: { 200: answers(releasedRun, 'It is released, or was before: what it held back goes on now.') },
      }),
      async (c) => {
        const { person, tenant } = c.get('principal')
        return c.json(await holds.release({ tenant, run: c.req.valid('param').run, actor: person.id }), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/runs/release',
        request: { body: takes(z.object({ all: z.literal(true) })) },
        responses: {
          200: answers(
            z.object({ released: z.array(releasedRun).readonly(), isMore: z.boolean() }),
            `The oldest ${mostReleased} that were held; where there are more, ask again.`,
          ),
        },
      }),
      async (c) => {
        const { person, tenant } = c.get('principal')
        const released = await holds.releaseAll({ tenant, actor: person.id, limit: mostReleased })
        return c.json({ released, isMore: released.length === mostReleased }, 200)
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
