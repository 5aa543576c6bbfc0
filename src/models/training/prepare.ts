import { MillraceError } from '../../core/errors/millrace-error.ts'
import { type LabelledTexts, outOfScope } from './csv-rows.ts'

/** What training needs of a file of labelled texts. */
export interface Prepared {
  /** In alphabetical order, so that the order of the rows does not matter. */
  readonly labels: readonly string[]
  readonly texts: readonly string[]
  /** Of each text, a position in `labels`. */
  readonly labelOf: readonly number[]
  readonly outOfScope: readonly string[]
}

/** One for validation, and enough to learn from. */
const fewest = 4

/** Errors: `model/too-few-examples`. */
export function prepare({ path, rows }: LabelledTexts): Prepared {
  const refuse = (why: string): never => {
    throw new MillraceError('model/too-few-examples', { path, why })
  }
  const inScope = rows.filter((row) => row.label !== outOfScope)
  const texts = new Map<string, Set<string>>()
  for (const { label, text } of inScope) texts.set(label, (texts.get(label) ?? new Set()).add(text.toLowerCase()))
  const labels = [...texts.keys()].sort()
  if (labels.length === 0) refuse(`every row is labelled ${outOfScope}`)
  if (labels.length === 1) refuse(`every text has the label ${labels[0]}`)
  const poor = labels.find((label) => (texts.get(label)?.size ?? 0) < fewest)
  if (poor !== undefined) {
    const count = texts.get(poor)?.size ?? 0
    refuse(`the label ${poor} has ${count} ${count === 1 ? 'text' : 'different texts'}`)
  }
  const numberOf = new Map(labels.map((label, i) => [label, i]))
  return {
    labels,
    texts: inScope.map((row) => row.text),
    labelOf: inScope.map((row) => numberOf.get(row.label) ?? 0),
    outOfScope: rows.filter((row) => row.label === outOfScope).map((row) => row.text),
  }
}

/** A label as a person would say it: `card_arrival` reads `card arrival`. Training takes it as one more example of its label. */
export const wordsOfLabel = (label: string): string =>
  label
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .toLowerCase()
