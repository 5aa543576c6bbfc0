import { isPleasantry, isSignOff } from './pleasantry.ts'
import { sentencesOf, type Span } from './sentences.ts'

/** What is asked about a message: all that it says, each of its sentences, and each with its neighbour. */
export interface Part extends Span {
  readonly kind: 'whole' | 'sentence' | 'pair'
  /** The words between `start` and `end`, without pleasantries and breaks. */
  readonly asked: string
}

/** Sentences that are looked at one by one; the whole counts where there are more. */
const mostSentences = 16
/** A name under a sign-off has no more words than this. */
const mostNameWords = 4

/**
 * The parts of a message, the whole first. Greetings, thanks and sign-offs belong to none, unless there is nothing else. Every part lies in the
 * text and is not empty, unless the text is.
 */
export function partsOf(text: string): readonly [Part, ...Part[]] {
  const all = sentencesOf(text)
  const said = withoutPleasantries(text, all)
  const part = (kind: Part['kind'], spans: readonly Span[]): Part => ({
    kind,
    start: spans[0]?.start ?? 0,
    end: spans.at(-1)?.end ?? text.length,
    asked: spans.map(({ start, end }) => text.slice(start, end).replaceAll(/\s+/g, ' ')).join(' '),
  })
  const whole = part('whole', said.length > 0 ? said : all)
  if (said.length <= 1) return [whole]
  const looked = said.slice(0, mostSentences)
  const sentences = looked.map((span) => part('sentence', [span]))
  const pairs = looked.flatMap((span, i) => {
    const next = looked[i + 1]
    return next && said.length > 2 ? [part('pair', [span, next])] : []
  })
  return [whole, ...sentences, ...pairs]
}

function withoutPleasantries(text: string, sentences: readonly Span[]): Span[] {
  const said: Span[] = []
  let isSigned = false
  for (const span of sentences) {
    const sentence = text.slice(span.start, span.end)
    const isName: boolean = isSigned && sentence.split(/\s+/).length <= mostNameWords && !sentence.endsWith('?')
    isSigned = isSignOff(sentence) || isName
    if (!isName && !isPleasantry(sentence)) said.push(span)
  }
  return said
}
