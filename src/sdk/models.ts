import { z } from 'zod'
import { parseDuration } from '../core/duration.ts'

/** What a model's data may be, the harmless first. A caller that is not known to send less is taken to send the last. */
export const dataClasses = ['public', 'internal', 'personal', 'special'] as const
export type DataClass = (typeof dataClasses)[number]

/** Cost and quality, the cheap first: a budget that runs short lowers the highest one that may be asked. */
export const tiers = ['economy', 'standard', 'premium'] as const
export type Tier = (typeof tiers)[number]

export const capabilities = ['tools', 'images', 'documents', 'structured-output', 'streaming', 'embeddings'] as const
export type Capability = (typeof capabilities)[number]

/** Of models, routes and arms: what stands in URLs, tables and hashes. */
export const routeName: z.ZodString = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,63}$/,
    'a name is up to 64 of a-z, 0-9, dot, dash and underscore, a letter or digit first',
  )
/** What clients and providers call a model: `meta-llama/Llama-3.1-8B`, `claude-sonnet-4-5@20250929`. */
const foreignName = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'expected up to 200 printable characters without spaces')
const duration = z.union([z.string().max(20), z.number()]).transform((text, context) => {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  context.addIssue({ code: 'custom', message: 'write 500ms, 30s or 10m' })
  return z.NEVER
})
const baseUrl = z.url({ protocol: /^https?$/ }).refine((text) => {
  const { username, password, search, hash } = new URL(text)
  return username + password + search + hash === ''
}, 'no key, query or fragment belongs in it: keys come from the environment or a file')

const ofEvery = {
  /** Where it runs, as constraints name it. Not said: unknown, and no region's constraint lets it pass. */
  region: routeName.optional(),
  /** The data that it may see. Not said: `public` alone where the call leaves this process, else all. */
  sees: z.array(z.enum(dataClasses)).optional(),
  tier: z.enum(tiers).default('standard'),
  /** What it can do. Not said: taken to be able. */
  capabilities: z.array(z.enum(capabilities)).optional(),
}
/** Sent with each call where the client did not set them. */
const parameters = z.record(z.string().max(100), z.json()).default({})
/** Where its keys come from: the environment's variables or files, never the keys themselves. No part of the version. */
const keys = z.array(z.string().regex(/^(?:env:[A-Za-z_]\w*|file:.+)$/, 'write env:NAME or file:PATH')).default([])

const remote = { model: foreignName, parameters, keys, ...ofEvery }

/** How a model within this process is used, beside what its directory says. */
export const onnxParameters = z.strictObject({
  /** `quantized` means `onnx/model_quantized.onnx`. Not said: `onnx/model.onnx`. */
  variant: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,40}$/)
    .optional(),
  /** Put before each text: E5's `query: ` and `passage: `. */
  prefix: z.string().max(1000).optional(),
  pooling: z.enum(['mean', 'cls', 'max']).optional(),
  /** Vectors are made of the length one. */
  isUnit: z.boolean().optional(),
  /** Of a text with more tokens than the model takes: refused unless said. */
  onLong: z.enum(['refuse', 'cut']).optional(),
})

/** The tensors of a model at a server of the Open Inference Protocol, where one of texts goes in and one of numbers comes out. */
export const kserveParameters = z.strictObject({
  /** The version at the server; not said: the server chooses. */
  version: z
    .string()
    .regex(/^\w[\w.-]{0,99}$/)
    .optional(),
  /** Names of the tensors. Not said: `text` and `embedding`. */
  input: z.string().min(1).max(200).optional(),
  output: z.string().min(1).max(200).optional(),
  /** Numbers in a vector. */
  width: z.int().min(1).max(65_536).optional(),
  /** Texts go as `[n, 1]`, as a server with batches of its own wants them; not said: as `[n]`. */
  isColumn: z.boolean().optional(),
})

/** A model as `millrace.config.ts` declares it; its version is the digest of what it says, keys apart. */
export const modelDeclaration = z.discriminatedUnion('provider', [
  z.strictObject({ provider: z.literal('openai'), url: baseUrl.optional(), ...remote }),
  z.strictObject({ provider: z.literal('anthropic'), url: baseUrl.optional(), ...remote }),
  z.strictObject({ provider: z.literal('openai-compatible'), url: baseUrl, ...remote }),
  z.strictObject({
    provider: z.literal('kserve-v2'),
    url: baseUrl,
    ...remote,
    parameters: kserveParameters.default({}),
  }),
  z.strictObject({
    provider: z.literal('onnx'),
    directory: z.string().min(1),
    parameters: onnxParameters.default({}),
    ...ofEvery,
  }),
  z.strictObject({ provider: z.literal('template'), ...ofEvery }),
])
export type ModelDeclaration = z.input<typeof modelDeclaration>

/** A model of the registry, in its newest version or in the one whose digest begins so: `small`, `small@0f1e2d3c4b5a`. */
const modelReference = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,63}(?:@[0-9a-f]{8,64})?$/,
    'expected a model, or a model@ and the beginning of a version',
  )

const timeouts = z.strictObject({
  connect: duration.optional(),
  firstByte: duration.optional(),
  idle: duration.optional(),
  total: duration.optional(),
})

/** What becomes of a call whose client has hung up: cut off, its use assumed; or read to its end, its use known. */
const onHangUp = z.enum(['cancel', 'drain'])

const target = z.strictObject({
  model: modelReference,
  /** Its share of the business keys, against the others' weights. 0: none. */
  weight: z.number().min(0).max(1_000_000).default(1),
  /** What a key sticks to: the model's name unless said. Two versions of one model side by side are two arms. */
  arm: routeName.optional(),
  timeouts: timeouts.optional(),
  onHangUp: onHangUp.optional(),
})
const byName = (text: string) => ({ model: text })
const oneTarget = z.union([modelReference.transform(byName).pipe(target), target])

/** Says how good an answer is, 0 to 1. */
const scorer = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('confidence') }),
  z.strictObject({ by: z.literal('schema') }),
  z.strictObject({ by: z.literal('agreement'), samples: z.int().min(2).max(9) }),
  z.strictObject({ by: z.literal('judge'), model: modelReference }),
])

const currency = z.string().regex(/^[A-Z]{3}$/, 'expected a currency such as EUR')
const money = z.strictObject({
  amount: z.string().regex(/^\d{1,9}(?:\.\d{1,9})?$/, 'expected a number such as 0.05, with at most nine decimals'),
  currency,
})

/** What every candidate must satisfy: targets, fallback, cascade, judge and shadows alike. What is unknown does not. */
const constraints = z.strictObject({
  regions: z.array(routeName).min(1).optional(),
  /** The most delicate data that the route takes at all. */
  mostDataClass: z.enum(dataClasses).optional(),
  leastTier: z.enum(tiers).optional(),
  mostTier: z.enum(tiers).optional(),
  /** Of one attempt in its worst case. */
  mostCost: money.optional(),
})

/**
 * How long answers stand for questions that are put again. Not said: they do not. `exact`: the same question, by whoever may see the same.
 * `semantic`: another wording of it, at least so near (a cosine) by an encoder of the project, with every fact of it equal; never of
 * personal data. With `mini-en` a question has 0.87 to itself with courtesy around it, and 0.98 to its negation: `least` spares comparisons, the
 * facts decide.
 */
const cache = z
  .strictObject({
    exact: duration.optional(),
    semantic: z
      .strictObject({
        for: duration,
        least: z.number().min(0).max(1).default(0.85),
        model: routeName.default('mini-en'),
      })
      .optional(),
  })
  .refine(({ exact, semantic }) => exact !== undefined || semantic !== undefined, 'say exact, semantic or both')

/** A route of the gateway, as `millrace.config.ts` and `millrace routes set` declare it; its version is the digest of what it says. */
export const routeDeclaration = z
  .strictObject({
    targets: z.array(oneTarget).min(1).max(32),
    /** Asked in this order when the target chosen fails. */
    fallback: z.array(oneTarget).max(32).default([]),
    /** Asked beside, for comparison; what they answer is never used. `share`: of the calls. */
    shadows: z
      .array(z.strictObject({ model: modelReference, share: z.number().min(0).max(1).default(1) }))
      .max(8)
      .default([]),
    /** Cheap first: an answer that scores below `least` is asked of the next. */
    cascade: z
      .strictObject({ scorer, least: z.number().min(0).max(1), then: z.array(oneTarget).min(1).max(8) })
      .optional(),
    constraints: constraints.default({}),
    timeouts: timeouts.default({}),
    cache: cache.optional(),
    /** Fields that the other dialect does not know may be dropped, and are named in a header; else they are refused. */
    dropUnmapped: z.boolean().default(false),
    onHangUp: onHangUp.default('cancel'),
    /** A second attempt beside one that is slower than its target mostly is, for at most one call in twenty: sooner answered, and paid for twice. */
    hedge: z.boolean().default(false),
    /** Tokens of one answer, where the client sets no cap: what is held for it follows from that. */
    outputCap: z.int().min(1).max(1_000_000).default(4096),
    /** Model names that are written into clients, and mean this route. */
    aliases: z.array(foreignName).max(100).default([]),
  })
  .superRefine((route, context) => {
    const arms = route.targets.map((one) => one.arm ?? one.model.split('@')[0] ?? '')
    const twice = arms.find((arm, n) => arms.indexOf(arm) !== n)
    if (twice !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['targets'],
        message: `two targets are the arm ${twice}: name their arms`,
      })
    if (route.targets.every((one) => one.weight === 0))
      context.addIssue({ code: 'custom', path: ['targets'], message: 'at least one needs a weight' })
  })
export type RouteDeclaration = z.input<typeof routeDeclaration>

/** A route within the process: a classifier head in a model directory, or the prompt's own template. */
export type LocalRoute = { readonly classifier: string } | { readonly template: true }

const isLocalRoute = (route: LocalRoute | RouteDeclaration): route is LocalRoute => !('targets' in route)

/** Those of the routes that steps ask within the process. */
export const localRoutes = (
  routes: Readonly<Record<string, LocalRoute | RouteDeclaration>>,
): Readonly<Record<string, LocalRoute>> =>
  Object.fromEntries(
    Object.entries(routes).flatMap(([key, route]) => (isLocalRoute(route) ? [[key, route] as const] : [])),
  )

/** Those that lead to models by way of the gateway. */
export const gatewayRoutes = (
  routes: Readonly<Record<string, LocalRoute | RouteDeclaration>>,
): Readonly<Record<string, RouteDeclaration>> =>
  Object.fromEntries(
    Object.entries(routes).flatMap(([key, route]) => (isLocalRoute(route) ? [] : [[key, route] as const])),
  )

/** What is wrong with the models and routes of a project, each problem by the path of its field. Empty: nothing. */
export function problemsOf(o: {
  readonly models?: Readonly<Record<string, ModelDeclaration>>
  readonly routes: Readonly<Record<string, LocalRoute | RouteDeclaration>>
}): readonly string[] {
  const problems: string[] = []
  const check = (path: string, schema: z.ZodType, value: unknown): void => {
    const checked = schema.safeParse(value)
    if (!checked.success)
      problems.push(...checked.error.issues.map((issue) => `${[path, ...issue.path].join('.')}: ${issue.message}`))
  }
  for (const [key, model] of Object.entries(o.models ?? {})) {
    check(`models.${key}`, routeName, key)
    check(`models.${key}`, modelDeclaration, model)
  }
  for (const [key, route] of Object.entries(o.routes)) {
    if (isLocalRoute(route)) continue
    check(`routes.${key}`, routeName, key)
    check(`routes.${key}`, routeDeclaration, route)
  }
  return problems
}
