/** How a text was answered: the confidence of the most likely label, and whether it was right. Out of scope: never right. */
export interface Answered {
  readonly confidence: number
  readonly isRight: boolean
}

/**
 * Expected calibration error (Naeini et al., 2015): the mean distance between confidence and accuracy over bins of equal width, weighted by
 * how many fall into each; 0 where there is nothing.
 */
export function expectedCalibrationError(answers: readonly Answered[], bins = 15): number {
  const sums = Array.from({ length: bins }, () => 0)
  for (const { confidence, isRight } of answers) {
    const bin = Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1)) // bins are open below, as in the paper
    sums[bin] = (sums[bin] ?? 0) + confidence - (isRight ? 1 : 0)
  }
  return answers.length === 0 ? 0 : sums.reduce((total, sum) => total + Math.abs(sum), 0) / answers.length
}

export interface CoveragePoint {
  readonly threshold: number
  /** Share of all that is accepted. */
  readonly coverage: number
  /** Share of what is accepted that is right; null where nothing is. */
  readonly accuracy: number | null
}

/** What a threshold would do: an answer at or above it is accepted. */
export function coverageAt(answers: readonly Answered[], threshold: number): CoveragePoint {
  const accepted = answers.filter((one) => one.confidence >= threshold)
  const right = accepted.filter((one) => one.isRight).length
  return {
    threshold,
    coverage: answers.length === 0 ? 0 : accepted.length / answers.length,
    accuracy: accepted.length === 0 ? null : right / accepted.length,
  }
}

/** The thresholds of every curve of coverage against accuracy. */
const thresholds = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99]

export const coverageCurve = (answers: readonly Answered[]): CoveragePoint[] =>
  thresholds.map((threshold) => coverageAt(answers, threshold))

/**
 * The chance that one drawn from `higher` is above one drawn from `lower`, equal ones counted half: the area under the ROC curve, from ranks
 * (Mann and Whitney). Null where either is empty.
 */
export function areaUnderRoc(higher: readonly number[], lower: readonly number[]): number | null {
  if (higher.length === 0 || lower.length === 0) return null
  const all = [
    ...higher.map((value) => ({ value, isHigher: true })),
    ...lower.map((value) => ({ value, isHigher: false })),
  ]
  all.sort((a, b) => a.value - b.value)
  let rankSum = 0
  for (let i = 0; i < all.length;) {
    let end = i
    while (end < all.length && all[end]?.value === all[i]?.value) end++
    const rank = (i + 1 + end) / 2 // the mean of the ranks i + 1 .. end
    for (let j = i; j < end; j++) if (all[j]?.isHigher) rankSum += rank
    i = end
  }
  const smallest = (higher.length * (higher.length + 1)) / 2
  return (rankSum - smallest) / (higher.length * lower.length)
}
