import { createRoute, z } from '@hono/zod-openapi'
import { eventTypes, parseCloudEvents } from '../../intake/cloud-events.ts'
import type { Planes } from '../planes.ts'
import { type Api, answers, line, makeApi } from './api.ts'

/** Of one request: a batch of a thousand events of 10 kB. */
export const mostEventBytes = 10 * 1024 * 1024

const cloudEvent = z
  .object({
    specversion: z.literal('1.0'),
    id: z.string(),
    source: z.string(),
    type: z.string(),
    time: z.string().optional(),
    subject: z.string().optional(),
    data: z.unknown(),
  })
  .openapi('CloudEvent')

/** CloudEvents 1.0 over HTTP: structured, binary or batched. Accepted durably, once for each (source, id), or not at all. */
export function eventRoutes({ events }: Planes): Api {
  return makeApi().openapi(
    createRoute({
      method: 'post',
      path: '/events',
      request: {
        query: z.object({
          pipeline: line(200).min(1).optional().openapi({ description: 'Unless one pipeline alone takes the type.' }),
        }),
        body: {
          required: true,
          description: 'In binary form the attributes stand in ce- headers, and the body is the data.',
          // Read by the protocol binding's own rules, not by the framework's validator: the schemas stand here for who reads the document.
          content: {
            [eventTypes.structured]: { schema: cloudEvent },
            [eventTypes.batch]: { schema: z.array(cloudEvent).min(1).max(1000) },
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
      return c.json(
        { accepted: await events.take(parsed, { pipeline: c.req.valid('query').pipeline, principal }) },
        202,
      )
    },
  )
}
