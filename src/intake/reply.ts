import { createTransport } from 'nodemailer'
import { encodeWord } from 'nodemailer/lib/mime-funcs'
import { mailAddress } from './mail-address.ts'

/** A reply, as the connector `mail` takes it. */
export interface Reply {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly inReplyTo?: string | undefined
  readonly references?: readonly string[] | undefined
}

/** What takes replies away: an outbox directory, or a mail server. */
export interface ReplyCarrier {
  /**
   * The same token twice sends at most once. Answers the Message-ID, which follows from the token; undefined: the address cannot be written to,
   * and nothing was sent.
   */
  send(reply: Reply, token: string, signal: AbortSignal): Promise<{ readonly messageId: string } | undefined>
}

/** It becomes a file's name and a part of a header. */
export function checkToken(token: string): void {
  if (!/^[A-Za-z0-9_-]{8,200}$/.test(token)) throw new TypeError('a token is of letters, digits, - and _')
}

/** The one address of a reply, as it is written to; undefined where it could become another or several. */
export function recipientOf({ to }: Pick<Reply, 'to'>): string | undefined {
  return mailAddress(to) === to.toLowerCase() ? to : undefined
}

/** Follows from the token, so that every attempt is the same mail to whoever keeps one of each (RFC 5322, 3.6.4). */
export const messageIdOf = (token: string, from: string): string =>
  `<${token.slice(0, 40)}@${from.split('@')[1] ?? 'localhost'}>`

const composer = createTransport({
  streamTransport: true,
  buffer: true,
  newline: 'windows',
  disableFileAccess: true,
  disableUrlAccess: true,
})

/** The bytes of a reply. `reply.to` is an address that `recipientOf` let through; nothing of a reply can become a header or another recipient. */
export async function composeReply(
  reply: Reply,
  options: { readonly from: string; readonly messageId: string; readonly date: Date },
): Promise<Buffer> {
  const { from, messageId, date } = options
  const references = reply.references?.filter((id) => isMessageId.test(id)) ?? []
  const built = await composer.sendMail({
    from: { name: '', address: from },
    to: { name: '', address: reply.to },
    envelope: { from, to: [reply.to] }, // an address is never parsed again
    date,
    subject: subjectOf(reply),
    text: reply.text.toWellFormed(),
    messageId,
    ...(reply.inReplyTo && isMessageId.test(reply.inReplyTo) && { inReplyTo: reply.inReplyTo }),
    ...(references.length > 0 && { references }),
    headers: { 'Auto-Submitted': 'auto-replied' }, // RFC 3834: no program answers it
  })
  return built.message as Buffer // `buffer: true`
}

/** Text that looks like an encoded word would be decoded by whoever reads it (RFC 2047): then all of it is encoded. */
function subjectOf({ subject }: Reply): string {
  const line = subject.replaceAll(/\p{Cc}+/gu, ' ').toWellFormed()
  return line.includes('=?') ? encodeWord(line, 'B', 52) : line
}

const isMessageId = /^<[^<>\s]{1,996}>$/
