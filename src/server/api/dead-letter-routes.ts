import { createRoute, z } from '@hono/zod-openapi'
import { isId } from '../../core/ids.ts'
import type { Json } from '../../core/json.ts'
import type { Planes } from '../planes.ts'
import { afterId, type Api, answers, asBody, makeApi } from './api.ts'

export const letterView = z
  .object({
    id: z.string(),
    run: z.string(),
    source: z.string(),
    event: z.string(),
    pipeline: z.string(),
    code: z.string(),
    message: z.string(),
    attempts: z.number(),
    created: z.number().openapi({ description: 'Milliseconds since 1970.' }),
  })
  .openapi('DeadLetter')
export const letterDetail = letterView.extend({
  content: z.unknown().optional().openapi({ description: 'Of an event whose run could not start.' }),
  bytes: z.string().optional().openapi({ description: 'Of what never became an event: base64.' }),
})

const byLetter = z.object({ letter: z.string().openapi({ param: { name: 'letter', in: 'path' }, example: 'evt_0' }) })

/** Dead letters: what cannot be processed, why, and once more. */
export function deadLetterRoutes({ deadLetters, mail, dispatcher }: Planes): Api {
  return makeApi()
    .openapi(
      createRoute({
        method: 'get',
        path: '/dead-letters',
        request: {
          query: z.object({
            after: afterId('evt').optional(),
            limit: z.coerce.number().int().min(1).max(200).default(50),
          }),
        },
        responses: {
          200: answers(
            z.object({ letters: z.array(letterView).readonly(), next: z.string().optional() }),
            'The newest first.',
          ),
        },
      }),
      async (c) => {
        const { after, limit } = c.req.valid('query')
        const cursor = after !== undefined && isId('evt', after) ? after : undefined
        const letters = await deadLetters.list({ after: cursor, limit })
        const next = letters.length === limit ? letters.at(-1)?.id : undefined
        return c.json({ letters, ...(next && { next }) }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/dead-letters/{letter}',
        request: { params: byLetter },
        responses: { 200: answers(letterDetail, 'The letter with what is behind it.') },
      }),
      async (c) => {
        const { content, ...letter } = await deadLetters.show(c.req.valid('param').letter)
        const body =
          'bytes' in content ? { bytes: Buffer.from(content.bytes).toString('base64') } : { content: content.event }
        return c.json(asBody({ ...letter, ...body }), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/dead-letters/{letter}/replay',
        request: { params: byLetter },
        responses: { 202: answers(z.object({ run: z.string() }), 'It is in the inbox again, under this run.') },
      }),
      async (c) => {
        const run = await deadLetters.replay(
          c.req.valid('param').letter,
          async (letter, bytes) => (await mail.readAgain(bytes, letter.source)) as unknown as Json, // an event is JSON by its schema
        )
        dispatcher.nudge()
        return c.json({ run }, 202)
      },
    )
}
