/** Words that open or close a message and say nothing of what it wants. A sentence that consists of them alone is left out. */
const pleasantries = [
  /^to whom (?:it|this) may concern$/,
  /^i (?:really )?(?:do )?(?:hope|trust) (?:that )?(?:you|this|everyone|all)\b.{0,60}\b(?:well|finds you.{0,40}|day|week|weekend|great|good)$/,
  /^(?:hope|hoping|trust) (?:that )?(?:you|this|all|everyone)\b.{0,60}\b(?:well|day|week|weekend|great|good)$/,
  /^how are you(?: (?:doing|today|all))*$/,
  // Thanks: "Thanks in advance for your help".
  /^(?:many |kind |big )?(?:thanks|thank you|thx|ty|cheers|much appreciated|appreciated)(?: +(?:you|so|very|much|a|lot|again|all|in|advance|for|your|the|any|help|time|support|assistance|patience|reply|answer|attention|looking|into|this|it|quick|and|everything|really))*$/,
  /^(?:i |we )?(?:would |really |do |very |much |greatly |highly )*appreciate (?:any|your|the|it|all)\b.{0,50}$/,
  // What every message asks for: "Please let me know", "I look forward to hearing from you".
  /^(?:and )?(?:please |kindly |just |can you |could you )*(?:let me know|get back to me|advise|help|reply|respond|answer)(?: +(?:me|us|please|soon|asap|back|when|you|can|if|as|possible|what|to|do|think|with|this|at|your|earliest|convenience|shortly|thanks|by|return))*$/,
  /^(?:i |we )?(?:'m |am |are )?(?:look(?:ing)?|waiting) (?:forward )?(?:to|for) (?:hear(?:ing)?|your|a) ?.{0,30}$/,
  /^(?:have|wish you|enjoy) (?:a|an|the|your) (?:very |really )?(?:nice|good|great|lovely|pleasant|wonderful|rest of|weekend|day).{0,25}$/,
  // Sign-offs, perhaps with a name: "Kind regards, Ana".
  /^(?:(?:with |my )?(?:kind|best|warm|warmest|kindest|many|friendly)? ?(?:regards|wishes)|best|all the best|sincerely|yours(?: (?:sincerely|faithfully|truly))?|faithfully|take care|cheers|bye|goodbye)(?: +[\p{L}'’.-]+){0,3}$/u,
  /^sent from (?:my|the) .{1,40}$/,
  /^(?:ps|p\.s|fyi|re|fwd?)$/,
]

const greeting =
  /^(?:hi|hiya|hey|hello|dear|greetings|good (?:morning|afternoon|evening|day))\b(?:[\s,]+(?:there|all|again|everyone|team|support|customer|care|service|sir|madam|sirs|or|and|the|bank)\b)*[\s,]*/i
/** A name in a greeting, told from other words by how it is written: `Hi Ana`, but not `hi where is my card`. */
const names = /^(?:\p{Lu}[\p{Ll}'’-]+\.?[\s,]*){0,3}(?:(?:team|support|bank)[\s,]*)?$/u

function isGreeting(sentence: string): boolean {
  const found = greeting.exec(sentence.trim())
  return (
    found !== null &&
    names.test(
      sentence
        .trim()
        .slice(found[0].length)
        .replace(/[\s!.:,–—-]+$/, ''),
    )
  )
}

/** True for a sentence that greets, thanks or takes leave and does nothing else. */
export function isPleasantry(sentence: string): boolean {
  if (isGreeting(sentence)) return true
  const plain = sentence
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}'’.\s-]+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/^[\s.-]+|[\s.-]+$/g, '')
  if (plain === '') return true // a line of dashes, a smiley
  return plain.length <= 120 && pleasantries.some((pattern) => pattern.test(plain))
}

const signOff =
  /^(?:(?:with |my )?(?:kind|best|warm|warmest|kindest|many|friendly)? ?(?:regards|wishes)|best|all the best|sincerely|yours(?: \w+)?|cheers|(?:many )?thanks(?: \w+){0,3}|thank you(?: \w+){0,3})$/

/** True for the line after which only names follow. */
export const isSignOff = (sentence: string): boolean =>
  signOff.test(
    sentence
      .toLowerCase()
      .replaceAll(/[^\p{L}\s]+/gu, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  )
