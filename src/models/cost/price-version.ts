import { digestOf, type Json } from '../../core/json.ts'
import type { LongContext, Price, Rates, TierRates } from './price.ts'

/** A price as JSON: what `price.body` holds, and what its version is the digest of. Amounts are decimal digits of nano-units. */
export type PriceJson = { readonly [key: string]: Json }

export function priceJson(price: Omit<Price, 'version'>): PriceJson {
  return {
    provider: price.provider,
    model: price.model,
    currency: price.currency,
    standard: tierJson(price.standard),
    tiers: Object.fromEntries(Object.entries(price.tiers).map(([name, tier]) => [name, tierJson(tier)])),
  }
}

/** Names the price by where it comes from and by what it says: the same words are the same version, in every process. */
export const versioned = (source: string, price: Omit<Price, 'version'>): Price => ({
  version: `${source}/${digestOf(priceJson(price)).slice(0, 12)}`,
  ...price,
})

const tierJson = (tier: TierRates): Json => ({ base: ratesJson(tier.base), long: tier.long.map(longJson) })
const longJson = ({ above, rates }: LongContext): Json => ({ above, rates: ratesJson(rates) })
const ratesJson = (rates: Rates): Json =>
  Object.fromEntries(Object.entries(rates).map(([line, rate]: [string, bigint]) => [line, rate.toString()]))
