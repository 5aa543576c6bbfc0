import { createRoute, z } from '@hono/zod-openapi'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { isId } from '../../core/ids.ts'
import { dialects } from '../../models/dialects/dialects.ts'
import { keptCall, keptCalls } from '../../models/routes/call-reader.ts'
import type { Planes } from '../planes.ts'
import { afterId, type Api, answers, asBody, line, makeApi, takes } from './api.ts'
import { callPage, callView, trial, trialView } from './call-schemas.ts'

const parameter = (name: string) =>
  z
    .string()
    .max(100)
    .openapi({ param: { name, in: 'path' } })
const page = z.object({
  route: line(100).optional(),
  run: line(100).optional(),
  after: afterId('cal').optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})

/** The lineage of model calls, and a place to try a route. */
export function callRoutes({ gateway, pool }: Planes): Api {
  return makeApi()
    .openapi(
      createRoute({
        method: 'get',
        path: '/calls',
        request: { query: page },
        responses: {
          200: answers(callPage, 'Calls of models, the newest first: by whom, by which way, at what cost.'),
        },
      }),
      async (c) => {
        const { after, limit, route, run } = c.req.valid('query')
        if (run !== undefined && !isId('run', run)) return c.json({ calls: [] }, 200)
        const { tenant } = c.get('principal')
        const asked = { tenant, route, after, limit: limit + 1, run }
        const found = await keptCalls(pool, asked)
        const shown = found.slice(0, limit)
        const next = found.length > limit ? shown.at(-1)?.id : undefined
        return c.json(
          asBody({ calls: shown.map(({ outcome }) => callView.parse(outcome)), ...(next && { next }) }),
          200,
        )
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/calls/{call}',
        request: { params: z.object({ call: parameter('call') }) },
        responses: { 200: answers(callView, 'One call, with each of its attempts.') },
      }),
      async (c) => {
        const { tenant } = c.get('principal')
        const { outcome } = await keptCall(pool, { tenant, call: c.req.valid('param').call })
        return c.json(asBody(callView.parse(outcome)), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/routes/{route}/try',
        request: { params: z.object({ route: parameter('route') }), body: takes(trial) },
        responses: { 200: answers(trialView, 'What the route answers now, paid for and recorded as any call.') },
      }),
      async (c) => {
        const { tenant } = c.get('principal')
        const { dataClass, entity, system, text } = c.req.valid('json')
        const messages = [
          ...(system === undefined ? [] : [{ role: 'system', content: system }]),
          { role: 'user', content: text },
        ]
        const body = { model: c.req.valid('param').route, messages }
        const request = dialects['openai-chat'].read(Buffer.from(JSON.stringify(body)))
        const caller = {
          tenant,
          budgets: gateway.caller.budgets,
          dataClass,
          priority: 1,
          ...(entity !== undefined && { key: entity }),
          facts: { task: 'try' },
        } as const
        const answer = await gateway.gateway.call(request, caller, { headers: {}, signal: c.req.raw.signal })
        if (!Buffer.isBuffer(answer.body)) throw new TypeError('nothing was asked as a stream')
        const json = JSON.parse(answer.body.toString('utf8')) as unknown
        const outcome = callView.parse(
          JSON.parse(
            JSON.stringify(await answer.outcome, (_, value: unknown) =>
              typeof value === 'bigint' ? String(value) : value,
            ),
          ),
        )
        const said = dialects['openai-chat'].saidIn(json)
        if (answer.status !== 200 || !said)
          throw new MillraceError('model/upstream-status', {
            target: outcome.answered?.model ?? outcome.route,
            status: answer.status,
          })
        return c.json(asBody({ text: said.text, call: outcome }), 200)
      },
    )
}
