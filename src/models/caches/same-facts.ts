import { articles, asksWhatIs, plainWords } from './plain-words.ts'
import { auxiliaries, comparisons, countWords, months, negations, questionWords } from './telling-words.ts'

/** What tells two questions apart. `order`: the same words, in another order; `unreadable`: a text that cannot be judged. */
const differences = [
  'link',
  'number',
  'date',
  'negation',
  'comparison',
  'question',
  'name',
  'word',
  'order',
  'unreadable',
] as const
export type Difference = (typeof differences)[number]

/** Longer texts are judged by nobody: an encoder cuts them off. */
const mostText = 500

interface Fact {
  /** In lower case. */
  readonly word: string
  /** Of a sentence's first word a capital says nothing, unless others follow it. */
  readonly capital: 'none' | 'initial' | 'inner'
  readonly isFirst: boolean
}

/**
 * Whether two questions state the same facts, so that an answer to the one may be an answer to the other; else what tells them apart.
 * Everything is a fact but a closed list of words that say nothing (`plain-words.ts`), and facts must stand in the same order: `from Paris to
 * Rome` has the words of `from Rome to Paris`. A list of what must agree (numbers, names, negations) was rejected: it fails open, on
 * `paris` in lower case, on a negation in a language that nobody thought of, on `approve` for `reject`, whose vectors lie close.
 */
export function sameFacts(a: string, b: string): true | Difference {
  const [left, right] = [factsOf(a), factsOf(b)]
  if (!left?.length || !right?.length) return 'unreadable'
  const at = left.findIndex((fact, i) => !agrees(fact, right[i]))
  if (at === -1 && left.length === right.length) return true
  return differenceOf(left, right)
}

const agrees = (a: Fact, b: Fact | undefined): boolean =>
  b !== undefined &&
  a.word === b.word &&
  (a.capital === b.capital || ((a.isFirst || b.isFirst) && a.capital !== 'inner' && b.capital !== 'inner'))

/** No character without a picture: it may hide a word from us, and not from the model. White space apart. */
const hidden = /[^\P{C}\t\n\r]/u
/** An address; or letters and digits with what stands between them, as in `10:30`, `1,000.50`, `non-refundable`; or one sign. */
const pieces =
  /https?:\/\/\S*[^\s.,;:!?…()]|[^\s()]+@\S*[^\s.,;:!?…()]|[\p{L}\p{M}\p{N}_]+(?:['.,:/\-+#&][\p{L}\p{M}\p{N}_]+)*|\n|\S/gu
const pause = /^[.,;:!?…—–()\n]$/u
const ending = /^[.!…\n]$/u

function factsOf(text: string): readonly Fact[] | undefined {
  if (text.length > mostText || hidden.test(text) || !text.isWellFormed()) return undefined
  const found = (plainWords(text.normalize('NFC').trim()).match(pieces) ?? []).map(String)
  let asks = false
  while (pause.test(found.at(-1) ?? '')) asks = found.pop() === '?' || asks
  while (pause.test(found[0] ?? '') && found[0] !== '?') found.shift()
  const lower = found.map((piece) => piece.toLowerCase())
  const countsPauses = lower.some((word) => negations.has(word))
  const countsArticles = asksWhatIs.has(lower[0] ?? '')
  const facts: Fact[] = []
  let isFirst = true
  for (const [i, piece] of found.entries()) {
    const word = lower[i] ?? ''
    const isPause = pause.test(piece)
    const says = isPause ? countsPauses || piece === '?' : countsArticles || !isArticle(piece, found[i + 1], isFirst)
    if (says)
      facts.push({ word: isPause && piece !== '?' ? ',' : word, capital: isPause ? 'none' : capitalOf(piece), isFirst })
    if (says || isPause) isFirst = isPause && (ending.test(piece) || piece === '?')
  }
  if (asks || isQuestion(lower)) facts.push({ word: '?', capital: 'none', isFirst: false })
  return facts
}

/** An article in front of a word; written large within a sentence it is a name. */
const isArticle = (piece: string, next: string | undefined, isFirst: boolean): boolean =>
  articles.has(piece.toLowerCase()) && (isFirst || piece === piece.toLowerCase()) && /^\p{L}/u.test(next ?? '')

const isQuestion = ([first = '', second = '']: readonly string[]): boolean =>
  questionWords.has(first) ||
  (auxiliaries.has(first) && second !== 'not') ||
  (first === 'do' && ['i', 'you', 'we', 'they'].includes(second))

const capitalOf = (piece: string): Fact['capital'] =>
  piece === 'I' ? 'none' : /^.+\p{Lu}/u.test(piece) ? 'inner' : /^\p{Lu}/u.test(piece) ? 'initial' : 'none'

/** The gravest difference, so that the counts say what stood in the way. */
function differenceOf(a: readonly Fact[], b: readonly Fact[]): Difference {
  const [left, right] = [counted(a), counted(b)]
  const differing = [...new Set([...left.keys(), ...right.keys()])].filter((word) => left.get(word) !== right.get(word))
  if (differing.length === 0) return a.every((fact, i) => fact.word === b[i]?.word) ? 'name' : 'order'
  const named = new Set(
    [...a, ...b]
      .filter(({ capital, isFirst }) => capital === 'inner' || (capital === 'initial' && !isFirst))
      .map(({ word }) => word),
  )
  const kinds = new Set(differing.map((word) => kindOf(word, named)))
  return differences.find((kind) => kinds.has(kind)) ?? 'word'
}

function counted(facts: readonly Fact[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { word } of facts) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

function kindOf(word: string, named: ReadonlySet<string>): Difference {
  if (/^https?:\/\/|^www\.|@/u.test(word)) return 'link'
  if (/\p{N}|^[$€£¥%+−-]$/u.test(word) || countWords.has(word)) return 'number'
  if (months.has(word)) return 'date'
  // A pause counts only beside a negation: it says where that ends.
  if (word === ',' || negations.has(word) || /^(?:un|non|in|dis)-/u.test(word)) return 'negation'
  if (comparisons.has(word)) return 'comparison'
  if (word === '?' || questionWords.has(word)) return 'question'
  return named.has(word) ? 'name' : 'word'
}
