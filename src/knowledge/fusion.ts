/** Damps the lead of the first places, as Cormack, Clarke and Büttcher proposed ("Reciprocal Rank Fusion", SIGIR 2009). */
const damping = 60

export interface Fused<T> {
  readonly item: T
  /** The sum of 1 / (60 + place) over the rankings that have the item; two rankings give at most 2 / 61. */
  readonly score: number
}

/**
 * Fuses rankings, each best first, by reciprocal rank: their scores need not be comparable. An item that a ranking names twice counts
 * there at its better place; of items with one key, the one of the earliest ranking is kept. Ties are broken by key, so that the same
 * rankings give the same order.
 */
export function fuse<T>(rankings: readonly (readonly T[])[], keyOf: (item: T) => string): Fused<T>[] {
  const fused = new Map<string, { item: T; score: number }>()
  for (const ranking of rankings) {
    const seen = new Set<string>()
    for (const item of ranking) {
      const key = keyOf(item)
      if (seen.has(key)) continue
      seen.add(key)
      const points = 1 / (damping + seen.size)
      const known = fused.get(key)
      if (known) known.score += points
      else fused.set(key, { item, score: points })
    }
  }
  return [...fused]
    .toSorted(([a, x], [b, y]) => y.score - x.score || (a < b ? -1 : 1))
    .map(([, { item, score }]) => ({ item, score }))
}
