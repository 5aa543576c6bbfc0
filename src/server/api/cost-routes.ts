import { createRoute, z } from '@hono/zod-openapi'
import { nanoOf } from '../../core/money.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { costReport, newestAlerts } from '../../models/cost/cost-report.ts'
import { correctByPerson } from '../../models/cost/correction.ts'
import type { Planes } from '../planes.ts'
import { type Api, answers, line, makeApi, takes } from './api.ts'
import { nano } from './cost-schemas.ts'
import { ownerOnly } from './people-routes.ts'

export const dimensions = ['model', 'task', 'entity', 'pipeline'] as const

export const costPage = z
  .object({
    from: z.string(),
    until: z.string(),
    lines: z.array(
      z.object({
        key: z.string().openapi({ description: 'A model, task, pipeline or `customer/42`; empty: what has none.' }),
        currency: z.string().openapi({ description: 'Empty: attempts whose price is not known.' }),
        attempts: z.number().int(),
        assumed: z.number().int().openapi({ description: 'Booked as the worst case: their use could not be told.' }),
        unknown: z.number().int().openapi({ description: 'Of unknown cost, and so not in `cost`.' }),
        cost: nano,
        input: z.number(),
        output: z.number(),
      }),
    ),
    next: z.object({ key: z.string(), currency: z.string() }).optional(),
  })
  .openapi('CostReport')
export const alertPage = z.object({
  alerts: z.array(
    z.object({
      budget: z.string().openapi({ description: 'Empty for an excess: it is no single budget’s.' }),
      period: z.string(),
      kind: z.enum(['warn', 'downgrade', 'stop', 'refused', 'overdrawn', 'excess']),
      reservation: z.string().optional(),
      amount: nano,
      at: z.number().openapi({ description: 'Milliseconds since 1970.' }),
    }),
  ),
})
export const correctionView = z.object({
  reservation: z.string(),
  isNew: z.boolean().openapi({ description: 'False: it was booked before, under this key.' }),
})

const limit = z.coerce.number().int().min(1).max(500).optional()
const day = z.iso.date().optional()
const query = z.object({
  by: z.enum(dimensions),
  from: day.openapi({ description: 'The first day, in UTC; a month before `until` unless said.' }),
  until: day.openapi({ description: 'The last day; today unless said.' }),
  order: z.enum(['key', 'cost']).default('cost').openapi({ description: 'By cost one page; by key page after page.' }),
  limit,
  afterKey: line(300).optional(),
  afterCurrency: line(3).optional(),
})
const correction = z.strictObject({
  key: line(100).min(1).openapi({ description: 'Names it: told twice, it is booked once.' }),
  amount: line(40)
    .regex(/^-?(?=[0.]*[1-9])\d{1,9}(?:\.\d{1,30})?$/, 'expected a decimal number that is not zero')
    .openapi({ description: 'Units of the currency, added; with a minus taken off.', example: '-0.25' }),
  reason: line(500).min(1),
})
const byReservation = z.object({
  reservation: z
    .string()
    .max(100)
    .openapi({ param: { name: 'reservation', in: 'path' } }),
})
const monthBefore = 30 * 86_400_000

/** What models cost. */
export function costRoutes(planes: Planes): Api {
  const { audit, clock, pool, gateway } = planes
  const api = makeApi()
  api.use('/cost/reservations/*', ownerOnly(planes))
  return api
    .openapi(
      createRoute({
        method: 'get',
        path: '/cost',
        request: { query },
        responses: {
          200: answers(costPage, 'What attempts cost that have ended, by the days on which they were made.'),
        },
      }),
      async (c) => {
        const { afterCurrency = '', afterKey, by, order, limit, ...days } = c.req.valid('query')
        const until = days.until ?? dayOf(clock.today())
        const from = days.from ?? dayOf(Date.parse(until) - monthBefore)
        const { lines, next } = await costReport(pool, {
          tenant: c.get('principal').tenant,
          by,
          from,
          until,
          order,
          ...(limit !== undefined && { limit }),
          ...(afterKey !== undefined && order === 'key' && { after: { key: afterKey, currency: afterCurrency } }),
        })
        const shown = lines.map((one) => ({ ...one, cost: String(one.cost) }))
        return c.json({ from, until, lines: shown, ...(next && { next }) }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/cost/alerts',
        request: { query: z.object({ limit }) },
        responses: { 200: answers(alertPage, 'The newest first.') },
      }),
      async (c) => {
        const { limit } = c.req.valid('query')
        const { tenant } = c.get('principal')
        const found = await newestAlerts(pool, { tenant, ...(limit !== undefined && { limit }) })
        const alerts = found.map(({ amount, at, budget, kind, period, reservation }) => ({
          budget,
          period,
          kind,
          ...(reservation && { reservation }),
          amount: String(amount),
          at: at.getTime(),
        }))
        return c.json({ alerts }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/cost/reservations/{reservation}/corrections',
        request: { params: byReservation, body: takes(correction) },
        responses: { 200: answers(correctionView, 'Booked in the periods and the currency of the reservation.') },
      }),
      async (c) => {
        const { person, tenant } = c.get('principal')
        const { reservation: id } = c.req.valid('param')
        const { amount: text, key, reason } = c.req.valid('json')
        const size = nanoOf(text.replace(/^-/, ''))
        if (size === undefined || size === 0n)
          throw new MillraceError('api/bad-request', { problems: 'amount: expected a decimal number that is not zero' })
        const amount = text.startsWith('-') ? -size : size
        const { alerts, isNew } = await correctByPerson(pool, audit, {
          tenant,
          actor: person.id,
          id,
          key,
          amount,
          reason,
        })
        for (const alert of alerts) gateway.onAlert(alert)
        return c.json({ reservation: id, isNew }, 200)
      },
    )
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)
