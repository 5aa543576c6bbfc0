/** A text's label and what was predicted. */
export interface Judged {
  readonly label: string
  readonly predicted: string
}

/** Share of right predictions; 0 of none. */
export const accuracyOf = (judged: readonly Judged[]): number =>
  judged.length === 0 ? 0 : judged.filter(isRight).length / judged.length

/** The unweighted mean of F1 over the labels that occur, as label or as prediction; 0 of none. */
export function macroF1(judged: readonly Judged[]): number {
  const counts = new Map<string, { right: number; labelled: number; predicted: number }>()
  const of = (label: string): { right: number; labelled: number; predicted: number } => {
    const known = counts.get(label) ?? { right: 0, labelled: 0, predicted: 0 }
    counts.set(label, known)
    return known
  }
  for (const one of judged) {
    of(one.label).labelled++
    of(one.predicted).predicted++
    if (isRight(one)) of(one.label).right++
  }
  const scores = [...counts.values()].map(({ right, labelled, predicted }) => (2 * right) / (labelled + predicted))
  return scores.length === 0 ? 0 : scores.reduce((sum, score) => sum + score, 0) / scores.length
}

export interface Confusion extends Judged {
  readonly count: number
}

/** The pairs of label and wrong prediction that occur most, at most `most` of them; of equals the alphabetically first. */
export function worstConfused(judged: readonly Judged[], most = 10): Confusion[] {
  const counts = new Map<string, { label: string; predicted: string; count: number }>()
  for (const { label, predicted } of judged) {
    if (label === predicted) continue
    const key = JSON.stringify([label, predicted])
    const known = counts.get(key) ?? { label, predicted, count: 0 }
    known.count++
    counts.set(key, known)
  }
  return [...counts]
    .sort(([keyA, a], [keyB, b]) => b.count - a.count || (keyA < keyB ? -1 : 1))
    .slice(0, most)
    .map(([, confusion]) => confusion)
}

const isRight = ({ label, predicted }: Judged): boolean => label === predicted
