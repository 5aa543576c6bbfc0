// What the intent classifier reaches on messages that training never saw: `node bench/intent-report.ts --data ../shared/data [--seeds 3]`.
// Everything that is chosen from data (blend, temperature, threshold) is chosen by `train` on a part of the training part; the unseen 15 % is
// only counted. The constants of training were compared on splits with other seeds than these.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seededRandom } from '../src/core/random.ts'
import { bundledEncoder } from '../src/models/bundled.ts'
import { Classifier } from '../src/models/classifier.ts'
import { writeModel } from '../src/models/directory/write-model.ts'
import { Encoder } from '../src/models/encoder.ts'
import { evaluate, type Evaluation } from '../src/models/evaluate.ts'
import { Chance } from '../src/models/training/chance.ts'
import { type LabelledText, outOfScope, readLabelledTexts } from '../src/models/training/csv-rows.ts'
import { wordsOfLabel } from '../src/models/training/prepare.ts'
import { stratifiedSplit } from '../src/models/training/split.ts'
import { train, type VectorSource } from '../src/models/training/train.ts'

const { values } = parseArgs({
  options: { data: { type: 'string', default: '../shared/data' }, seeds: { type: 'string', default: '3' } },
})
const firstSeed = 101
const fewShotSeeds = 5
const examplesInFewShot = 10

const bank = await readLabelledTexts(join(values.data, 'banking77/train.csv'))
const others = await readLabelledTexts('pipelines/support-triage/training/out-of-scope.csv')
const labels = [...new Set(bank.rows.map((row) => row.label))].sort()
const numbers = bank.rows.map((row) => labels.indexOf(row.label))
const encoder = await Encoder.open(bundledEncoder)
const folder = await mkdtemp(join(tmpdir(), 'millrace-report-'))

// Every text is embedded once; each training takes its vectors from here.
const known = new Map<string, Float32Array>()
const texts = [...new Set([...bank.rows, ...others.rows].map((row) => row.text)), ...labels.map(wordsOfLabel)]
console.error(`embedding ${texts.length} texts`)
for (const [i, vector] of (await encoder.embedAll(texts)).entries()) known.set(texts[i] ?? '', vector)
const cached: VectorSource = {
  name: encoder.name,
  digest: encoder.digest,
  dimensions: encoder.dimensions,
  embedAll: async (asked) => asked.map((text) => known.get(text) ?? new Float32Array(encoder.dimensions)),
}

const pick = (positions: readonly number[]): LabelledText[] => positions.flatMap((i) => bank.rows[i] ?? [])

/** Trains on some rows, and measures what was written on others: as `millrace train` and `millrace eval` do. */
async function measured(
  seed: number,
  learnt: readonly LabelledText[],
  unseen: readonly LabelledText[],
): Promise<Evaluation> {
  const path = join(folder, `model-${seed}`)
  await writeModel(path, await train({ ...bank, rows: learnt }, cached, { seed }))
  const classifier = await Classifier.open(path, () => encoder)
  return evaluate(classifier, { ...bank, rows: unseen }, { now: () => performance.now() })
}

const percent = (share: number | null | undefined): string =>
  share === null || share === undefined ? '-' : (share * 100).toFixed(1)
const mean = (some: readonly number[]): number => some.reduce((sum, one) => sum + one, 0) / some.length

try {
  // Out-of-scope texts written for the project: half fits the threshold, the other half is counted.
  const strange = others.rows.filter((row) => row.label === outOfScope)
  const [fitting, counted] = [strange.filter((_, i) => i % 2 === 0), strange.filter((_, i) => i % 2 === 1)]
  const full: Evaluation[] = []
  const rows: Record<string, string>[] = []
  for (let seed = firstSeed; seed < firstSeed + Number(values.seeds); seed++) {
    const { train: learnt, validation } = stratifiedSplit(numbers, 0.15, new Chance(seededRandom(`report/${seed}`)))
    console.error(`seed ${seed}: training on ${learnt.length} messages`)
    const found = await measured(seed, [...pick(learnt), ...fitting], pick(validation))
    const stranger = await evaluate(
      await Classifier.open(join(folder, `model-${seed}`), () => encoder),
      { ...others, rows: [...pick(validation), ...counted] },
      { now: () => performance.now() },
    )
    const acceptedOfAll = stranger.atThreshold.coverage * stranger.n - found.atThreshold.coverage * found.n
    full.push(found)
    rows.push({
      seed: String(seed),
      unseen: String(found.n),
      'accuracy %': percent(found.accuracy),
      'macro-F1 %': percent(found.macroF1),
      'ECE %': percent(found.ece),
      threshold: found.atThreshold.threshold.toFixed(3),
      'accepted %': percent(found.atThreshold.coverage),
      'of these right %': percent(found.atThreshold.accuracy),
      'other mail accepted %': percent(acceptedOfAll / counted.length),
      AUROC: stranger.aurocOutOfScope?.toFixed(3) ?? '-',
    })
  }
  const few: number[] = []
  for (let seed = firstSeed; seed < firstSeed + fewShotSeeds; seed++) {
    const chance = new Chance(seededRandom(`report/${seed}`))
    const { train: learnt, validation } = stratifiedSplit(numbers, 0.15, chance)
    const order = [...chance.order(learnt.length)].flatMap((i) => learnt[i] ?? [])
    const taken = labels.flatMap((_, label) => order.filter((i) => numbers[i] === label).slice(0, examplesInFewShot))
    console.error(`few examples, seed ${seed}`)
    few.push((await measured(seed, pick(taken), pick(validation))).accuracy)
  }
  console.log('A stratified 15 % of BANKING77 that training never saw:')
  console.table(rows)
  console.log('Coverage against accuracy, mean of the seeds:')
  console.table(
    (full[0]?.coverage ?? []).map(({ threshold }, i) => ({
      threshold,
      'coverage %': percent(mean(full.map((one) => one.coverage[i]?.coverage ?? 0))),
      'accuracy %': percent(mean(full.map((one) => one.coverage[i]?.accuracy ?? 1))),
    })),
  )
  console.log(`${examplesInFewShot} examples a label: ${few.map(percent).join(', ')}; mean ${percent(mean(few))} %`)
} finally {
  await encoder.close()
  await rm(folder, { recursive: true })
}
