import { domainToASCII } from 'node:url'
import { z } from 'zod'

/**
 * A plain address in lower case, its domain in ASCII (IDNA); undefined where it is none. One with a line break, a comma or quotes could become
 * another recipient when it is written to: `j@x.de\r\nRCPT TO:<z@z>` did. What a pipeline's schema would refuse is none either.
 */
export function mailAddress(text: string | undefined): string | undefined {
  const [, name = '', domain = ''] = /^([^\s<>(),;:"[\]\\@]{1,64})@([^\s@<>(),;:"]{1,250})$/.exec(text ?? '') ?? []
  const address = `${name}@${domainToASCII(domain)}`.toLowerCase()
  return z.regexes.email.test(address) && address.length <= 320 ? address : undefined
}
