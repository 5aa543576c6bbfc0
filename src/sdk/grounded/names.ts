import type { Claim } from './claim.ts'

const word = /\p{L}[\p{L}\p{M}'’-]*/gu
/** Begins a sentence: nothing before it, or the end of one, a line, a colon, an opening quote. */
const sentenceStart = /(?:^|[.!?…:]["'”’)]*\s+|\n\s*|[-*•]\s+|["“„(]\s*)$/u
/** Who is said to do something at the head of a sentence is somebody, unless everybody may stand there. */
const doing = /^\s+(?:will|can|could|would|has|had|is|was|may|must|says|said|called|wrote|from|and \p{Lu})(?!\p{L})/u
const anybody: ReadonlySet<string> = new Set(
  (
    'i we you he she it they this that these those there here who what which how when where why if as in on at by to for from with after before once since until while ' +
    'a an the my our your his her its their one none nobody everybody all both each every any some no not only please thank thanks yes so then also but and or ' +
    'hello hi dear kind best regards sincerely good morning afternoon evening'
  ).split(' '),
)

/**
 * Words that are written like names: with a capital, and not because a sentence begins. At the head of a sentence one counts where somebody acts.
 * `isKnown`: it stands in a source.
 */
export function namesIn(text: string, isKnown: (word: string, isHead: boolean) => boolean): readonly Claim[] {
  const claims: Claim[] = []
  for (const match of text.matchAll(word)) {
    const [found] = match
    if (!/^\p{Lu}/u.test(found)) continue
    const start = match.index
    const end = start + found.length
    const bare = bareOf(found)
    if (anybody.has(bare.toLowerCase())) continue
    const isHead = sentenceStart.test(text.slice(Math.max(0, start - 8), start))
    if (isHead && !doing.test(text.slice(end, end + 16))) continue
    if (!isKnown(bare, isHead))
      claims.push({ kind: 'name', text: found, start, end, needs: [`name:${bare}`], gives: [] })
  }
  return claims
}

/** Without what grammar adds: `Maria’s`, `Maria'll`. */
const bareOf = (found: string): string => found.replace(/['’](?:s|ll|ve|re|m|d)$/, '').replace(/['’-]+$/, '')

/** The words of texts, as they are written there. */
export const wordsOf = (texts: readonly string[]): ReadonlySet<string> =>
  new Set(
    texts.flatMap((text) =>
      [...text.matchAll(word)].flatMap(([found]) => [found, bareOf(found), ...found.split(/[-’']/)]),
    ),
  )
