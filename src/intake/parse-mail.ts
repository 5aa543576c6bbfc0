import { convert } from 'html-to-text'
import PostalMime, { type Email } from 'postal-mime'
import { newestText } from './newest-text.ts'

/** What the triage needs of an e-mail. The shape of a `message.received` payload, but for customer and tier. */
export interface ParsedMail {
  readonly from: string
  readonly fromName?: string
  readonly to?: string[]
  readonly subject: string
  /** The newest text: quoted threads and the signature are off. */
  readonly text: string
  readonly receivedAt?: string
  readonly messageId?: string
  readonly references?: string[]
  readonly automatic: AutomaticSign[]
}

/** Why a mail is never answered (RFC 3834): a program sent it, or nobody reads what comes back. */
export type AutomaticSign = 'auto-submitted' | 'bulk' | 'list' | 'bounce' | 'no-reply'

export type Unreadable = { readonly unreadable: string }

const mostText = 200_000
const mostNesting = 500

/** Parses the bytes of an e-mail. Bad mail is an answer, not an exception. Runs in a worker: a hostile mail holds the event loop. */
export async function parseMail(bytes: Uint8Array): Promise<ParsedMail | Unreadable> {
  const email = await PostalMime.parse(bytes, { maxNestingDepth: 100 })
  const from = addressOf(email.replyTo?.[0]?.address) ?? addressOf(email.from?.address)
  const automatic = signsOf(email, from)
  if (!from && !automatic.includes('bounce'))
    return {
      unreadable:
        email.headers.length === 0
          ? 'it has no headers: it is not an e-mail'
          : 'it has no sender address that could be answered',
    }
  const body = bodyOf(email, bytes)
  const name = clean(email.replyTo?.[0]?.name || email.from?.name || '', 200)
  const date = email.date && !Number.isNaN(Date.parse(email.date)) ? new Date(email.date).toISOString() : undefined
  const references = [...(email.references?.match(/<[^<>\s]{1,500}>/g) ?? [])].slice(-20)
  return {
    from: from ?? 'mailer-daemon@invalid.example',
    ...(name && { fromName: name }),
    to: (email.to ?? []).flatMap((to) => addressOf(to.address) ?? []).slice(0, 100),
    subject: clean(email.subject ?? '', 1000),
    text: newestText(body).slice(0, mostText),
    ...(date && { receivedAt: date }),
    ...(email.messageId && /^<[^<>\s]{1,500}>$/.test(email.messageId) && { messageId: email.messageId }),
    ...(references.length > 0 && { references }),
    automatic,
  }
}

/** A plain address; one with a line break, a comma or quotes could become another recipient when it is answered. */
function addressOf(text: string | undefined): string | undefined {
  return text && /^[^\s<>(),;:"[\]\\@]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(text) ? text.toLowerCase() : undefined
}

/** One line: control characters, a line break among them, could end the header that an answer copies it into. */
const clean = (text: string, most: number): string =>
  text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, most)
    .toWellFormed()

function bodyOf(email: Email, bytes: Uint8Array): string {
  if (email.text?.trim()) return tidy(email.text)
  if (email.html?.trim()) return htmlText(email.html)
  if (email.attachments.length > 0) return ''
  // A multipart without its boundary parses to nothing: then the raw body is shown rather than lost.
  const raw = Buffer.from(bytes).toString('utf8')
  const start = /\r?\n\r?\n/.exec(raw)
  return start ? tidy(raw.slice(start.index + start[0].length, start.index + mostText)) : ''
}

const tidy = (text: string): string => text.replaceAll('\u0000', '').toWellFormed()

function htmlText(html: string): string {
  if (depthOf(html) > mostNesting) return tidy(html.replaceAll(/<[^>]{0,2000}>/g, ' ')) // the converter takes seconds for it
  const skip = { format: 'skip' }
  const selectors = [
    { selector: 'img', ...skip },
    { selector: 'div.gmail_quote', ...skip },
    { selector: 'blockquote[type=cite]', ...skip },
    { selector: 'a', options: { ignoreHref: true } },
  ]
  return tidy(convert(html, { wordwrap: false, selectors, limits: { maxInputLength: mostText * 5 } }))
}

/** How deep tags are nested, by a linear scan. */
function depthOf(html: string): number {
  let [depth, most] = [0, 0]
  for (const [tag] of html.matchAll(/<\/?[a-z]/gi)) {
    depth = tag.startsWith('</') ? Math.max(0, depth - 1) : depth + 1
    most = Math.max(most, depth)
  }
  const voids = html.match(/<(?:br|img|hr|input|meta|link|area|base|col|embed|source|track|wbr)\b/gi)?.length ?? 0
  return most - voids
}

function signsOf(email: Email, from: string | undefined): AutomaticSign[] {
  const header = (name: string): string => email.headers.find((one) => one.key === name)?.value.toLowerCase() ?? ''
  const submitted = header('auto-submitted')
  const type = header('content-type')
  const isBounce =
    /multipart\/report/.test(type) ||
    /^<?>?$/.test(header('return-path') || 'x') ||
    /^(?:mailer-daemon|postmaster)@/.test(from ?? email.from?.address?.toLowerCase() ?? '')
  const signs: [AutomaticSign, boolean][] = [
    [
      'auto-submitted',
      (submitted !== '' && submitted !== 'no') ||
        header('x-auto-response-suppress') !== '' ||
        header('x-autoreply') !== '' ||
        header('precedence') === 'auto_reply',
    ],
    ['bulk', /^(?:bulk|junk)$/.test(header('precedence'))],
    ['list', header('list-id') !== '' || header('list-unsubscribe') !== '' || header('precedence') === 'list'],
    ['bounce', isBounce],
    ['no-reply', /^(?:no-?reply|do-?not-?reply|donotreply|noreply[-_.].*)@/.test(from ?? '')],
  ]
  return signs.filter(([, is]) => is).map(([sign]) => sign)
}
