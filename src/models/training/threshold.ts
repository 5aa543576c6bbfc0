import { type Answered } from '../measures/calibration.ts'
import { lowerBound } from '../measures/binomial.ts'

/** What an accepted answer must be: right this often, with a one-sided 95% lower bound (Clopper and Pearson) on validation texts. */
const wantedAccuracy = 0.98
/** At most this share of the out-of-scope texts may be accepted. */
const mostOutOfScope = 0.05

export interface ChosenThreshold {
  readonly threshold: number
  /** Of the accuracy at the threshold; null: no threshold reaches what is wanted, and nothing is accepted. */
  readonly lowerBound: number | null
}

/**
 * The lowest threshold at which accepted in-scope texts have the wanted lower bound, and few out-of-scope texts are accepted. The two are held
 * apart because their proportion in a training file says nothing about the mail that comes.
 */
export function chooseThreshold(inScope: readonly Answered[], outOfScope: readonly number[]): ChosenThreshold {
  const sorted = inScope.toSorted((a, b) => b.confidence - a.confidence)
  const strangers = outOfScope.toSorted((a, b) => b - a)
  const floor = strangers[Math.floor(strangers.length * mostOutOfScope)] // accepted from here on: one too many
  let right = 0
  let best: ChosenThreshold = { threshold: 1, lowerBound: null }
  for (const [i, { confidence, isRight }] of sorted.entries()) {
    right += isRight ? 1 : 0
    if (floor !== undefined && confidence <= floor) break
    if (sorted[i + 1]?.confidence === confidence) continue // equals are accepted together
    const bound = lowerBound(right, i + 1)
    if (bound >= wantedAccuracy) best = { threshold: confidence, lowerBound: bound }
  }
  return best
}
