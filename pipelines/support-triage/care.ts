import { classifier } from 'millrace'

/**
 * What a message is besides a question that a canned reply settles, by a second classifier: phrases are found only where somebody thought of
 * them. It is trained on banking questions that stand among sentences of each kind (`scripts/train-support-care.ts`).
 */
export const care = classifier({
  name: 'support-care',
  route: 'care',
  labels: [
    /** One ordinary question, with whatever circumstances. */
    'plain',
    /** Fraud, theft, loss, or somebody else's hand in the account. */
    'security',
    'complaint',
    /** Somebody in need: bereavement, illness, poverty, violence. */
    'vulnerable',
    /** The law, an authority, the press, or somebody who writes about another person's account. */
    'authority',
    /** Words meant for a machine. */
    'hostile',
    /** Another matter than the 77 intents. */
    'other',
    /** Two questions at once. */
    'two',
  ],
})

export type Care = Exclude<(typeof care.labels)[number], 'plain'>

/** What the classifier says of one piece. */
interface Reading {
  readonly top: readonly { readonly label: string; readonly confidence: number }[]
}

/**
 * A piece below this probability of being plain is none. It is low because the two errors differ: nearly all ordinary mail is far above it, and
 * most other mail at zero. Chosen on the sample mailbox's part for tuning, where 0.2 keeps 42 of 43 ordinary messages, 0.3 keeps 40 and 0.6 keeps 36. On
 * two mailboxes beside it, 0.3 lets 15 of 46 others through that phrases had missed, 0.6 lets 10: the phrases then got more.
 */
const leastPlain = 0.2

/**
 * From it on a piece is rather plain than not, which speaks for an intent that is nearly sure (`isSeconded`). Chosen with `leastSeconded` on mail for
 * tuning: of 397 messages beside the sample, 0.9 answers 143 of 164 and 0.6 147, both none of those that a person must see; 0.4 answers two of them.
 */
const surelyPlain = 0.6
/** An intent below its model's threshold and not below this is nearly sure. */
const leastSeconded = 0.65
/** Shorter messages have no circumstances: what is unsure in them is unclear. */
const fewestWords = 10

/** Longer messages are read in pieces, since one sentence in many would hardly be heard. */
const mostWords = 70
const mostPieces = 6

/**
 * A message as the classifier reads it: in pieces of whole lines or sentences, each as one sentence. The model decides about sentences one by
 * one otherwise, and the surest of them, the plain question, would speak for all.
 */
export function piecesOf(text: string): string[] {
  const words: string[][] = [[]]
  for (const sentence of text.split(/(?<=[.!?…])\s+|\n+/)) {
    const own = sentence.split(/\s+/).filter((word) => word !== '')
    const last = words.at(-1) ?? []
    if (last.length > 0 && last.length + own.length > mostWords) words.push(own)
    else last.push(...own, ...(own.length > 0 ? [','] : []))
  }
  return words
    .map((piece) => asOne(piece.join(' ')))
    .filter((piece) => piece !== '')
    .slice(0, mostPieces)
}

/** No full stop, so that it is one sentence. */
export const asOne = (text: string): string =>
  text
    .replaceAll(/[.!?…:;]+(?=[\s,]|$)|\n+/g, ',')
    .replaceAll(/\s*(?:,\s*)+/g, ', ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/^[, ]+|[, ]+$/g, '')

/** A second opinion can help: the intent is sure, or nearly. */
export const isWorthReading = ({ accepted, confidence }: Sureness): boolean => accepted || confidence >= leastSeconded

interface Sureness {
  /** By its model's threshold. */
  readonly accepted: boolean
  readonly confidence: number
}

/**
 * The model's threshold is that of bare questions. In a mail with greetings and circumstances the same question is less sure; if every piece of
 * it is rather one ordinary question than not, nearly sure is enough.
 */
export const isSeconded = (text: string, readings: readonly Reading[]): boolean =>
  readings.length > 0 &&
  text.trim().split(/\s+/).length >= fewestWords &&
  readings.every((reading) => plainness(reading) >= surelyPlain)

const plainness = ({ top }: Reading): number => top.find(({ label }) => label === 'plain')?.confidence ?? 0

/** What the piece that is plain the least is instead, or undefined if all are plain. */
export function careOf(readings: readonly Reading[]): Care | undefined {
  const [least] = readings.toSorted((a, b) => plainness(a) - plainness(b))
  if (!least || plainness(least) >= leastPlain) return undefined
  return care.labels.filter(isCare).find((label) => label === least.top.find((one) => one.label !== 'plain')?.label)
}

const isCare = (label: (typeof care.labels)[number]): label is Care => label !== 'plain'
