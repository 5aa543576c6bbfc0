import type { Clock } from '../../core/clock.ts'
import type { PriceBook } from '../cost/price-book.ts'
import type { Price } from '../cost/price.ts'
import type { ModelVersion } from '../routes/model-version.ts'

export interface PriceParts {
  readonly prices: PriceBook
  readonly clock: Clock
  /** What budgets count in: an answer of this process costs nothing in it, unless a price is declared. */
  readonly currencyOf?: (budgets: readonly string[]) => string | undefined
}

/** What a model costs now; undefined where nobody knows, which is no zero (C6). */
export function priceFor(
  { clock, currencyOf, prices }: PriceParts,
  model: ModelVersion,
  budgets: readonly string[],
): Price | undefined {
  const { provider, upstream } = model
  const known = prices.priceOf({ provider, model: upstream, at: clock.today() })
  if (known || provider !== 'onnx') return known
  return {
    version: 'within/1',
    provider,
    model: upstream,
    currency: currencyOf?.(budgets) ?? 'USD',
    standard: { base: { input: 0n, cacheRead: 0n }, long: [] },
    tiers: {},
  }
}
