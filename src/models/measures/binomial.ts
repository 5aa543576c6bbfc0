/**
 * The one-sided lower bound of a share after `right` of `count` (Clopper and Pearson, 1934): the share at which as many or more would be seen
 * with the chance `risk`. Exact, so it never promises too much; Wilson's interval does, near one.
 */
export function lowerBound(right: number, count: number, risk = 0.05): number {
  if (right === 0 || count === 0) return 0
  let [low, high] = [0, right / count]
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2
    if (atLeast(right, count, middle) < risk) low = middle
    else high = middle
  }
  return low
}

/** The chance of `right` or more successes in `count` tries of chance `p`: a sum of terms, each from the one before. */
function atLeast(right: number, count: number, p: number): number {
  if (p <= 0) return right === 0 ? 1 : 0
  if (p >= 1) return 1
  const odds = p / (1 - p)
  // From `count` successes downwards, in logarithms: the term of n successes out of N is C(N, n) p^n q^(N - n).
  let term = count * Math.log(p)
  let sum = 0
  for (let n = count; n >= right; n--) {
    sum += Math.exp(term)
    term += Math.log(n / (count - n + 1) / odds)
  }
  return Math.min(1, sum)
}
