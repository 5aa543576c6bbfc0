import PostalMime, { type Address, type Email } from 'postal-mime'
import { type AutomaticSign, automaticSigns } from './automatic-signs.ts'
import { htmlText } from './html-text.ts'
import { mailAddress } from './mail-address.ts'
import { cutBody, excessOf, mendBytes } from './mail-bytes.ts'
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

export type Unreadable = { readonly unreadable: string }

const mostText = 200_000
/** Read of a body before the quotes go: more than any person writes above them. */
const mostRead = 2_000_000
const mostNesting = 100

/** Parses the bytes of an e-mail. Bad mail is an answer, not an exception. Runs in a worker: a hostile mail holds the event loop. */
export async function parseMail(bytes: Uint8Array): Promise<ParsedMail | Unreadable> {
  const cut = cutBody(bytes)
  const excess = excessOf(cut)
  if (excess !== undefined) return { unreadable: excess }
  const mended = mendBytes(cut)
  const email = await PostalMime.parse(mended, { maxNestingDepth: mostNesting })
  const [replyTo, sender] = [firstOf(email.replyTo), firstOf([email.from, email.sender])]
  const answered = replyTo ?? sender
  const automatic = automaticSigns(email.headers, { from: answered?.address, sender: email.from?.address })
  if (!answered && !automatic.includes('bounce'))
    return {
      unreadable: email.headers.some(({ key, value }) => /^[a-z0-9-]+$/.test(key) && value !== '')
        ? 'it has no sender address that could be answered'
        : 'it has no headers: it is not an e-mail',
    }
  const name = clean(answered?.name || email.from?.name || '', 200)
  const date = email.date && !Number.isNaN(Date.parse(email.date)) ? new Date(email.date).toISOString() : undefined
  const references = [...(email.references?.match(/<[^<>\s]{1,500}>/g) ?? [])].slice(-20)
  return {
    from: answered?.address ?? 'mailer-daemon@invalid.example',
    ...(name && { fromName: name }),
    to: (email.to ?? []).flatMap((to) => flat(to).map(({ address }) => address)).slice(0, 100),
    subject: clean(email.subject ?? '', 1000),
    text: newestText(bodyOf(email, mended).slice(0, mostRead)).slice(0, mostText).toWellFormed(),
    ...(date && { receivedAt: date }),
    ...(email.messageId && /^<[^<>\s]{1,500}>$/.test(email.messageId) && { messageId: email.messageId }),
    ...(references.length > 0 && { references }),
    automatic,
  }
}

interface Answerable {
  readonly address: string
  readonly name: string
}

const firstOf = (addresses: readonly (Address | undefined)[] | undefined): Answerable | undefined =>
  addresses?.flatMap((one) => (one ? flat(one) : []))[0]

/** The addresses that can be answered: of a group (RFC 6854) its members'. */
function flat(one: Address): Answerable[] {
  if (one.group) return one.group.flatMap(flat)
  const address = mailAddress(one.address)
  return address === undefined ? [] : [{ address, name: one.name }]
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
  if (email.html?.trim()) return tidy(htmlText(email.html))
  if (email.attachments.length > 0) return ''
  // A multipart without its boundary parses to nothing: then the raw body is shown rather than lost.
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [start] = [raw.indexOf('\n\n'), raw.indexOf('\r\n\r\n')].filter((at) => at >= 0).toSorted((a, b) => a - b)
  return start === undefined ? '' : tidy(raw.toString('utf8', start, start + mostText))
}

const tidy = (text: string): string => text.replaceAll('\u0000', '')
