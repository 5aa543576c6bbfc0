/** What a text says that can be held against other texts. */
export interface Claim {
  readonly kind: ClaimKind
  readonly text: string
  readonly start: number
  readonly end: number
  /** Its meanings, where it can be read in more than one way: it is supported if a source supports one of them. */
  readonly needs: readonly string[]
  /** What it supports where it stands in a source: its meanings, and what is less exact. */
  readonly gives: readonly string[]
}

export const claimKinds = ['amount', 'date', 'name', 'link', 'promise'] as const
/** Amounts are quantities of every kind: money, durations, percentages, reference numbers. Links are addresses: URLs, e-mail, telephones. */
export type ClaimKind = (typeof claimKinds)[number]

/** What a scanner found, and the text without it: what is read as a date is no number any more. Positions stay. */
export interface Scanned {
  readonly claims: readonly Claim[]
  readonly rest: string
}

type Meaning = Pick<Claim, 'needs' | 'gives'>

/** Finds one kind of claim. `mean` answers undefined for what only looks like one; it stays in the text. */
export function scan(
  text: string,
  kind: ClaimKind,
  pattern: RegExp,
  mean: (match: RegExpExecArray) => Meaning | undefined,
): Scanned {
  const claims: Claim[] = []
  const rest: string[] = []
  let at = 0
  for (const match of text.matchAll(pattern)) {
    const meaning = mean(match)
    if (!meaning) continue
    const [found] = match
    const end = match.index + found.length
    rest.push(text.slice(at, match.index), taken.repeat(found.length))
    at = end
    const said = found.trim().replace(/[\s.,;:!?-]+$/, '') || found
    const start = match.index + found.indexOf(said)
    claims.push({ kind, text: said, start, end: start + said.length, ...meaning })
  }
  return { claims, rest: rest.join('') + text.slice(at) }
}

/** Stands where something was found already: neither letter, digit, space nor punctuation. */
const taken = '\ufffc'

/** Several scanners, each over what the one before left. */
export function inTurn(text: string, scanners: readonly ((text: string) => Scanned)[]): Scanned {
  return scanners.reduce<Scanned>(
    ({ claims, rest }, scanner) => {
      const found = scanner(rest)
      return { claims: [...claims, ...found.claims], rest: found.rest }
    },
    { claims: [], rest: text },
  )
}

/** Between two keys of which a claim needs both. No key has a line break. */
export const both = '\n'

/** A meaning that supports nothing but itself. */
export const exactly = (key: string): Meaning => ({ needs: [key], gives: [key] })
