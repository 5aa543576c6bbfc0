/** A stretch of a text, in UTF-16 units: `end` is behind its last one. */
export interface Span {
  readonly start: number
  readonly end: number
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })

/** A line at least this long that is followed by another one was broken by a mail program, not by a person; by a small letter, also a shorter one. */
const wrappedLine = 55
const wrappedMidSentence = 35

/** The sentences of a text, without the blanks around them; never an empty one. */
export function sentencesOf(text: string): Span[] {
  const spans: Span[] = []
  for (const { segment, index } of segmenter.segment(unwrap(text))) {
    const trimmed = segment.trim()
    if (trimmed === '') continue
    const start = index + segment.indexOf(trimmed)
    spans.push({ start, end: start + trimmed.length })
  }
  return spans
}

/** Turns breaks of a mail program into blanks. Lengths stay, so that offsets do. */
function unwrap(text: string): string {
  let lineStart = 0
  return text.replaceAll(/\r?\n/g, (found, at: number) => {
    const [before, after] = [text.slice(lineStart, at), text.charAt(at + found.length)]
    lineStart = at + found.length
    const length = before.trim().length
    const isWrapped =
      (length >= wrappedLine && /[\p{L}\p{N}(£$€"']/u.test(after)) ||
      (length >= wrappedMidSentence && /\p{Ll}/u.test(after))
    return isWrapped ? ' '.repeat(found.length) : found
  })
}
