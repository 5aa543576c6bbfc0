import { MillraceError } from '../core/errors/millrace-error.ts'
import type { Classification, Classifier } from './classifier.ts'
import {
  areaUnderRoc,
  coverageAt,
  coverageCurve,
  type CoveragePoint,
  expectedCalibrationError,
} from './measures/calibration.ts'
import { accuracyOf, type Confusion, macroF1, worstConfused } from './measures/confusion.ts'
import { type LabelledTexts, outOfScope } from './training/csv-rows.ts'

/** What a model reaches on a file of labelled texts. `accuracy`, `macroF1` and `ece` count in-scope rows, argmax, without rejection. */
export interface Evaluation {
  readonly n: number
  readonly accuracy: number
  readonly macroF1: number
  /** In 15 equal bins. */
  readonly ece: number
  /** Over all rows, an accepted out-of-scope row being wrong. */
  readonly coverage: readonly CoveragePoint[]
  readonly atThreshold: CoveragePoint
  /** How well confidence tells in scope from out of scope; only where there are rows of both. */
  readonly aurocOutOfScope?: number
  readonly confused: readonly Confusion[]
  /** Tokenisation included, loading not. */
  readonly textsPerSecond: number
}

/** Errors: `model/unknown-label`, and those of the model. `now` is a monotonic clock in milliseconds. */
export async function evaluate(
  classifier: Classifier,
  data: LabelledTexts,
  o: { readonly now: () => number; readonly progress?: (share: number) => void },
): Promise<Evaluation> {
  const { name, labels, threshold } = classifier.manifest
  const known = new Set([...labels, outOfScope])
  const stranger = data.rows.find((row) => !known.has(row.label))
  if (stranger)
    throw new MillraceError('model/unknown-label', {
      path: data.path,
      label: stranger.label,
      line: stranger.line,
      model: name,
    })
  const since = o.now()
  const answers = await classifier.classifyAll(
    data.rows.map((row) => row.text),
    (count, of) => o.progress?.(count / of),
  )
  const seconds = (o.now() - since) / 1000
  return { ...measure(answers, data, threshold), textsPerSecond: seconds > 0 ? data.rows.length / seconds : 0 }
}

function measure(
  answers: readonly Classification[],
  { rows }: LabelledTexts,
  threshold: number,
): Omit<Evaluation, 'textsPerSecond'> {
  const all = answers.map(({ label, confidence }, i) => {
    const wanted = rows[i]?.label ?? outOfScope
    return { label: wanted, predicted: label, confidence, isRight: wanted === label }
  })
  const [inScope, strangers] = [
    all.filter((one) => one.label !== outOfScope),
    all.filter((one) => one.label === outOfScope),
  ]
  const confidences = (some: typeof all): number[] => some.map((one) => one.confidence)
  const auroc = areaUnderRoc(confidences(inScope), confidences(strangers))
  return {
    n: rows.length,
    accuracy: accuracyOf(inScope),
    macroF1: macroF1(inScope),
    ece: expectedCalibrationError(inScope),
    coverage: coverageCurve(all),
    atThreshold: coverageAt(all, threshold),
    ...(auroc !== null && { aurocOutOfScope: auroc }),
    confused: worstConfused(inScope),
  }
}
