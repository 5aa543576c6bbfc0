/** The lengths of account numbers by country, of those that pay in euro or send to it (IBAN registry, ISO 13616). */
const ibanLengths: Readonly<Record<string, number>> = {
  AD: 24,
  AT: 20,
  BE: 16,
  BG: 22,
  CH: 21,
  CY: 28,
  CZ: 24,
  DE: 22,
  DK: 18,
  EE: 20,
  ES: 24,
  FI: 18,
  FR: 27,
  GB: 22,
  GI: 23,
  GR: 27,
  HR: 21,
  HU: 28,
  IE: 22,
  IS: 26,
  IT: 27,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  MC: 27,
  MT: 31,
  NL: 18,
  NO: 15,
  PL: 28,
  PT: 25,
  RO: 24,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  TR: 26,
  UA: 29,
  VA: 22,
}

/** An account number's start and as much after it as the longest has, in groups or in one. */
const ibanLike = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}/g
/** As long as a card's number, in groups or in one. */
const cardLike = /(?<![\dA-Za-z])\d(?:[ -]?\d){12,18}(?![\dA-Za-z])/g
/** First digits and lengths of Visa, Mastercard, American Express, Discover and JCB (ISO/IEC 7812). */
const issuers =
  /^(?:4(?:\d{15}|\d{18})|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}|3[47]\d{13}|(?:6011|64[4-9]\d|65\d{2}|35(?:2[89]|[3-8]\d))\d{12})$/
/** A secret with its digits: a PIN, a card's security code, a code that was sent, a password. A year after "in" is none. */
const secretWords = [
  /\b(?:pin|passcode|pass code|security code|cvv2?|cvc2?|otp|(?:one.time|verification|confirmation|login|sms) (?:pass)?code)(?: (?:code|number))?(?: (?:that )?(?:i|you|we) (?:got|received|have|had|use|used|chose|entered|typed|sent me|gave me))?(?: (?:is|was|of|to)(?: now)?)?[ :=("'-]{1,4}\d(?:[ -]?\d){2,7}(?![ -]?[\d%€£$])/i,
  /\bpassword(?: is| was|:) ?["']?(?=\S{0,30}\d)\S{6,}/i,
]

const inOne = (written: string): string => written.replaceAll(/[ -]/g, '').toUpperCase()

/** The start of what is written that is a whole account number with the right check digits (ISO 7064, mod 97), or undefined. */
function ibanIn(written: string): string | undefined {
  const all = inOne(written)
  const iban = all.slice(0, ibanLengths[all.slice(0, 2)] ?? 0)
  if (iban === '' || iban.length < (ibanLengths[iban.slice(0, 2)] ?? 0)) return undefined
  const digits = (iban.slice(4) + iban.slice(0, 4)).replaceAll(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55))
  return BigInt(digits) % 97n === 1n ? iban : undefined
}

/** The check digit that all issuers use (ISO/IEC 7812, Luhn). */
function hasCheckDigit(number: string): boolean {
  let sum = 0
  for (const [place, digit] of number.split('').toReversed().entries()) {
    const doubled = Number(digit) * (place % 2 === 0 ? 1 : 2)
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** Whether a text holds an account number that checks. */
export const hasIban = (text: string): boolean =>
  [...text.matchAll(ibanLike)].some(([one]) => ibanIn(one) !== undefined)

/** Whether a text holds the full number of a card. An account number's digits are not taken for one: letters stand before them. */
export const hasCardNumber = (text: string): boolean =>
  [...text.replaceAll(ibanLike, (one) => (ibanIn(one) ? ' ' : one)).matchAll(cardLike)].some(([one]) => {
    const number = inOne(one)
    return issuers.test(number) && hasCheckDigit(number)
  })

/** Whether a text gives away a PIN, a code or a password. To ask about one, or to name its length, gives nothing away. */
export const hasSecret = (text: string): boolean => secretWords.some((pattern) => pattern.test(text))
