import { exactly, inTurn, scan, type Scanned } from './claim.ts'

/** Lengths have bounds, so that no text makes a search run away. */
const email = /(?<![\w.%+-])[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g
const url =
  /\b(?:https?:\/\/|www\.)[^\s<>"'\ufffc]+|(?<![\p{L}\p{N}_.-])(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}{2,24}(?:\/[^\s<>"'\ufffc]*)?/giu
/** From a plus, a zero or a bracket on, so that no amount and no account is taken for one. */
const telephone = /(?<![\w+])(?:\+|\(\+?|0)[\d\s().\-/\u00a0]{5,24}\d/g

/** Punctuation at the end belongs to the sentence. */
const trimmed = (text: string): string => text.replace(/[.,;:!?)\]}]+$/, '')

/** Addresses: to the letter, but for the case of a host and the spaces in a number. */
export function linksIn(text: string): Scanned {
  return inTurn(text, [
    (rest) => scan(rest, 'link', email, ([address]) => exactly(`mail:${address.toLowerCase()}`)),
    (rest) => scan(rest, 'link', url, ([address]) => exactly(`url:${withLowerHost(trimmed(address))}`)),
    (rest) =>
      scan(rest, 'link', telephone, ([number]) => {
        const digits = number.replaceAll(/[^\d+]/g, '').replace(/^00/, '+')
        return digits.length >= 7 ? exactly(`tel:${digits}`) : undefined
      }),
  ])
}

const withLowerHost = (address: string): string =>
  address.replace(/^(?:[a-z]+:\/\/)?[^/]*/i, (host) => host.toLowerCase())
