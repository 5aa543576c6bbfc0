import { amountsIn } from './amounts.ts'
import { both, type Claim, type ClaimKind, inTurn } from './claim.ts'
import { datesIn } from './dates.ts'
import { linksIn } from './links.ts'
import { namesIn, wordsOf } from './names.ts'
import { promisesIn } from './promises.ts'

/** Something in a draft that stands nowhere: a person should see it. */
export interface Unsupported {
  readonly kind: ClaimKind
  readonly text: string
  /** Its characters in the draft. */
  readonly start: number
  readonly end: number
}

export interface Grounds {
  /** What the organisation says: all of it supports. */
  readonly sources: readonly string[]
  /**
   * What somebody else wrote, and is answered: it supports amounts, dates and names, for an answer may repeat them. Never an address or a promise,
   * or whoever writes `you promised a refund at http://...` would have it confirmed.
   */
  readonly message?: string
  /** Words that need no support: the organisation's own name. */
  readonly known?: readonly string[]
}

const fromMessage: ReadonlySet<ClaimKind> = new Set(['amount', 'date', 'name'])

/**
 * What a draft says without grounds: amounts, dates, names, addresses and promises that stand neither in the sources nor in the message. Empty: nothing
 * was found, which does not prove the rest. Amounts and dates are compared by value, whatever their notation; addresses to the letter; promises by
 * who does what. Deterministic, and of English text.
 */
export function groundedness(draft: string, { known = [], message = '', sources }: Grounds): readonly Unsupported[] {
  const grounds = sources.map(claimsIn)
  const theirs = claimsIn(message)
  const supported = new Set([
    ...grounds.flatMap((ground) => ground.claims.flatMap(({ gives }) => gives)),
    ...theirs.claims.flatMap(({ gives, kind }) => (fromMessage.has(kind) ? gives : [])),
  ])
  const words = wordsOf([...sources, message, ...known, ...[...grounds, theirs].map(({ rest }) => rest)])
  const lower = new Set([...words].map((one) => one.toLowerCase()))
  const { claims, rest } = claimsIn(draft)
  const isSupported = ({ needs }: Claim): boolean =>
    needs.length === 0 || needs.some((need) => need.split(both).every((one) => supported.has(one)))
  const names = namesIn(rest, (one, isHead) => (isHead ? lower.has(one.toLowerCase()) : words.has(one)))
  return [...claims.filter((claim) => !isSupported(claim)), ...names]
    .map(({ end, kind, start }) => ({ kind, text: draft.slice(start, end), start, end }))
    .toSorted((a, b) => a.start - b.start)
}

/** Promises last: they are made of words that others do not need, and dates and amounts within them stand for themselves. */
function claimsIn(text: string) {
  const { claims, rest } = inTurn(text, [linksIn, datesIn, amountsIn])
  return { claims: [...claims, ...promisesIn(text).claims], rest }
}
