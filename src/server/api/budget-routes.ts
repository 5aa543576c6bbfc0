import { createRoute, z } from '@hono/zod-openapi'
import { listBudgets } from '../../models/cost/budgets.ts'
import { setBudget } from '../../models/cost/set-budget.ts'
import type { Planes } from '../planes.ts'
import { type Api, answers, line, makeApi, takes } from './api.ts'
import { nano } from './cost-schemas.ts'
import { ownerOnly } from './people-routes.ts'

export const budgetView = z
  .object({
    id: z.string(),
    parent: z.string().optional(),
    currency: z.string(),
    cap: nano,
    period: z.string().openapi({ description: 'The present one, in UTC.' }),
    held: nano,
    spent: nano,
    standing: z.enum(['normal', 'warn', 'downgrade', 'stop']),
  })
  .openapi('Budget')
export const budgetPage = z.object({ budgets: z.array(budgetView), next: z.string().optional() })

const percent = z.number().int().min(1).max(100).optional()
const change = z.strictObject({
  parent: line(100).optional(),
  currency: line(3).optional(),
  cap: line(40).optional().openapi({ description: 'Units of the currency, as a decimal number.', example: '250' }),
  period: z.enum(['day', 'week', 'month', 'all']).optional(),
  warn: percent,
  downgrade: percent,
  stop: percent,
})
const byBudget = z.object({
  budget: z
    .string()
    .min(1)
    .max(100)
    .openapi({ param: { name: 'budget', in: 'path' } }),
})
const page = 200

/** What may be spent. */
export function budgetRoutes(planes: Planes): Api {
  const { audit, pool } = planes
  const api = makeApi()
  api.use('/budgets/*', ownerOnly(planes))
  return api
    .openapi(
      createRoute({
        method: 'get',
        path: '/budgets',
        request: { query: z.object({ after: line(100).optional() }) },
        responses: { 200: answers(budgetPage, 'In the order of their ids, each in its present period.') },
      }),
      async (c) => {
        const { after = '' } = c.req.valid('query')
        const found = await listBudgets(pool, { tenant: c.get('principal').tenant, after, limit: page })
        const next = found.length === page ? found.at(-1)?.id : undefined
        return c.json({ budgets: found.map(viewOf), ...(next !== undefined && { next }) }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'put',
        path: '/budgets/{budget}',
        request: { params: byBudget, body: takes(change) },
        responses: { 200: answers(budgetView, 'It counts from now on; what is left out stays as it was.') },
      }),
      async (c) => {
        const { person, tenant } = c.get('principal')
        const { budget: id } = c.req.valid('param')
        const { period, ...words } = c.req.valid('json')
        await setBudget(pool, audit, { tenant, actor: person.id, id, change: { ...words, ...(period && { period }) } })
        const [set] = (await listBudgets(pool, { tenant, only: id })).map(viewOf)
        if (!set) throw new TypeError('a budget that was set is there') // none is ever removed
        return c.json(set, 200)
      },
    )
}

type Status = Awaited<ReturnType<typeof listBudgets>>[number]

const viewOf = ({ cap, held, spent, parent, ...rest }: Status): z.infer<typeof budgetView> => ({
  ...rest,
  ...(parent !== undefined && { parent }),
  cap: String(cap),
  held: String(held),
  spent: String(spent),
})
