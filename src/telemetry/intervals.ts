/** A figure with what it may be: 95% of such intervals hold the truth. */
export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** Of the normal distribution, for 95% on both sides together. */
const z = 1.959_963_985

/** A share, by Wilson (1927): it holds for few and for none, where the usual one says `0 ± 0`. Undefined of nothing. */
export function shareOf(count: number, of: number): Interval | undefined {
  if (of <= 0) return undefined
  const p = count / of
  const middle = (p + (z * z) / (2 * of)) / (1 + (z * z) / of)
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of))
  return { value: p, low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}

/** A mean from a sum and a sum of squares; undefined of nothing. One value alone says nothing of its spread: the interval is open then. */
export function meanOf({
  count,
  squares,
  sum,
}: {
  readonly count: number
  readonly sum: number
  readonly squares: number
}): Interval | undefined {
  if (count <= 0) return undefined
  const value = sum / count
  if (count === 1) return { value, low: -Infinity, high: Infinity }
  const variance = Math.max(0, (squares - sum * value) / (count - 1))
  const half = z * Math.sqrt(variance / count)
  return { value, low: value - half, high: value + half }
}

/** Where a quantile may lie, as shares of the way through the ordered values: the ranks that hold it, whatever the distribution. */
export function ranksOf(share: number, count: number): { readonly low: number; readonly high: number } {
  const half = z * Math.sqrt((share * (1 - share)) / Math.max(1, count))
  return { low: Math.max(0, share - half), high: Math.min(1, share + half) }
}
