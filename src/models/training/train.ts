import { seededRandom } from '../../core/random.ts'
import type { Encoder } from '../encoder.ts'
import { packWeights } from '../head/head-weights.ts'
import { confidenceOf, largest } from '../head/softmax.ts'
import {
  type Answered,
  areaUnderRoc,
  coverageAt,
  coverageCurve,
  expectedCalibrationError,
} from '../measures/calibration.ts'
import { accuracyOf, macroF1 } from '../measures/confusion.ts'
import { type Calibration, calibrate, type HalfLogits, probabilitiesOf } from './calibrate.ts'
import { Chance } from './chance.ts'
import type { LabelledTexts } from './csv-rows.ts'
import type { Encoded, Fitted } from './fit-head.ts'
import { fitInWorker } from './fit-in-worker.ts'
import { type Prepared, prepare, wordsOfLabel } from './prepare.ts'
import { stratifiedSplit } from './split.ts'
import { chooseThreshold } from './threshold.ts'
import type { ClassifierManifest } from '../directory/manifest.ts'

/** A trained head: what its directory will hold. */
export interface Trained {
  readonly manifest: Omit<ClassifierManifest, 'name' | 'files' | 'digest'>
  readonly weights: Uint8Array
}

/** What training needs of an encoder. */
export type VectorSource = Pick<Encoder, 'name' | 'digest' | 'dimensions' | 'embedAll'>

export type TrainingStage = 'embedding' | 'training'

const hidden = 512
const buckets = 1 << 14
const validationShare = 0.15

/**
 * Trains a classifier head on an encoder's vectors and on words. A twin that never sees 15% of each label's texts is trained beside it; on them the
 * twin decides blend, temperature and threshold, and the card's figures are the twin's. Out-of-scope texts fit the threshold only. The same
 * texts, encoder and seed give the same head.
 * Errors: `model/too-few-examples`, `model/worker-died`, and those of the encoder.
 */
export async function train(
  data: LabelledTexts,
  encoder: VectorSource,
  o: { readonly seed: number; readonly progress?: (stage: TrainingStage, share: number) => void },
): Promise<Trained> {
  const { seed, progress = () => undefined } = o
  const prepared = prepare(data)
  const { labels, labelOf } = prepared
  const { train: learnt, validation } = stratifiedSplit(
    labelOf,
    validationShare,
    new Chance(seededRandom(`${seed}/split`)),
  )

  const all = [...prepared.texts, ...labels.map(wordsOfLabel), ...prepared.outOfScope]
  const vectors = await encoder.embedAll(all, (count) => progress('embedding', count / all.length))
  const names = range(prepared.texts.length, labels.length)
  const strangers = range(prepared.texts.length + labels.length, prepared.outOfScope.length)
  const encoded = (positions: readonly number[]): Encoded => ({
    texts: positions.map((i) => all[i] ?? ''),
    vectors: concatenated(positions.map((i) => vectors[i] ?? new Float32Array(0))),
  })
  const shape = { dimensions: encoder.dimensions, hidden, buckets, labels: labels.length }
  const shares = [0, 0]
  const fit = (who: 0 | 1, positions: readonly number[], asked: readonly number[]): Promise<Fitted> => {
    const named = [...positions, ...names]
    const labelled = named.map((i) => (i < labelOf.length ? (labelOf[i] ?? 0) : i - labelOf.length))
    const order = { shape, train: { ...encoded(named), labels: labelled }, asked: encoded(asked) }
    return fitInWorker(order, `${seed}/fit`, (share) => {
      shares[who] = share
      progress('training', ((shares[0] ?? 0) + (shares[1] ?? 0)) / 2)
    })
  }
  const [twin, head] = await Promise.all([
    fit(0, learnt, [...validation, ...strangers]),
    fit(1, range(0, prepared.texts.length), []),
  ])

  const halves = halfLogits(twin, labels.length)
  const known = validation.map((i, row) => ({ ...halfAt(halves, row), label: labelOf[i] ?? 0 }))
  const unknown = strangers.map((_, i) => ({ ...halfAt(halves, validation.length + i), label: -1 }))
  const calibration = calibrate(known)
  const { blend, temperature } = calibration
  return {
    manifest: {
      format: 1,
      kind: 'classifier',
      labels: [...labels],
      encoder: { name: encoder.name, digest: encoder.digest },
      hidden,
      buckets,
      temperature,
      ...judge(known, unknown, calibration, { data, prepared, seed }),
    },
    weights: packWeights({ ...head.weights, w3: head.weights.w3.map((w) => w * blend) }),
  }
}

function judge(
  known: readonly HalfLogits[],
  unknown: readonly HalfLogits[],
  calibration: Calibration,
  { data, prepared, seed }: { data: LabelledTexts; prepared: Prepared; seed: number },
): Pick<ClassifierManifest, 'threshold' | 'training'> {
  const answered = known.map((text) => answerOf(text, calibration))
  const strangers = unknown.map((text) => answerOf(text, calibration).confidence)
  const judged = answered.map(({ label, predicted }) => ({
    label: prepared.labels[label] ?? '',
    predicted: prepared.labels[predicted] ?? '',
  }))
  const { threshold, lowerBound } = chooseThreshold(answered, strangers)
  const confidences = answered.map((one) => one.confidence)
  return {
    threshold,
    training: {
      seed,
      data: data.digest,
      examples: prepared.texts.length,
      outOfScope: prepared.outOfScope.length,
      validation: {
        n: known.length,
        accuracy: accuracyOf(judged),
        macroF1: macroF1(judged),
        ece: expectedCalibrationError(answered),
        aurocOutOfScope: areaUnderRoc(confidences, strangers),
        outOfScopeAccepted:
          strangers.length === 0 ? null : strangers.filter((one) => one >= threshold).length / strangers.length,
        lowerBound,
        atThreshold: coverageAt(answered, threshold),
        coverage: coverageCurve(answered),
      },
    },
  }
}

function answerOf(text: HalfLogits, calibration: Calibration): Answered & { label: number; predicted: number } {
  const row = probabilitiesOf(text, calibration)
  const predicted = largest(row)
  return { confidence: confidenceOf(row), isRight: predicted === text.label, label: text.label, predicted }
}

const halfLogits = (
  fitted: Fitted,
  width: number,
): { readonly network: Float32Array; readonly words: Float32Array; readonly width: number } => ({ ...fitted, width })

const halfAt = (
  { network, words, width }: ReturnType<typeof halfLogits>,
  row: number,
): Pick<HalfLogits, 'network' | 'words'> => ({
  network: network.slice(row * width, (row + 1) * width),
  words: words.slice(row * width, (row + 1) * width),
})

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i)

function concatenated(rows: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0))
  let at = 0
  for (const row of rows) {
    all.set(row, at)
    at += row.length
  }
  return all
}
