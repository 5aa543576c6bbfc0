import { createRoute, z } from '@hono/zod-openapi'
import { mostMailBytes } from '../../intake/mail-event.ts'
import type { Planes } from '../planes.ts'
import { type Api, answers, holdQuery, line, makeApi } from './api.ts'

/** One mail as it came, byte for byte. Bodies over the limit are refused before this. */
export function mailRoutes({ mail }: Planes): Api {
  return makeApi().openapi(
    createRoute({
      method: 'post',
      path: '/mail',
      request: {
        query: z.object({ pipeline: line(200).min(1), source: line(512).min(1).optional(), hold: holdQuery }),
        body: {
          required: true,
          description: `At most ${mostMailBytes} bytes.`,
          content: { 'message/rfc822': { schema: z.string().openapi({ format: 'binary' }) } },
        },
      },
      responses: {
        202: answers(
          z.object({
            run: z.string(),
            event: z.string().openapi({ description: 'SHA-256 of the bytes.' }),
            isDuplicate: z.boolean(),
          }),
          'Accepted durably: its run will start.',
        ),
      },
    }),
    async (c) => {
      const { hold, pipeline, source } = c.req.valid('query')
      const bytes = new Uint8Array(await c.req.arrayBuffer())
      return c.json(await mail.take(bytes, { pipeline, hold, ...(source !== undefined && { source }) }), 202)
    },
  )
}
