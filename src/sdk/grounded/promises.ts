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

/**
 * What binds whoever sends the text: commitments, deeds said to be done, assurances, and what is said to cost nothing. Each is known by who does
 * it and by its verb; a source supports it that commits to the same.
 */
export function promisesIn(text: string): Scanned {
  return inTurn(text, [
    (rest) =>
      scan(rest, 'promise', weWill, ([, how = '', verb = '']) =>
        exactly(`we-will:${/not|never/i.test(how) ? 'not-' : ''}${stemOf(verb)}`),
      ),
    (rest) => scan(rest, 'promise', weHave, ([, verb = '']) => exactly(`we-have:${stemOf(verb)}`)),
    (rest) =>
      scan(rest, 'promise', youWill, ([, what = '']) =>
        exactly(`you-will:${what.toLowerCase().split(/\s+/).map(stemOf).join('-')}`),
      ),
    (rest) => scan(rest, 'promise', willBe, ([, verb = '']) => exactly(`will-be:${stemOf(verb)}`)),
    (rest) => scan(rest, 'promise', weAre, ([, verb = '']) => exactly(`we-are:${stemOf(verb)}`)),
    // `We cannot promise it` grounds no promise, nor what is not free that it is.
    (rest) => scan(rest, 'promise', free, ([, no]) => exactly(no === undefined ? 'free' : 'not-free')),
    (rest) =>
      scan(rest, 'promise', assurance, ([words, no]) =>
        exactly(no === undefined ? `assured:${words.toLowerCase()}` : `not-assured:${words.toLowerCase()}`),
      ),
  ])
}

/** Refund, refunds, refunded, refunding. */
const stemOf = (word: string): string =>
  word
    .toLowerCase()
    .replace(/(?:ing|ed|es|s|e)$/, '')
    .replace(/([bdglmnprt])\1$/, '$1')
