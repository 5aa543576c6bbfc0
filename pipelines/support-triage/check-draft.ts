import { groundedness, takeCitations, type Unsupported } from 'millrace'
import { acknowledgement } from './compose.ts'

interface Draft {
  /** With the marks of its sources. */
  readonly text: string
  readonly greeting: string
  readonly message: string
  readonly sources: readonly { readonly id: string; readonly title: string; readonly text: string }[]
}

export interface CheckedDraft {
  /** As it would be sent. */
  readonly text: string
  /** Ids of the sources that it names. */
  readonly cited: readonly string[]
  /** What stands neither in a source nor in the message, and where in `text`. */
  readonly unsupported: readonly Unsupported[]
  /** Why a person must see it; empty: nothing was found. */
  readonly doubts: readonly string[]
}

/**
 * Holds a draft against what it was made from, whoever made it: a model that was asked to invent nothing may do so all the same. A customer's
 * own words support what an answer repeats, but no promise and no link.
 */
export function checkDraft({ greeting, message, sources, text: draft }: Draft): CheckedDraft {
  const { cited, text, unknown } = takeCitations(
    draft,
    sources.map(({ id }) => id),
  )
  const unsupported = groundedness(text, {
    sources: [greeting, acknowledgement, ...sources.flatMap((source) => [source.title, source.text])],
    message,
    known: ['Northbank'],
  })
  const isUncited = sources.length > 0 && cited.length === 0
  const doubts = [
    ...new Set(unsupported.map(({ kind }) => `unsupported-${kind}`)),
    ...(unknown.length > 0 ? ['unknown-source'] : []),
    ...(isUncited ? ['no-source-cited'] : []),
  ]
  return { text, cited, unsupported, doubts }
}
