import { MillraceError } from '../core/errors/millrace-error.ts'
import type { CanonicalEvent } from '../core/event.ts'
import { sha256, type Json } from '../core/json.ts'
import type { MailParser } from './mail-parser.ts'

/** The largest mail that is taken: what large providers take. */
export const mostMailBytes = 25 * 1024 * 1024

/** Who a sender is, as the customers' list says. */
export interface Customers {
  find(address: string): { readonly customerId: string; readonly tier: string }
}

/** What a mail becomes: an event, or why it cannot. The id is the SHA-256 of its bytes, since senders forge Message-IDs. */
export type MailEvent =
  | { readonly id: string; readonly event: CanonicalEvent }
  | { readonly id: string; readonly unreadable: MillraceError<'intake/unreadable'> }

/** Turns the bytes of a mail into a canonical event. Bad mail is an answer, not an exception. */
export async function mailEvent(
  bytes: Uint8Array,
  { parser, customers, source }: { parser: MailParser; customers: Customers; source: string },
): Promise<MailEvent> {
  const id = sha256(bytes)
  const refuse = (why: string): MailEvent => ({ id, unreadable: new MillraceError('intake/unreadable', { why }) })
  if (bytes.length === 0) return refuse('it is empty')
  const mail = await parser.parse(bytes)
  if ('unreadable' in mail) return refuse(mail.unreadable)
  const { customerId, tier } = customers.find(mail.from)
  const data = { id, ...mail, customerId, tier } as unknown as Json // its parts are JSON
  const time = mail.receivedAt
  return { id, event: { specversion: '1.0', id, source, type: 'message.received', ...(time && { time }), data } }
}

/** Until a list of customers is given: each sender is a customer of the standard tier. */
export const unknownCustomers: Customers = { find: (address) => ({ customerId: address, tier: 'standard' }) }
