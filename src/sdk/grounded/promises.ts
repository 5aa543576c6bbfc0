import { exactly, inTurn, scan, type Scanned } from './claim.ts'

const between = String.raw`(?:\s+(?:also|then|now|just|already|soon|gladly|of course|certainly|definitely|be able to|\w+ly)){0,6}`
const us = String.raw`we|i|our (?:\w+ )?team|our colleagues?|(?:a|my|the) colleague|the bank|support`
const will = String.raw`(?:['’]ll|\s+(?:will|shall|are going to|am going to|is going to|promise to|guarantee to|commit to))`
/** What we say that we will do. */
const weWill = new RegExp(
  String.raw`(?<!\p{L})(?:${us})${will}(${between}(?:\s+(?:not|never))?)${between}\s+(\p{L}+)`,
  'giu',
)
/** What we say that we have done: nobody has, who only answers a mail. */
const weHave = new RegExp(
  String.raw`(?<!\p{L})(?:${us})(?:['’]ve|\s+(?:have|has))${between}\s+(\p{L}+(?:ed|t|n|d))(?!\p{L})`,
  'giu',
)
const youWill = new RegExp(
  String.raw`(?<!\p{L})you(?:['’]ll|\s+will|\s+shall)${between}\s+(receive|get|hear|be \p{L}+ed|have (?:it|your|the)|not be \p{L}+ed|not (?:pay|lose))(?!\p{L})`,
  'giu',
)
/** What we say that we are doing. */
const weAre = new RegExp(
  String.raw`(?<!\p{L})(?:we|i)(?:['’](?:re|m)|\s+(?:are|am))${between}\s+(\p{L}+ing)(?!\p{L})`,
  'giu',
)
/** What we say that we do: a deed binds, and anything else grounds, in a source, that we will. */
const weDo = new RegExp(String.raw`(?<!\p{L})(?:${us})\s+(\p{L}+)(?!\p{L})`, 'giu')
const deeds =
  'refund|reimburs|credit|repa|return|revers|compensat|waiv|cancel|clos|block|unblock|replac|approv|resolv|process|complet|correct|extend|deliver|sen|investigat|escalat'
const willBe = new RegExp(
  String.raw`(?<!\p{L})(?:will|shall|has|have|is|are)(?:\s+now)?(?:\s+being|\s+be|\s+been)${between}\s+((?:${deeds})\p{L}*)`,
  'giu',
)
const not = String.raw`(?:(not|never|cannot|\p{L}+n['’]t)\s+(?:\w+\s+)?)?`
const assurance = new RegExp(
  String.raw`(?<!\p{L})${not}(?:(?:we|i)(?: can)? confirm|on (?:its|the|their) way|entitle\p{L}*|eligib\p{L}*|guarante\p{L}*|promis\p{L}*|assur\p{L}*|commit\p{L}*|pledg\p{L}*|no later than|without fail|definitely|certainly)(?!\p{L})`,
  'giu',
)
const free = new RegExp(
  String.raw`(?<!\p{L})${not}(?:free of charge|for free|free|at no (?:extra )?(?:cost|charge)|no (?:fee|charge|cost)s?|without (?:a |any )?(?:fee|charge|cost)s?|costs? (?:you )?nothing|waiv\p{L}*)(?!\p{L})`,
  'giu',
)

const isDeed = new RegExp(`^(?:${deeds})`, 'i')

/**
 * What binds whoever sends the text: commitments, deeds said to be done, assurances, and what is said to cost nothing. Each is known by who does it and by
 * its verb; a source supports it that commits to the same. Of a deed that costs money or changes an account the words beside it count too: who refunds what was
 * taken twice has not promised to refund a fee.
 */
export function promisesIn(text: string): Scanned {
  return inTurn(text, [
    (rest) =>
      scan(rest, 'promise', weWill, (match) => {
        const [, how = '', verb = ''] = match
        return exactly(`we-will:${/not|never/i.test(how) ? 'not-' : ''}${stemOf(verb)}${objectOf(match, verb)}`)
      }),
    (rest) => scan(rest, 'promise', weHave, (match) => exactly(`we-have:${deedOf(match)}`)),
    (rest) =>
      scan(rest, 'promise', youWill, ([, what = '']) =>
        exactly(`you-will:${what.toLowerCase().split(/\s+/).map(stemOf).join('-')}`),
      ),
    (rest) =>
      scan(rest, 'promise', willBe, (match) => exactly(`will-be:${stemOf(match[1] ?? '')}:${wordsBefore(match)}`)),
    (rest) => scan(rest, 'promise', weAre, (match) => exactly(`we-are:${deedOf(match)}`)),
    // `We cannot promise it` grounds no promise, nor what is not free that it is.
    (rest) => scan(rest, 'promise', free, ([, no]) => exactly(no === undefined ? 'free' : 'not-free')),
    (rest) =>
      scan(rest, 'promise', assurance, ([words, no]) =>
        exactly(no === undefined ? `assured:${words.toLowerCase()}` : `not-assured:${words.toLowerCase()}`),
      ),
    (rest) =>
      scan(rest, 'promise', weDo, (match) => {
        const key = deedOf(match)
        return isDeed.test(match[1] ?? '') ? exactly(`we-do:${key}`) : { needs: [], gives: [`we-will:${key}`] }
      }),
  ])
}

/** The verb, and of a deed what is done it to. */
const deedOf = (match: RegExpExecArray): string => `${stemOf(match[1] ?? '')}${objectOf(match, match[1] ?? '')}`

function objectOf({ 0: found, index, input }: RegExpExecArray, verb: string): string {
  if (!isDeed.test(verb)) return ''
  const after = input.slice(index + found.length, index + found.length + 80)
  return `:${(/^[^\p{L}.!?]*(\p{L}+)?(?:[^\p{L}.!?]+(\p{L}+))?/u.exec(after) ?? []).slice(1).join(' ').toLowerCase()}`
}

const wordsBefore = ({ index, input }: RegExpExecArray): string =>
  (/(\p{L}+)?[^\p{L}.!?]+(\p{L}+)[^\p{L}.!?]*$/u.exec(input.slice(Math.max(0, index - 80), index)) ?? [])
    .slice(1)
    .join(' ')
    .toLowerCase()

/** Refund, refunds, refunded, refunding. */
const stemOf = (word: string): string =>
  word
    .toLowerCase()
    .replace(/(?:ing|ed|es|s|e)$/, '')
    .replace(/([bdglmnprt])\1$/, '$1')
