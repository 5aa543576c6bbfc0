/** A share with its 95 % interval. */
export interface Share {
  readonly count: number
  readonly share: number
  readonly low: number
  readonly high: number
}

const z = 1.959_964

/** Wilson's score interval (E. B. Wilson, 1927): of use for few trials and for shares near none, where the plain one claims certainty. */
export function wilson(count: number, trials: number): Share {
  if (trials === 0) return { count: 0, share: 0, low: 0, high: 1 }
  const share = count / trials
  const scale = 1 + z ** 2 / trials
  const centre = (share + z ** 2 / (2 * trials)) / scale
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / trials + z ** 2 / (4 * trials ** 2))
  return {
    count,
    share,
    low: count === 0 ? 0 : Math.max(0, centre - half),
    high: count === trials ? 1 : Math.min(1, centre + half),
  }
}
