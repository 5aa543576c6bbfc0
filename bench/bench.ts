/** A benchmark: ours against a reference that does the same work by the best other means. */
export interface Bench {
  readonly name: string
  /** Of both figures: `runs/s`. */
  readonly unit: string
  /** Throws when it cannot be measured. `quick` ends within 50 seconds. */
  run(options: { readonly quick: boolean }): Promise<Measured>
}

export interface Measured {
  readonly ours: number
  /** Null: there is nothing to compare with. */
  readonly reference: number | null
  /** For people: a table. */
  readonly rows: readonly Readonly<Record<string, string | number>>[]
}

/** The middle value; of an even count, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]]
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2
}
