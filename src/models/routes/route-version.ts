import { z } from 'zod'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { digestOf } from '../../core/json.ts'
import { dataClasses, type RouteDeclaration, routeDeclaration, tiers } from '../../sdk/models.ts'
import { nanoOf } from '../../core/money.ts'
import type { ModelVersion } from './model-version.ts'

const version = z.string().regex(/^[0-9a-f]{64}$/)
const timeouts = z.strictObject({
  connect: z.number().optional(),
  firstByte: z.number().optional(),
  idle: z.number().optional(),
  total: z.number().optional(),
})
const onHangUp = z.enum(['cancel', 'drain'])
const target = z.strictObject({ arm: z.string(), version, timeouts, onHangUp })
const scorer = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('confidence') }),
  z.strictObject({ by: z.literal('schema') }),
  z.strictObject({ by: z.literal('agreement'), samples: z.number() }),
  z.strictObject({ by: z.literal('judge'), version }),
])

/** What a route's version says, as the registry keeps it: every model by the digest of one version, so that what it means never moves. */
export const routePolicy = z.strictObject({
  targets: z.array(target.extend({ weight: z.number() })),
  fallback: z.array(target),
  shadows: z.array(z.strictObject({ version, share: z.number() })),
  cascade: z.strictObject({ scorer, least: z.number(), then: z.array(target) }).optional(),
  constraints: z.strictObject({
    regions: z.array(z.string()).optional(),
    mostDataClass: z.enum(dataClasses).optional(),
    leastTier: z.enum(tiers).optional(),
    mostTier: z.enum(tiers).optional(),
    /** Nano-units, as a decimal number: JSON has no big integers. */
    mostCost: z.strictObject({ nano: z.string(), currency: z.string() }).optional(),
  }),
  /** Durations in milliseconds. */
  cache: z
    .strictObject({
      exact: z.number().optional(),
      semantic: z.strictObject({ for: z.number(), least: z.number(), model: z.string() }).optional(),
    })
    .optional(),
  dropUnmapped: z.boolean(),
  hedge: z.boolean().default(false),
  outputCap: z.number().default(4096),
  aliases: z.array(z.string()),
})
export type RoutePolicy = z.output<typeof routePolicy>
export type RouteTarget = z.output<typeof target>
export type Scorer = z.output<typeof scorer>

/** One immutable version of a route, with the models that it names. */
export interface RouteVersion {
  readonly route: string
  /** SHA-256 hex of the policy. */
  readonly digest: string
  readonly policy: RoutePolicy
  /** By their digests. */
  readonly models: Readonly<Record<string, ModelVersion>>
}

/** Finds the version of a model by `small` or `small@0f1e2d3c`. Errors: `model/no-such-model`. */
export type FindModel = (reference: string) => ModelVersion

/** The models that a declaration names, each as it is written. */
export function referencesOf(declaration: RouteDeclaration): readonly string[] {
  const { cascade, fallback, shadows, targets } = routeDeclaration.parse(declaration)
  const named = [...targets, ...fallback, ...shadows, ...(cascade?.then ?? [])].map((one) => one.model)
  return [...new Set([...named, ...(cascade?.scorer.by === 'judge' ? [cascade.scorer.model] : [])])]
}

/** The version that a declaration describes, with its models as they are found now. */
export function routeVersionOf(route: string, declaration: RouteDeclaration, find: FindModel): RouteVersion {
  const declared = routeDeclaration.parse(declaration)
  const models: Record<string, ModelVersion> = {}
  const pin = (reference: string): string => {
    const found = find(reference)
    models[found.digest] = found
    return found.digest
  }
  const targetOf = (one: (typeof declared.targets)[number]): RouteTarget => ({
    arm: one.arm ?? one.model.replace(/@.*/, ''),
    version: pin(one.model),
    timeouts: { ...declared.timeouts, ...one.timeouts },
    onHangUp: one.onHangUp ?? declared.onHangUp,
  })
  const { cascade, constraints } = declared
  const { mostCost, ...limits } = constraints
  const policy = routePolicy.parse({
    targets: declared.targets.map((one) => ({ ...targetOf(one), weight: one.weight })),
    fallback: declared.fallback.map(targetOf),
    shadows: declared.shadows.map(({ model, share }) => ({ version: pin(model), share })),
    ...(cascade && {
      cascade: {
        scorer: cascade.scorer.by === 'judge' ? { by: 'judge', version: pin(cascade.scorer.model) } : cascade.scorer,
        least: cascade.least,
        then: cascade.then.map(targetOf),
      },
    }),
    constraints: {
      ...limits,
      ...(mostCost && { mostCost: { nano: String(nanoOf(mostCost.amount)), currency: mostCost.currency } }),
    },
    ...(declared.cache && { cache: declared.cache }),
    dropUnmapped: declared.dropUnmapped,
    hedge: declared.hedge,
    outputCap: declared.outputCap,
    aliases: declared.aliases,
  })
  return { route, digest: digestOf(policy), policy, models }
}

/** The model behind a digest of the policy. */
export function modelOf(route: RouteVersion, digest: string): ModelVersion {
  const found = route.models[digest]
  if (found) return found
  throw new TypeError(`the route ${route.route} came without its model ${digest}`)
}

/** The one of its models whose digest begins so. Errors: `model/no-such-version`. */
export function versionIn({ models, route }: RouteVersion, beginning: string): string {
  // As in a declaration: less of a digest would be a number that fits by chance.
  const isBeginning = /^[0-9a-f]{8,64}$/.test(beginning)
  const [found, ...more] = isBeginning ? Object.keys(models).filter((digest) => digest.startsWith(beginning)) : []
  if (found === undefined || more.length > 0)
    throw new MillraceError('model/no-such-version', { route, version: beginning.slice(0, 64) })
  return found
}
