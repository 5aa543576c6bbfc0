import { createRoute, z } from '@hono/zod-openapi'
import { eventTypes, parseCloudEvents } from '../../intake/cloud-events.ts'
import type { Planes } from '../planes.ts'
import { type Api, answers, holdQuery, line, makeApi } from './api.ts'

/** Of one request: a batch of a thousand events of 10 kB. */
export const mostEventBytes = 10 * 1024 * 1024

/**
 * Plain JSON Schema: with Zod's the framework would hold every body against both forms, and refuse each by the other. Bodies are read by the
 * protocol binding's own rules; this stands here for who reads the document.
 */
const text = (most: number) => ({
  type: 'string' as const,
  minLength: 1,
  maxLength: most,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$',
})
const cloudEvent = {
  type: 'object' as const,
  properties: {
    specversion: { type: 'string' as const, enum: ['1.0'] },
    id: text(256),
    source: text(512),
    type: { type: 'string' as const, maxLength: 256, pattern: '^[a-z0-9]+([.\\-][a-z0-9]+)*$' },
    time: { type: 'string' as const, format: 'date-time' },
    subject: { ...text(512), minLength: 0 },
    data: {},
  },
  required: ['specversion', 'id', 'source', 'type', 'data'],
}
const batch = { type: 'array' as const, items: cloudEvent, minItems: 1, maxItems: 1000 }

/** CloudEvents 1.0 over HTTP: structured, binary or batched. Accepted durably, once for each (source, id), or not at all. */
export function eventRoutes({ events }: Planes): Api {
  return makeApi().openapi(
    createRoute({
      method: 'post',
      path: '/events',
      request: {
        query: z.object({
          pipeline: line(200).min(1).optional().openapi({ description: 'Unless one pipeline alone takes the type.' }),
          hold: holdQuery,
        }),
        body: {
          required: true,
          description: 'In binary form the attributes stand in ce- headers, and the body is the data.',
          content: {
            [eventTypes.structured]: { schema: cloudEvent },
            [eventTypes.batch]: { schema: batch },
          },
        },
      },
      responses: {
        202: answers(
          z.object({
            accepted: z
              .array(z.object({ source: z.string(), id: z.string(), run: z.string(), isDuplicate: z.boolean() }))
              .readonly(),
          }),
          'All of them, in their order: their runs will start.',
        ),
      },
    }),
    async (c) => {
      const parsed = parseCloudEvents({
        contentType: c.req.header('content-type') ?? '',
        header: (name) => c.req.header(name),
        body: new Uint8Array(await c.req.arrayBuffer()),
      })
      const principal = c.get('principal').person.id
      const { hold, pipeline } = c.req.valid('query')
      return c.json({ accepted: await events.take(parsed, { pipeline, principal, hold }) }, 202)
    },
  )
}
