import type { Instant } from '../../core/clock.ts'
import { type DeclaredPrice, readDeclaredPrices } from './declared-prices.ts'
import type { Price } from './price.ts'
import { seededPrice } from './seeded-prices.ts'

/** A model at a moment; `model` is the provider's own name for it. */
export interface Priced {
  readonly provider: string
  readonly model: string
  readonly at: Instant
}

/** A package's price may depend on the time of day: what was looked up is good for this minute. */
const minute = 60_000
/** Names may come from outside; this many models a minute are more than a registry has. */
const mostRemembered = 1000

/**
 * What models cost. A price that the project declares goes before the package's, from its own moment on.
 *
 * 1. A model that neither knows has no price: `undefined`, never zero (C6). A local model that costs nothing is declared so.
 * 2. A price never changes; when another is in force, it has another version, and what was reserved keeps its own (C8).
 */
export class PriceBook {
  readonly #declared: ReadonlyMap<string, readonly DeclaredPrice[]>
  readonly #seeded = new Map<string, Price | undefined>()

  /** `declared`: the settings' prices as `PriceDeclaration`s. Errors: `cost/bad-price`. */
  constructor(declared: readonly unknown[] = []) {
    this.#declared = Map.groupBy(readDeclaredPrices(declared), ({ price }) => keyOf(price))
  }

  priceOf({ provider, model, at }: Priced): Price | undefined {
    const key = keyOf({ provider, model })
    const declared = this.#declared.get(key)?.findLast(({ from }) => from <= at)
    return declared ? declared.price : this.#seededOf({ provider, model, at })
  }

  #seededOf({ provider, model, at }: Priced): Price | undefined {
    const key = `${Math.floor(at / minute)} ${keyOf({ provider, model })}`
    if (this.#seeded.has(key)) return this.#seeded.get(key)
    if (this.#seeded.size >= mostRemembered) this.#seeded.clear()
    const price = seededPrice(provider, model, at)
    this.#seeded.set(key, price)
    return price
  }
}

const keyOf = ({ provider, model }: { readonly provider: string; readonly model: string }): string =>
  JSON.stringify([provider, model])
