import { z } from '@hono/zod-openapi'
import { failureKinds } from '../../core/errors/failure-kind.ts'
import { dataClasses } from '../../sdk/models.ts'
import { line } from './api.ts'

const moment = z.number().openapi({ description: 'Milliseconds since 1970.' })
const duration = z.number().openapi({ description: 'Milliseconds.' })
const money = z
  .object({ nano: z.string(), currency: z.string() })
  .openapi({ description: 'Billionths of the currency, as a decimal number.' })
const usage = z.object({
  input: z.number(),
  cacheRead: z.number(),
  cacheWrite: z.number(),
  cacheWriteLong: z.number(),
  output: z.number(),
  reasoning: z.number(),
  tier: z.string().optional(),
})

const attemptView = z
  .object({
    reservation: z.string(),
    kind: z.string().openapi({ description: 'Why it was made: first, retry, hedge, fallback, repair, sample, judge.' }),
    version: z.string(),
    model: z.string(),
    provider: z.string(),
    startedAt: moment,
    firstByte: duration.optional(),
    firstContent: duration.optional(),
    total: duration,
    reported: z.string().optional().openapi({ description: 'The model that says it answered.' }),
    outcome: z.enum(['answered', 'failed']),
    error: z.string().optional(),
    failure: z.enum(failureKinds).optional(),
    usage: usage.optional(),
    cost: money.optional(),
    price: z.string().optional().openapi({ description: 'The version of the price that it was booked by.' }),
  })
  .openapi('ModelAttempt')

export const callView = z
  .object({
    id: z.string(),
    dialect: z.string(),
    asked: z.string().openapi({ description: 'The name that was asked for: a route or an alias of one.' }),
    route: z.string(),
    routeVersion: z.string(),
    dataClass: z.enum(dataClasses),
    request: z
      .string()
      .optional()
      .openapi({ description: 'A keyed hash of the request: who kept it can prove it, and nobody can guess it.' }),
    parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    client: z.string().optional(),
    pipeline: z.string().optional(),
    run: z.string().optional(),
    step: z.string().optional(),
    task: z.string().optional(),
    startedAt: moment,
    total: duration,
    firstContent: duration.optional(),
    isStream: z.boolean(),
    status: z.number(),
    answered: z
      .object({
        version: z.string(),
        model: z.string(),
        provider: z.string(),
        arm: z.string(),
        reason: z.string(),
        reported: z.string().optional(),
      })
      .optional(),
    cache: z.object({ kind: z.enum(['exact', 'semantic']), from: z.string(), saved: money.optional() }).optional(),
    error: z.object({ code: z.string(), kind: z.enum(failureKinds) }).optional(),
    usage: usage.optional(),
    cost: money.optional(),
    attempts: z.array(attemptView),
  })
  .openapi('ModelCall')

export const callPage = z.object({ calls: z.array(callView), next: z.string().optional() })

export const trial = z.strictObject({
  text: z.string().min(1).max(20_000).openapi({ description: 'What a user says.' }),
  system: z.string().max(20_000).optional(),
  dataClass: z
    .enum(dataClasses)
    .default('special')
    .openapi({ description: 'What the text may be; the most delicate unless said.' }),
  entity: line(200).optional().openapi({ description: 'A business key, `customer/42`: which arm it sticks to.' }),
})

export const trialView = z.object({ text: z.string(), call: callView }).openapi('ModelTrial')
