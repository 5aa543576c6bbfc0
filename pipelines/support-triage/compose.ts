import type { OutgoingMail } from './mail.ts'

/** What of a message its answer needs. */
interface Answered {
  readonly from: string
  readonly fromName?: string | undefined
  readonly subject: string
  readonly messageId?: string | undefined
  readonly references?: readonly string[] | undefined
}

/** A given name as people write it; anything else is not greeted with, since a sender may put any words there. */
const givenName = /^\p{Lu}[\p{L}'’-]{1,29}$/u
/** Words of a display name that is no person's, wherever they stand in it. */
const notNames =
  /\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Sir|Mx|Barrister|Coach|Grandma|Grandad|Mum|Dad|The|Your|Team|Info|Admin|Support|Sales|Office|Accounts?|Billing|Customers?|Bank|Northbank|Services?|Systems?|Subsystem|Helpdesk|Desk|Mail|Mailer|Post|Postmaster|News|Newsletter|Marketing|Experts?|Deals|Shop|Store|Payroll|Catering|Security|Delivery|Calendar|Alerts?|Name|Withheld|Anonymous|Ltd|Inc|GmbH|Limited)\b/i

/** `Hello Ana,`, or `Hello,` where the sender's name is not known for sure. */
export function greetingFor(fromName: string | undefined): string {
  const name = (fromName ?? '').trim().slice(0, 200)
  const [first = '', ...rest] = name.split(/\s+/)
  const isName = givenName.test(first) && !notNames.test(name) && first !== first.toUpperCase() && rest.length <= 3
  return isName ? `Hello ${first},` : 'Hello,'
}

/** The subject without its `Re:` and `Fwd:`, in one line. */
export const topicOf = (subject: string): string =>
  subject
    .replaceAll(/[\r\n\0]+/g, ' ')
    .replace(/^(?:\s*(?:re|fwd?|aw|wg|antw|sv|tr|rif|odp)\s*(?:\[\d+\])?\s*:)+/i, '')
    .trim()
    .slice(0, 900)

/** Proposed to a person where no canned reply was found at all. */
export const acknowledgement =
  'Thank you for writing to us. We have read your message and a colleague is looking into it. You will hear from us as soon as we know more; there is nothing that you need to do until then.'

/** A canned reply as a letter, with the mark of its source (`[[id]]`), or the acknowledgement where there is none. */
export function cannedReply(o: {
  readonly greeting: string
  readonly source: { readonly id: string; readonly text: string } | undefined
  readonly team: string
}): string {
  const answer = o.source ? `${o.source.text} [[${o.source.id}]]` : acknowledgement
  return `${o.greeting}\n\n${answer}\n\nKind regards,\nThe ${o.team} team at Northbank\n`
}

const messageIdForm = /^<[^<>\s]{1,990}>$/

/** The answer's fields: to the sender, under the same subject, in the same thread. */
export function answerTo(message: Answered, text: string): OutgoingMail {
  const topic = topicOf(message.subject)
  const messageId =
    message.messageId !== undefined && messageIdForm.test(message.messageId) ? message.messageId : undefined
  const thread = [
    ...(message.references ?? []).filter((id) => messageIdForm.test(id)).slice(-50),
    ...(messageId ? [messageId] : []),
  ]
  return {
    to: message.from,
    subject: topic ? `Re: ${topic}` : 'Your message to Northbank',
    text,
    ...(messageId !== undefined && { inReplyTo: messageId }),
    ...(thread.length > 0 && { references: thread }),
  }
}
