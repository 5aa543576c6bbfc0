import { roundedUp, type Nano } from '../../core/money.ts'
import { contextOf, type Usage } from './usage.ts'

/** Nano-units per million tokens, for each line of a `Usage`. A line that is absent has no known price (C6). */
export interface Rates {
  readonly input: Nano
  readonly cacheRead: Nano
  readonly cacheWrite?: Nano
  readonly cacheWriteLong?: Nano
  /** Absent: the model generates nothing, as one that embeds. */
  readonly output?: Nano
  readonly reasoning?: Nano
}
type Line = keyof Rates

/** What a call costs whose context is longer than `above` tokens: the whole of it, as providers bill. */
export interface LongContext {
  readonly above: number
  readonly rates: Rates
}

/** The rates of one service tier; `long` rises in `above`. */
export interface TierRates {
  readonly base: Rates
  readonly long: readonly LongContext[]
}

/** What a model's tokens cost from some moment on. It never changes: another price has another version. */
export interface Price {
  /** Where it comes from and the digest of what it says: `declared/0f1e2d3c4b5a`, `genai-prices@0.1.8/83f606b97707`. */
  readonly version: string
  readonly provider: string
  readonly model: string
  readonly currency: string
  readonly standard: TierRates
  /** Other service tiers, by the provider's name. One that is not here has no known price (C6). */
  readonly tiers: Readonly<Record<string, TierRates>>
}

/** What a call can use at most. */
export interface Bounds {
  readonly inputBound: number
  /** Generated tokens of one answer, reasoning included. */
  readonly outputCap: number
  /** Answers asked for, each as long as the cap: 1 unless said. */
  readonly answers?: number
  readonly hasTools?: boolean
  /** The service tier that is asked for. */
  readonly tier?: string
}

/** How providers name the tier that is not special. */
const standardTiers: ReadonlySet<string> = new Set(['standard', 'default'])
/** The client leaves the tier to the provider: it may be any. */
const anyTier = 'auto'

/**
 * What a provider adds to the request itself and bills as input: the frame of a message, and with tools the instructions for their use
 * (Anthropic publishes up to 804 tokens for those, November 2026).
 */
const hiddenInput = { plain: 64, withTools: 1024 } as const

const lines: readonly Line[] = ['input', 'cacheRead', 'cacheWrite', 'cacheWriteLong', 'output', 'reasoning']
const inputLines: readonly Line[] = ['input', 'cacheRead', 'cacheWrite', 'cacheWriteLong']
const perMillion = 1_000_000n

/**
 * What was used costs, each line rounded up. Undefined where a part that was used has no known price: a tier, a cache's lifetime,
 * output of a model that has none (C6). Throws for what is no usage: a part that is negative or not whole.
 */
export function costOf(price: Price, usage: Usage): Nano | undefined {
  const tier = tierOf(price, usage.tier)
  if (!tier) return undefined
  const rates = ratesFor(tier, contextOf(usage))
  let sum = 0n
  for (const line of lines) {
    if (usage[line] === 0) continue
    const rate = rates[line]
    if (rate === undefined) return undefined
    sum += roundedUp(wholeTokens(usage[line], line), rate, perMillion)
  }
  return sum
}

/**
 * The most that a call within these bounds can cost: every token at the dearest line, tier and context that it can meet, the writing of a
 * cache and reasoning included. Undefined where a tier is asked for that has no known price (C6).
 */
export function worstOf(price: Price, bounds: Bounds): Nano | undefined {
  const tiers = reachable(price, bounds.tier)
  if (!tiers) return undefined
  const context = bounds.inputBound + (bounds.hasTools ? hiddenInput.withTools : hiddenInput.plain)
  const generated = wholeTokens(bounds.outputCap, 'outputCap') * wholeTokens(bounds.answers ?? 1, 'answers')
  const bands = tiers.flatMap((tier) => [
    tier.base,
    ...tier.long.filter((band) => band.above < context).map((band) => band.rates),
  ])
  const input = dearest(bands, inputLines)
  const output = dearest(bands, ['output', 'reasoning'])
  if (input === undefined || (output === undefined && generated > 0n)) return undefined
  // Each line of the bill is rounded up by itself, so that several can come to one nano-unit a line more than all of it on the dearest.
  return (
    roundedUp(wholeTokens(context, 'inputBound'), input, perMillion) +
    (input > 0n ? BigInt(inputLines.length - 1) : 0n) +
    (output ? roundedUp(generated, output, perMillion) + 1n : 0n)
  )
}

const tierOf = (price: Price, tier: string | undefined): TierRates | undefined =>
  tier !== undefined && Object.hasOwn(price.tiers, tier)
    ? price.tiers[tier]
    : tier === undefined || standardTiers.has(tier)
      ? price.standard
      : undefined

/** A provider may serve the standard tier where another was asked for; the one asked for must have a price. */
function reachable(price: Price, asked: string | undefined): readonly TierRates[] | undefined {
  if (asked === undefined || asked === anyTier) return [price.standard, ...Object.values(price.tiers)]
  const tier = tierOf(price, asked)
  return tier && [price.standard, tier]
}

const ratesFor = (tier: TierRates, context: number): Rates =>
  tier.long.findLast((band) => context > band.above)?.rates ?? tier.base

const dearest = (bands: readonly Rates[], among: readonly Line[]): Nano | undefined =>
  bands
    .flatMap((rates) => among.map((line) => rates[line]))
    .reduce((most, rate) => (most === undefined || (rate !== undefined && rate > most) ? rate : most), undefined)

function wholeTokens(count: number, name: string): bigint {
  if (!Number.isSafeInteger(count) || count < 0)
    throw new RangeError(`${name} is ${count}, and tokens are counted in whole numbers`)
  return BigInt(count)
}
