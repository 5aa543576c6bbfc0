import { z } from '@hono/zod-openapi'
import { capabilities, dataClasses, tiers } from '../../sdk/models.ts'
import { providerKinds } from '../../models/routes/model-version.ts'
import { trafficPlan } from '../../models/routes/plan-traffic.ts'
import { routePolicy } from '../../models/routes/route-version.ts'
import { line } from './api.ts'

const digest = z.string().openapi({ description: 'SHA-256 of what it says.' })
const moment = z.number().openapi({ description: 'Milliseconds since 1970.' })

export const modelView = z
  .object({
    model: z.string(),
    version: digest,
    provider: z.enum(providerKinds),
    upstream: z.string().openapi({ description: 'Its name at the provider, or the SHA-256 of its weights.' }),
    url: z.string().optional(),
    directory: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()),
    region: z.string().optional(),
    sees: z.array(z.enum(dataClasses)),
    tier: z.enum(tiers),
    capabilities: z.array(z.enum(capabilities)).optional(),
  })
  .openapi('Model')

export const routeView = z
  .object({
    route: z.string(),
    version: digest,
    policy: routePolicy,
    models: z
      .record(z.string(), z.string())
      .openapi({ description: 'The names of the versions that the policy names.' }),
  })
  .openapi('Route')

export const routeHistory = z
  .object({
    route: z.string(),
    current: z.string().optional().openapi({ description: 'The version that answers; none was promoted yet.' }),
    versions: z.array(routeView.extend({ created: moment })),
    revisions: z.array(
      z.object({
        ordinal: z.number(),
        version: z.string(),
        previous: z.string().nullable(),
        how: z.enum(['declared', 'promoted', 'rolled-back']),
        actor: z.string().nullable(),
        plan: z.string().nullable(),
        at: moment,
      }),
    ),
  })
  .openapi('RouteHistory')

export const planView = z
  .object({
    plan: z.string(),
    route: z.string(),
    version: z.string(),
    base: z.string().optional().openapi({ description: 'The version that answered when it was made.' }),
    window: z.object({ from: moment, to: moment, most: z.number() }),
    result: trafficPlan,
  })
  .openapi('RoutePlan')

export const replayView = z
  .object({ isSame: z.boolean(), hasSameTraffic: z.boolean(), result: trafficPlan })
  .openapi('RouteReplay')

const version = line(64).regex(/^[0-9a-f]{4,64}$/, 'expected at least four digits of a version')

export const newVersion = z.object({
  declaration: z.record(z.string(), z.unknown()).openapi({ description: 'A route as millrace.config.ts declares it.' }),
})
export const planRequest = z.object({
  version: version.optional().openapi({ description: 'The one that answers, unless another is named.' }),
  prices: z.array(z.unknown()).max(100).optional(),
  budgets: z.array(z.unknown()).max(100).optional(),
  from: moment.optional().openapi({ description: 'A day ago, unless said.' }),
  to: moment.optional(),
  most: z.number().int().min(1).max(200_000).optional(),
})
export const promotion = z.object({
  version,
  plan: line(100)
    .optional()
    .openapi({ description: 'The plan that was looked at; without one, one of the last day is made.' }),
})
