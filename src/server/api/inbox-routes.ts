import { createRoute, z } from '@hono/zod-openapi'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { isId } from '../../core/ids.ts'
import type { Planes } from '../planes.ts'
import { type Api, answers, asBody, line, makeApi, mayTake, takes } from './api.ts'
import { asker, byItem, claimNumber, decisionBody, itemOf, lease } from './review-routes.ts'
import { decided, draft, itemClaim, itemDetail, itemSummary, queueState, shownAgain } from './review-schemas.ts'

const nothing = (description: string) => ({ 204: { description } })

/** What the inbox needs beside the items themselves: queues, the next one at once, undo, drafts, what was shown. */
export function inboxRoutes({ reviews }: Planes): Api {
  return makeApi()
    .openapi(
      createRoute({
        method: 'get',
        path: '/inbox',
        request: {
          query: z.object({
            queue: line(200).optional(),
            sort: z.enum(['priority', 'due']).optional(),
            cursor: line(500).optional(),
            limit: z.coerce.number().int().min(1).max(200).optional(),
          }),
        },
        responses: {
          200: answers(
            z.object({
              items: z.array(itemSummary).readonly(),
              next: z.string().optional(),
              queues: z.array(queueState).readonly(),
            }),
            'What waits for the asker, without payloads; looking claims nothing.',
          ),
        },
      }),
      async (c) => {
        const { tenant, person } = asker(c)
        const [page, queues] = await Promise.all([
          reviews.list({ tenant, viewer: person, ready: person, ...c.req.valid('query') }),
          reviews.queues(tenant),
        ])
        return c.json({ ...page, queues }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/inbox/next',
        request: {
          body: mayTake(
            z.object({
              queue: line(200).optional(),
              lease,
              skip: z.array(line(64)).max(200).optional(),
              decide: decisionBody.extend({ item: z.string() }).optional(),
            }),
          ),
        },
        responses: {
          200: answers(
            z.object({ decided: decided.optional(), claim: itemClaim.optional(), item: itemDetail.optional() }),
            'The decision, if one was sent, and the next item, claimed: one that the asker holds already comes first.',
          ),
        },
      }),
      async (c) => {
        const { tenant, person } = asker(c)
        const { queue, skip, decide, ...rest } = c.req.valid('json')
        const taken = decide && (await reviews.decide({ tenant, person, ...decide, item: itemOf(decide.item) }))
        const inHand = await reviews.inHand({ tenant, person, queue, skip })
        const claim = inHand
          ? await reviews.claim({ tenant, person, item: inHand, isShared: true, ...rest })
          : await reviews.claimNext({ tenant, person, queue, ...rest })
        const item = claim && (await reviews.show({ tenant, person, item: claim.item }))
        return c.json(asBody({ decided: taken, claim, item }), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/inbox/undo',
        request: { body: mayTake(z.object({ item: z.string().optional() })) },
        responses: { 200: answers(itemClaim, 'The newest held decision of the asker is undone; they hold its item.') },
      }),
      async (c) => {
        const { item } = c.req.valid('json')
        return c.json(await reviews.undo({ ...asker(c), ...(item !== undefined && { item: itemOf(item) }) }), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/inbox/{item}/claim',
        request: { params: byItem, body: mayTake(z.object({ lease })) },
        responses: {
          200: answers(itemClaim, 'The claim that all windows of the asker share; asked again, it is extended.'),
        },
      }),
      async (c) => {
        const item = itemOf(c.req.valid('param').item)
        return c.json(await reviews.claim({ ...asker(c), item, isShared: true, ...c.req.valid('json') }), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/inbox/{item}/snooze',
        request: {
          params: byItem,
          body: takes(z.object({ claim: claimNumber, until: z.number().int().min(0).max(8_000_000_000_000) })),
        },
        responses: nothing('It comes back then, and is escalated if it is due before.'),
      }),
      async (c) => {
        await reviews.snooze({ ...asker(c), item: itemOf(c.req.valid('param').item), ...c.req.valid('json') })
        return c.body(null, 204)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/inbox/{item}/reassign',
        request: {
          params: byItem,
          body: takes(
            z.union([
              z.strictObject({ claim: claimNumber, to: line(64) }),
              z.strictObject({ claim: claimNumber, queue: line(200).min(1) }),
            ]),
          ),
        },
        responses: nothing('The person has it as their next, or the queue has it.'),
      }),
      async (c) => {
        const given = c.req.valid('json')
        const of = { ...asker(c), item: itemOf(c.req.valid('param').item), claim: given.claim }
        if ('queue' in given) await reviews.reassign({ ...of, queue: given.queue })
        else {
          if (!isId('per', given.to))
            throw new MillraceError('review/bad-input', { problems: 'to: expected a person’s id' })
          await reviews.reassign({ ...of, to: given.to })
        }
        return c.body(null, 204)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/inbox/{item}/draft',
        request: { params: byItem },
        responses: { 200: answers(z.object({ draft: draft.optional() }), 'What the asker has typed so far.') },
      }),
      async (c) => {
        const found = await reviews.draft({ ...asker(c), item: itemOf(c.req.valid('param').item) })
        return c.json(asBody({ draft: found }), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'put',
        path: '/inbox/{item}/draft',
        request: {
          params: byItem,
          body: takes(
            z.object({ version: claimNumber, content: z.json().openapi({ type: 'object' }) }).openapi({
              description: '`version`: of the draft that this one follows; 0 for the first.',
            }),
          ),
        },
        responses: { 200: answers(draft, 'Kept; its version is needed to save again.') },
      }),
      async (c) => {
        const item = itemOf(c.req.valid('param').item)
        return c.json(asBody(await reviews.saveDraft({ ...asker(c), item, ...c.req.valid('json') })), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/decisions/{decision}/shown',
        request: { params: z.object({ decision: line(64).openapi({ example: 'rev_0.1' }) }) },
        responses: { 200: answers(shownAgain, 'From the bytes that were kept; `fits` is false if one was altered.') },
      }),
      async (c) => {
        const { tenant, person: viewer } = asker(c)
        return c.json(asBody(await reviews.shown({ tenant, viewer, ...c.req.valid('param') })), 200)
      },
    )
}
