import { createRoute, z } from '@hono/zod-openapi'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { isId, type WorkItemId } from '../../core/ids.ts'
import type { Planes } from '../planes.ts'
import { type Api, type ApiContext, answers, asBody, line, makeApi, mayTake, takes } from './api.ts'
import { decided, itemClaim, itemDetail, itemSummary, itemVerdict } from './review-schemas.ts'

export const lease = z
  .number()
  .int()
  .min(1000)
  .max(86_400_000)
  .optional()
  .openapi({ description: 'Milliseconds; ten minutes unless said.' })

/** How the person looked at it, and how long it can be undone. */
const howLooked = {
  activeMs: z.number().int().min(0).max(86_400_000).optional(),
  holdFor: z.number().int().min(0).max(60_000).optional().openapi({
    description: 'Milliseconds until it takes effect, and can be undone; 0 unless said.',
  }),
  seen: z
    .strictObject({
      evidence: z.array(line(200)).max(100).readonly().optional(),
      visibleMs: z.number().int().min(0).max(86_400_000).optional(),
      key: line(40).optional(),
    })
    .optional(),
}

/** What the database can hold of a number that it counts up. */
export const claimNumber = z.number().int().min(0).max(2_147_483_647)

export const decisionBody = z.object({
  claim: claimNumber,
  verdict: itemVerdict,
  shownDigest: line(64).openapi({ description: 'Of the item as it was shown.' }),
  reason: line(200).optional(),
  note: z.string().max(4000).optional(),
  value: z.json().optional().openapi({ type: 'object', description: 'The edited arguments, or the answer.' }),
  ...howLooked,
})

export const byItem = z.object({ item: z.string().openapi({ param: { name: 'item', in: 'path' }, example: 'rev_0' }) })

export const itemOf = (text: string): WorkItemId => {
  if (!isId('rev', text)) throw new MillraceError('review/no-such-item', { item: text.slice(0, 64) })
  return text
}
/** Who asks: the person behind the key, never one that the request names. */
export const asker = (c: ApiContext) => ({ tenant: c.get('principal').tenant, person: c.get('principal').person.id })

/** Work items: list, show, claim, release, decide. */
export function reviewRoutes({ reviews }: Planes): Api {
  return makeApi()
    .openapi(
      createRoute({
        method: 'get',
        path: '/reviews',
        request: {
          query: z.object({
            state: z.enum(['open', 'decided', 'closed']).optional(),
            queue: line(200).optional(),
            mine: z.enum(['true', 'false']).optional(),
            cursor: line(500).optional(),
            limit: z.coerce.number().int().min(1).max(200).optional(),
          }),
        },
        responses: {
          200: answers(
            z.object({ items: z.array(itemSummary).readonly(), next: z.string().optional() }),
            'Open ones in the order in which they are due.',
          ),
        },
      }),
      async (c) => {
        const { mine, ...query } = c.req.valid('query')
        const { tenant, person } = asker(c)
        return c.json(
          await reviews.list({ tenant, viewer: person, ...query, ...(mine === 'true' && { mine: person }) }),
          200,
        )
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/reviews/{item}',
        request: { params: byItem },
        responses: { 200: answers(itemDetail, 'The whole item, and what the asker may do.') },
      }),
      async (c) => c.json(asBody(await reviews.show({ ...asker(c), item: itemOf(c.req.valid('param').item) })), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/reviews/{item}/claim',
        request: { params: byItem, body: mayTake(z.object({ claim: claimNumber.optional(), lease })) },
        responses: { 200: answers(itemClaim, 'The claim; its number is needed to decide.') },
      }),
      async (c) =>
        c.json(
          await reviews.claim({ ...asker(c), item: itemOf(c.req.valid('param').item), ...c.req.valid('json') }),
          200,
        ),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/reviews/claim-next',
        request: { body: mayTake(z.object({ queue: line(200).optional(), lease })) },
        responses: {
          200: answers(
            z.object({ claim: itemClaim.optional() }),
            'A claim on the first free item; none when there is none.',
          ),
        },
      }),
      async (c) => c.json({ claim: await reviews.claimNext({ ...asker(c), ...c.req.valid('json') }) }, 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/reviews/{item}/release',
        request: { params: byItem, body: takes(z.object({ claim: claimNumber })) },
        responses: { 204: { description: 'Anyone may claim it now.' } },
      }),
      async (c) => {
        await reviews.release({ ...asker(c), item: itemOf(c.req.valid('param').item), ...c.req.valid('json') })
        return c.body(null, 204)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/reviews/{item}/decide',
        request: {
          params: byItem,
          body: takes(decisionBody),
        },
        responses: {
          200: answers(decided, 'Taken; sent twice it counts once.'),
        },
      }),
      async (c) => {
        const { value, ...given } = c.req.valid('json')
        const item = itemOf(c.req.valid('param').item)
        const taken = await reviews.decide({
          ...asker(c),
          item,
          ...given,
          ...(value !== undefined && { value }),
        })
        return c.json(asBody(taken), 200)
      },
    )
}
