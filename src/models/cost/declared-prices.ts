import { z } from 'zod'
import type { Instant } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { priceDeclaration } from '../../sdk/costs.ts'
import type { Price, Rates, TierRates } from './price.ts'
import { versioned } from './price-version.ts'

export interface DeclaredPrice {
  readonly from: Instant
  readonly price: Price
}

/** Reads the declared prices, the oldest of a model first. Errors: `cost/bad-price`, also where two begin at the same moment. */
export function readDeclaredPrices(declared: readonly unknown[]): readonly DeclaredPrice[] {
  const read = declared.map((one, at) => {
    const parsed = priceDeclaration.safeParse(one)
    if (!parsed.success) throw badPrice(at, z.prettifyError(parsed.error).replaceAll('\n', ' '))
    const { provider, model, from, currency, tiers, ...standard } = parsed.data
    const price = versioned('declared', {
      provider,
      model,
      currency,
      standard: tierOf(standard),
      tiers: Object.fromEntries(Object.entries(tiers ?? {}).map(([name, other]) => [name, tierOf(other)])),
    })
    return { from: Date.parse(from), price }
  })
  for (const [at, one] of read.entries())
    if (read.findIndex((other) => other.from === one.from && isSameModel(other.price, one.price)) !== at)
      throw badPrice(at, `another price of ${one.price.provider}/${one.price.model} begins at the same moment`)
  return read.toSorted((a, b) => a.from - b.from)
}

const isSameModel = (a: Price, b: Price): boolean => a.provider === b.provider && a.model === b.model

const badPrice = (at: number, why: string): MillraceError => new MillraceError('cost/bad-price', { at, why })

type DeclaredRates = Omit<
  z.output<typeof priceDeclaration>,
  'provider' | 'model' | 'from' | 'currency' | 'tiers' | 'longContext'
>

/** What is not said costs what it is a part of; only an hour's cache write beside a five minutes' one stays unknown: it is dearer. */
function ratesOf(said: DeclaredRates): Rates {
  const writeLong = said.cacheWriteLong ?? (said.cacheWrite === undefined ? said.input : undefined)
  const reasoning = said.reasoning ?? said.output
  return {
    input: said.input,
    cacheRead: said.cacheRead ?? said.input,
    cacheWrite: said.cacheWrite ?? said.input,
    ...(writeLong !== undefined && { cacheWriteLong: writeLong }),
    ...(said.output !== undefined && { output: said.output }),
    ...(reasoning !== undefined && { reasoning }),
  }
}

function tierOf(
  said: DeclaredRates & { readonly longContext?: readonly (DeclaredRates & { above: number })[] | undefined },
): TierRates {
  const long = (said.longContext ?? []).map(({ above, ...band }) => ({ above, rates: ratesOf(band) }))
  return { base: ratesOf(said), long: long.toSorted((a, b) => a.above - b.above) }
}
