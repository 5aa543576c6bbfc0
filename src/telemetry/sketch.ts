import { DDSketch } from '@datadog/sketches-js'

/** Of every sketch here and in the database: others could not be merged. */
const relativeAccuracy = 0.01
/** Nothing is measured finer than this; zero would have no bin. */
const leastValue = 0.001

/** A sketch as the database keeps it: how many fell into which bin. Bins of any sketches add up to the sketch of all their values. */
export interface Bins {
  readonly bins: readonly number[]
  readonly counts: readonly number[]
}

/**
 * Owns: one DDSketch (Masson et al., VLDB 2019): its quantiles are within 1% of the exact ones, however often it was merged. Its bins are
 * written as two lists of numbers: the library's own form needs protobufjs, and Postgres could not add it up.
 */
export class Sketch {
  readonly #sketch = new DDSketch({ relativeAccuracy })

  static of({ bins, counts }: Bins): Sketch {
    const made = new Sketch()
    made.add({ bins, counts })
    return made
  }

  get count(): number {
    return this.#sketch.count
  }

  accept(value: number): void {
    this.#sketch.accept(Number.isFinite(value) ? Math.max(value, leastValue) : leastValue)
  }

  add({ bins, counts }: Bins): void {
    for (const [n, bin] of bins.entries()) {
      const count = counts[n] ?? 0
      if (count <= 0) continue
      this.#sketch.store.add(bin, count)
      this.#sketch.count += count
    }
  }

  bins(): Bins {
    const { bins, maxKey, minKey, offset } = this.#sketch.store
    const [keys, counts]: [number[], number[]] = [[], []]
    if (this.count > 0)
      for (let key = minKey; key <= maxKey; key++) {
        const count = bins[key - offset] ?? 0
        if (count === 0) continue
        keys.push(key)
        counts.push(count)
      }
    return { bins: keys, counts }
  }

  /** The value at a share of the way through, from 0 to 1; undefined without any value. */
  quantile(share: number): number | undefined {
    return this.count === 0 ? undefined : this.#sketch.getValueAtQuantile(share)
  }
}
