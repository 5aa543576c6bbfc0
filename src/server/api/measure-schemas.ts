import { z } from '@hono/zod-openapi'

const ms = z.number().openapi({ description: 'Milliseconds.' })
const count = z.number().int()
const percentiles = z.object({ count, mean: ms, p50: ms, p95: ms, p99: ms, most: ms })

export const latencyView = z
  .object({
    by: z.enum(['route', 'model', 'task']),
    from: z.number(),
    until: z.number(),
    figures: z.array(
      z.object({
        name: z.string(),
        dialect: z.string().optional(),
        total: percentiles,
        firstContent: percentiles.optional(),
      }),
    ),
  })
  .openapi('Latency')

/** JSON has no infinity: an open end is null. */
const end = z.number().nullable()
const interval = z.object({ value: z.number(), low: end, high: end })

export const armsView = z
  .object({
    route: z.string(),
    arms: z.array(
      z.object({
        routeVersion: z.string(),
        arm: z.string(),
        version: z.string(),
        calls: count,
        errors: interval,
        errorsByKind: z.record(z.string(), count),
        takenOver: interval,
        schemaFailures: interval,
        overturned: interval.extend({ decided: count }).optional(),
        p50: interval,
        p95: interval,
        costs: z
          .array(interval.extend({ currency: z.string(), calls: count }))
          .openapi({ description: 'Of a call, in billionths of the currency.' }),
      }),
    ),
    shadows: z.array(
      z.object({
        version: z.string(),
        calls: count,
        failed: interval,
        agreed: interval.extend({ compared: count }).optional(),
        ms,
        costs: z.array(z.object({ currency: z.string(), nano: z.string() })),
      }),
    ),
  })
  .openapi('RouteArms')
