import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { calcPrice, type ModelPrice } from '@pydantic/genai-prices'
import type { Instant } from '../../core/clock.ts'
import { nanoOf, type Nano } from '../../core/money.ts'
import type { Price, Rates } from './price.ts'
import { versioned } from './price-version.ts'

/**
 * The prices that a maintained package knows, offline (https://github.com/pydantic/genai-prices). They are read, not its sums: those are floats.
 *
 * 1. What the package does not know is unknown (C6), and so is a model for which it prices sound, pictures or pages apart: a `Usage` counts
 *    tokens only, and would be billed too low. Declare a price for those.
 * 2. A line without a price of its own costs what the line costs that it is a part of: reading from a cache like reading, reasoning like
 *    output; so the package's own sums do. Only an hour's cache write beside a priced five minutes' one stays unknown: it is dearer.
 */
export function seededPrice(provider: string, model: string, at: Instant): Price | undefined {
  const known = look(provider, model, at)
  if (!known || Object.keys(known).some((unit) => !understood.has(unit))) return undefined
  const starts = new Set(Object.values(known).flatMap((rate) => (typeof rate === 'object' ? rate.tiers : [])))
  const base = ratesOf(known, 0)
  const long = [...new Set([...starts].map((tier) => tier.start))]
    .toSorted((a, b) => a - b)
    .map((above) => ({ above, rates: ratesOf(known, above + 1) }))
  if (!base || !long.every(isPriced)) return undefined
  return versioned(source(), { provider, model, currency: 'USD', standard: { base, long }, tiers: {} })
}

const isPriced = (band: {
  readonly above: number
  readonly rates: Rates | undefined
}): band is { readonly above: number; readonly rates: Rates } => band.rates !== undefined

/** Tokens; and what only the provider's own tools use, which the gateway does not let through. */
const understood: ReadonlySet<string> = new Set([
  'input_mtok',
  'cache_read_mtok',
  'cache_write_mtok',
  'cache_write_1h_mtok',
  'output_mtok',
  'output_reasoning_mtok',
  'web_searches_kcount',
  'storage_searches_kcount',
])

function look(provider: string, model: string, at: Instant): ModelPrice | undefined {
  try {
    return calcPrice({}, model, { providerId: provider, timestamp: new Date(at) })?.model_price
  } catch {
    return undefined // it refuses a price that it finds incomplete: unknown (C6)
  }
}

/** The rates for a context of so many tokens. */
function ratesOf(price: ModelPrice, context: number): Rates | undefined {
  const rate = (unit: string): Nano | undefined => {
    const known = price[unit]
    if (known === undefined) return undefined
    const { base, tiers } = typeof known === 'object' ? known : { base: known, tiers: [] }
    return nanoOf(tiers.findLast((tier) => context > tier.start)?.price ?? base)
  }
  const input = rate('input_mtok')
  if (input === undefined) return undefined
  const output = rate('output_mtok')
  const reasoning = rate('output_reasoning_mtok') ?? output
  const write = rate('cache_write_mtok')
  const writeLong = rate('cache_write_1h_mtok') ?? (write === undefined ? input : undefined)
  return {
    input,
    cacheRead: rate('cache_read_mtok') ?? input,
    cacheWrite: write ?? input,
    ...(writeLong !== undefined && { cacheWriteLong: writeLong }),
    ...(output !== undefined && { output }),
    ...(reasoning !== undefined && { reasoning }),
  }
}

let name: string | undefined
/** The package and its version. It exports no version: its package.json says it. */
function source(): string {
  if (name) return name
  const path = findPackageJSON('@pydantic/genai-prices', import.meta.url)
  const { version } = path ? (JSON.parse(readFileSync(path, 'utf8')) as { version: string }) : { version: 'unknown' } // npm's own file
  name = `genai-prices@${version}`
  return name
}
