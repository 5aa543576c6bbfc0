import type { ClassifierManifest } from './manifest.ts'

const percent = (share: number | null): string => (share === null ? 'none' : `${(share * 100).toFixed(1)} %`)

/** The model's card: what it was made of, what it reaches, and where it ends. */
export function renderCard(manifest: ClassifierManifest, attribution?: string): string {
  const { name, labels, encoder, training, threshold, temperature } = manifest
  const { validation } = training
  const rows = validation.coverage.map(
    (point) => `| ${point.threshold} | ${percent(point.coverage)} | ${percent(point.accuracy)} |`,
  )
  const strangers =
    training.outOfScope === 0
      ? 'No out-of-scope texts were given: the threshold says nothing about texts of other kinds.'
      : `${training.outOfScope} out-of-scope texts fitted the threshold only; ${percent(validation.outOfScopeAccepted)} of them are accepted at it (AUROC ${validation.aurocOutOfScope?.toFixed(3)}).`
  const accepted =
    validation.lowerBound === null
      ? `No threshold reaches 98 % on the ${validation.n} validation texts with 95 % confidence, so nothing is accepted until there is more data.`
      : `It accepts ${percent(validation.atThreshold.coverage)} of the validation texts, ${percent(validation.atThreshold.accuracy)} of these rightly (one-sided 95 % lower bound of Clopper and Pearson: ${percent(validation.lowerBound)}).`
  return `# ${name}

A classifier of ${labels.length} labels: one hidden layer of ${manifest.hidden} units on the vectors of the text encoder ${encoder.name}, and a logistic regression on
words and pairs of words (${manifest.buckets} hash buckets) beside it. Version \`${manifest.digest}\`.

## Data

${training.examples} labelled texts, file SHA-256 \`${training.data}\`, seed ${training.seed}. ${strangers}
${attribution ? `\n${attribution}\n` : ''}
## Measured

On ${validation.n} texts (15 % of each label) that a twin of this model, trained on the rest with the same settings, never saw; temperature, blend and threshold were
chosen on them. The model itself was then trained on all texts.

| accuracy | macro-F1 | expected calibration error (15 bins) | threshold | temperature |
|---|---|---|---|---|
| ${percent(validation.accuracy)} | ${percent(validation.macroF1)} | ${percent(validation.ece)} | ${threshold.toFixed(4)} | ${temperature.toFixed(3)} |

${accepted}

| threshold | coverage | accuracy of what is accepted |
|---|---|---|
${rows.join('\n')}

## Limits

It knows its labels and nothing else, in the language of its encoder, for texts like those that it was trained on. A confidence is a probability on such texts alone. It
reads words, not facts: amounts, dates and names hardly count, and a "not" can be missed.

## Files

| file | SHA-256 |
|---|---|
${Object.entries(manifest.files)
  .map(([file, digest]) => `| \`${file}\` | \`${digest}\` |`)
  .join('\n')}
`
}
