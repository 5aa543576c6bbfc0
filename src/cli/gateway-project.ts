import { InvalidArgumentError } from 'commander'
import { systemClock } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { digestOf } from '../core/json.ts'
import { PriceBook } from '../models/cost/price-book.ts'
import type { BudgetDeclaration, PriceDeclaration } from '../sdk/costs.ts'
import type { Settings } from '../sdk/config.ts'
import { type DataClass, dataClasses, type ModelDeclaration, problemsOf, type RouteDeclaration } from '../sdk/models.ts'
import type { Project } from '../server/project.ts'

/** Where one model answers, as the command line says it. */
export interface TargetOption {
  readonly provider: 'openai' | 'anthropic' | 'openai-compatible' | 'kserve-v2'
  readonly url: string
  readonly model: string
}
export interface RouteOption {
  readonly name: string
  /** The first is asked first. */
  readonly targets: readonly [TargetOption, ...TargetOption[]]
}
/** US dollars per million tokens; without a model: of every one that has no price of its own. */
export interface PriceOption {
  readonly model: string | undefined
  readonly input: string
  readonly output: string
}
export interface NamedOption {
  readonly name: string
  readonly value: string
}

/**
 * What a model costs that nobody has given a price: a local one is not free of charge by accident, and budgets are seen to work. Close to what
 * small hosted models cost.
 */
export const usualPrice = { input: '1', output: '4' } as const
/** What all calls together may cost, unless budgets are named. */
export const usualBudget: NamedOption = { name: 'gateway', value: '1000' }

/** `NAME=URL/MODEL[,FALLBACK]...`. */
export function routeOption(text: string, before: readonly RouteOption[] = []): readonly RouteOption[] {
  const { name, value } = namedOption(text)
  const [first = '', ...others] = value.split(',')
  const target = targetOption(first)
  const fallbacks = others.map((other) =>
    other.includes('://') ? targetOption(other) : { ...target, model: decoded(other) },
  )
  return [...before, { name, targets: [target, ...fallbacks] }]
}

/**
 * `[PROVIDER:]URL/MODEL`. The model is what follows the version in the address (`/v1/meta-llama/Llama-3`), else its last part, in which `%2F` is a
 * slash. The provider follows from the host unless it is said.
 */
export function targetOption(text: string): TargetOption {
  const [, said, address = ''] =
    /^(?:(openai-compatible|openai|anthropic|kserve-v2):)?(https?:\/\/.+)$/.exec(text) ?? []
  if (!URL.canParse(address))
    throw new InvalidArgumentError(`${text} is no URL/MODEL such as http://127.0.0.1:9001/v1/small.`)
  const { host, origin, pathname } = new URL(address)
  const [, base, model] = /^(.*\/v\d+(?:beta)?)\/(.+)$/.exec(pathname) ?? /^(.*)\/([^/]+)$/.exec(pathname) ?? []
  if (!model) throw new InvalidArgumentError(`${text} names no model after its address.`)
  const provider = said ? (said as TargetOption['provider']) : providerAt(host) // one of those that the pattern knows
  // As its metadata are addressed, or shorter.
  if (provider === 'kserve-v2')
    return { provider, url: origin + (base ?? '').replace(/\/v2$/, ''), model: decoded(model.replace(/^models\//, '')) }
  // Anthropic's clients add /v1 themselves.
  const path = provider === 'anthropic' ? (base ?? '').replace(/\/v1$/, '') : (base ?? '')
  return { provider, url: origin + path, model: decoded(model) }
}

const providerAt = (host: string): TargetOption['provider'] =>
  host === 'api.openai.com' ? 'openai' : host === 'api.anthropic.com' ? 'anthropic' : 'openai-compatible'

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new InvalidArgumentError(`${part} is not encoded as a part of an address is.`)
  }
}

/** `NAME=VALUE`. */
function namedOption(text: string): NamedOption {
  const at = text.indexOf('=')
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError(`${text} is not NAME=VALUE.`)
  return { name: text.slice(0, at), value: text.slice(at + 1) }
}

export const namedOptions = (text: string, before: readonly NamedOption[] = []): readonly NamedOption[] => [
  ...before,
  namedOption(text),
]

/** `[MODEL=]INPUT/OUTPUT`. */
export function priceOption(text: string, before: readonly PriceOption[] = []): readonly PriceOption[] {
  const [, model, input, output] = /^(?:(.+)=)?(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)$/.exec(text) ?? []
  if (input === undefined || output === undefined)
    throw new InvalidArgumentError(`${text} is no price such as 0.25/1.5 or small=0.25/1.5.`)
  return [...before, { model, input, output }]
}

/** `[ROUTE=]VARIABLE`. */
export const keyOption = (text: string, before: readonly NamedOption[] = []): readonly NamedOption[] => [
  ...before,
  text.includes('=') ? namedOption(text) : { name: '', value: text },
]

export interface GatewayOptions {
  readonly route: readonly RouteOption[]
  readonly budget?: readonly NamedOption[]
  readonly price?: readonly PriceOption[]
  readonly keyEnv?: readonly NamedOption[]
  readonly dataClass?: DataClass
  /** For how long an answer stands for the same question; `off`: none does. */
  readonly cache?: string
}

/** Of answers, unless said. */
export const usualCache = '1m'

/**
 * The project that the options describe: no pipelines, each target a model that may see all data, since whoever starts it chose where its calls
 * go. Budgets stand below each other in their order, and calls are held against the last, so against all. Errors: `server/bad-project`.
 */
export function gatewayProject(options: GatewayOptions): Project {
  const { budget = [usualBudget], cache = usualCache, dataClass = 'internal', keyEnv = [], price = [], route } = options
  const models: Record<string, ModelDeclaration> = {}
  const routes: Record<string, RouteDeclaration> = {}
  const prices = new Map<string, PriceDeclaration>()
  for (const { name, targets } of route) {
    const names = targets.map((target, at) => {
      const model = at === 0 ? name : `${name}.fallback-${at}`
      const keys = keyEnv.filter((key) => key.name === '' || key.name === name).map(({ value }) => `env:${value}`)
      models[model] = { ...target, keys, sees: [...dataClasses] }
      const declared = priceOf(target, price)
      if (declared) prices.set(JSON.stringify([target.provider, target.model]), declared)
      return model
    })
    routes[name] = {
      targets: names.slice(0, 1),
      fallback: names.slice(1),
      ...(cache !== 'off' && { cache: { exact: cache } }),
    }
  }
  const settings: Settings = {
    pipelines: [],
    allow: [],
    models,
    routes,
    prices: [...prices.values()],
    budgets: budget.map(({ name, value }, at): BudgetDeclaration => ({
      id: name,
      ...(at > 0 && { parent: budget[at - 1]?.name }),
      currency: 'USD',
      period: 'all',
      cap: value,
    })),
    gateway: { budgets: budget.slice(-1).map(({ name }) => name), dataClass },
  }
  const problems = problemsOf({ models, routes })
  if (problems.length > 0) throw new MillraceError('server/bad-project', { path: '--route', why: problems.join('; ') })
  return { file: '--route', root: process.cwd(), digest: digestOf({ kind: 'gateway', format: 1 }), settings }
}

/** Undefined: the price book knows it. */
function priceOf({ model, provider }: TargetOption, said: readonly PriceOption[]): PriceDeclaration | undefined {
  const own = said.findLast((price) => price.model === model) ?? said.findLast((price) => price.model === undefined)
  if (!own && new PriceBook().priceOf({ provider, model, at: systemClock.today() })) return undefined
  const { input, output } = own ?? usualPrice
  return { provider, model, from: '2020-01-01', currency: 'USD', input, output }
}
