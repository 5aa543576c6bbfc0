import { createRoute, z } from '@hono/zod-openapi'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { isId } from '../../core/ids.ts'
import type { Json } from '../../core/json.ts'
import type { Planes } from '../planes.ts'
import { afterId, type Api, answers, asBody, line, makeApi, takes } from './api.ts'

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

/** The part of a kept event that a pipeline is asked about. */
const eventForm = z.object({ type: z.string(), data: z.unknown() })

const byLetter = z.object({ letter: z.string().openapi({ param: { name: 'letter', in: 'path' }, example: 'evt_0' }) })

/** Of one request: each is a transaction of its own. */
const mostReplayed = 100

export const replayed = z
  .object({
    letter: z.string(),
    run: z.string().optional().openapi({ description: 'It has begun again, or would.' }),
    problem: z.object({ code: z.string(), message: z.string() }).optional(),
  })
  .openapi('ReplayedLetter')

/** Dead letters: what cannot be processed, why, and once more. */
export function deadLetterRoutes({ deadLetters, mail, dispatcher, pipelines }: Planes): Api {
  const read = async (letter: { readonly source: string }, bytes: Uint8Array): Promise<Json> =>
    (await mail.readAgain(bytes, letter.source)) as unknown as Json // an event is JSON by its schema
  /** What a replay would meet first, found without changing anything. Errors: those of a replay, and of the pipeline's schema. */
  const rehearse = async (id: string): Promise<string> => {
    const { content, ...letter } = await deadLetters.show(id)
    const event = 'bytes' in content ? await read(letter, content.bytes) : content.event
    const { data, type } = eventForm.parse(event)
    await pipelines.admit(letter.pipeline, type, data as Json) // JSON by where it comes from
    return letter.run
  }
  const outcome = async (letter: string, work: Promise<string>): Promise<z.infer<typeof replayed>> => {
    try {
      return { letter, run: await work }
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      return { letter, problem: { code: error.code, message: error.message } }
    }
  }
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
        const run = await deadLetters.replay(c.req.valid('param').letter, read)
        dispatcher.nudge()
        return c.json({ run }, 202)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/dead-letters/replay',
        request: {
          body: takes(
            z.object({
              letters: z.array(line(64)).min(1).max(mostReplayed),
              dryRun: z.boolean().openapi({ description: 'Say what would become of each, and change nothing.' }),
            }),
          ),
        },
        responses: {
          200: answers(
            z.object({ letters: z.array(replayed).readonly() }),
            'Each by itself: one that fails stops no other.',
          ),
        },
      }),
      async (c) => {
        const { dryRun, letters } = c.req.valid('json')
        const told: z.infer<typeof replayed>[] = []
        for (const letter of new Set(letters))
          told.push(await outcome(letter, dryRun ? rehearse(letter) : deadLetters.replay(letter, read)))
        if (!dryRun) dispatcher.nudge()
        return c.json({ letters: told }, 200)
      },
    )
}
