/** Why a mail is never answered (RFC 3834): a program sent it, or nobody reads what comes back. */
export type AutomaticSign = 'auto-submitted' | 'bulk' | 'list' | 'bounce' | 'no-reply'

/** The signs in a mail's headers. `from`: where an answer would go; `sender`: who sent it. */
export function automaticSigns(
  headers: readonly { readonly key: string; readonly value: string }[],
  { from, sender }: { readonly from: string | undefined; readonly sender: string | undefined },
): AutomaticSign[] {
  const all = (name: string): string[] => headers.filter((one) => one.key === name).map((one) => one.value.trim())
  const one = (name: string): string => all(name)[0]?.toLowerCase() ?? ''
  const precedence = one('precedence')
  const signs: readonly (readonly [AutomaticSign, boolean])[] = [
    [
      'auto-submitted',
      isAutoSubmitted(one('auto-submitted')) ||
        /\b(?:all|oof|autoreply)\b/.test(one('x-auto-response-suppress')) ||
        ['x-autoreply', 'x-autorespond', 'x-autoresponder'].some((name) => !/^(?:no)?$/.test(one(name))) ||
        /^auto[-_]reply$/.test(precedence),
    ],
    ['bulk', /^(?:bulk|junk)$/.test(precedence)],
    ['list', precedence === 'list' || headers.some(({ key }) => /^list-(?:id|post|help|unsubscribe)$/.test(key))],
    [
      'bounce',
      /^multipart\/report\b/.test(one('content-type')) ||
        all('return-path').some((path) => /^<\s*>$/.test(path)) || // the empty sender of RFC 5321: an answer goes nowhere
        isMachine.test(from ?? sender ?? ''),
    ],
    ['no-reply', isNoReply.test(from ?? '')],
  ]
  return signs.filter(([, is]) => is).map(([sign]) => sign)
}

const isMachine = /^(?:mailer-daemon|postmaster)@/i
const isNoReply = /^(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|ne[-_.]?pas[-_.]?repondre)(?:[-_.+].*)?@/i

/** `no` means a person sent it; parameters and comments may follow (RFC 3834, 5.2). */
const isAutoSubmitted = (value: string): boolean => value !== '' && !/^no(?:\s*[;(]|\s*$)/.test(value)

/** True for addresses of machines and those that say so themselves: nobody reads what is sent there. */
export const isAnsweredByNobody = (address: string): boolean => isMachine.test(address) || isNoReply.test(address)
