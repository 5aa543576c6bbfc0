/**
 * What may differ between two questions that ask the same: a closed list, in English. Whatever is not here is a fact. Each entry is a risk, and
 * stands here because the answer to a question never hangs on it.
 */

/** Ways to write one thing, each as the words that it is read as. In this order. */
const rewritten: readonly (readonly [RegExp, string])[] = [
  [/[’ʼ]/gu, "'"],
  [/["“”„«»]/gu, ' '],
  [/\bcan(?:'t|not)\b/giu, 'can not'],
  [/\bwon't\b/giu, 'will not'],
  [/\bshan't\b/giu, 'shall not'],
  [/\bain't\b/giu, 'is not'],
  [/n't\b/giu, ' not'],
  [/\bi'm\b/giu, 'i am'],
  [/'re\b/giu, ' are'],
  [/'ve\b/giu, ' have'],
  [/'ll\b/giu, ' will'],
  [/\b(what|who|where|how|when|that|it|there)'s\b/giu, '$1 is'],
  [/\bi'd (?=like\b)/giu, 'i would '],
  [/\be-mail(s?)\b/giu, 'email$1'],
]

/** Greetings, thanks and ways of asking: nothing is said by them. */
const dropped: readonly RegExp[] = [
  /^\s*(?:hi|hello|hey|good (?:morning|afternoon|evening))(?:(?: there| team| all)[,!.]?|[,!.])\s+(?=\S)/iu,
  /(?<=[.?!,])\s+(?:thanks|thank you|thx)(?: a lot| so much| very much| in advance)?[.!]*\s*$/iu,
  /(?<=^\s*|[.?!,]\s+)(?:please|kindly),?\s+(?=\p{L})/giu,
  /(?<=\b(?:can|could|would|will) (?:i|you|we)) please(?= \p{L})/giu,
  /,?\s+please(?=[.?!]*\s*$)/iu,
  /^\s*(?:(?:could|can|would) you )?(?:tell me|explain to me|let me know|show me)(?= (?:what|how|when|where|who|why|which)\b)/iu,
  /^\s*(?:i would like|i want) to know(?= (?:what|how|when|where|who|why|which)\b)/iu,
]

/** Ways of asking for a way, and of saying what is wanted. */
const alike: readonly (readonly [RegExp, string])[] = [
  [/\bhow (?:do|can|could|would|should) (?:i|we|one)\b(?! not\b)/giu, 'how'],
  [/\bhow to\b(?! not\b)/giu, 'how'],
  [/\bwhat is the (?:best )?way to\b(?! not\b)/giu, 'how'],
  [/\bwhat are the steps to\b(?! not\b)/giu, 'how'],
  [/\b(?:i would like|i wish) to\b(?! not\b)/giu, 'i want to'],
  [/\ba (few|little|bit|lot)\b/giu, 'a-$1'],
]

/** The text without what says nothing, and with one wording for what has several. */
export function plainWords(text: string): string {
  let plain = text
  for (const [from, to] of rewritten) plain = plain.replace(from, to)
  for (const pattern of dropped) plain = plain.replace(pattern, ' ').replaceAll(/[^\S\n]+/gu, ' ')
  for (const [from, to] of alike) plain = plain.replace(from, to)
  return plain
}

/** Before a word they say nothing, mostly (`asksWhatIs`); elsewhere `a` is a letter: of a vitamin, of a plan. */
export const articles: ReadonlySet<string> = new Set(['the', 'a', 'an', 'my'])

/** Asked what something is, an article says which: `what is time`, `what is the time`; `is my store open`, `is a store open`. */
export const asksWhatIs: ReadonlySet<string> = new Set(['what', 'who', 'whose', 'which', 'is', 'are', 'was', 'were'])
