/**
 * What is mended before parsing, since the parser would lose text over it: a byte order mark before the first header, lines that end in CR
 * alone, and bytes of an undeclared 8-bit charset. Answers the same bytes where nothing is to be mended.
 */
export function mendBytes(bytes: Uint8Array): Uint8Array {
  let mail = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (mail.subarray(0, 3).equals(byteOrderMark)) mail = mail.subarray(3)
  if (!mail.includes(lineFeed) && mail.includes(carriageReturn))
    mail = Buffer.from(mail.map((byte) => (byte === carriageReturn ? lineFeed : byte)))
  const end = headEnd(mail)
  const head = mail.subarray(0, end)
  const body = mail.subarray(end)
  // A body is left to its declared charset; in a multipart each part declares its own.
  const isDeclared = /^content-type:[^\n]*(?:\n[ \t][^\n]*)*(?:charset|multipart\/)/im.test(head.toString('latin1'))
  const [mendedHead, mendedBody] = [fromWindows(head), isDeclared ? body : fromWindows(body)]
  return mendedHead === head && mendedBody === body ? mail : Buffer.concat([mendedHead, mendedBody])
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])
const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Where the first blank line begins, or the end. */
function headEnd(mail: Buffer): number {
  const ends = [mail.indexOf('\n\n'), mail.indexOf('\r\n\r\n')].filter((at) => at >= 0)
  return ends.length > 0 ? Math.min(...ends) : mail.length
}

/** What is no UTF-8 is read as windows-1252, which ISO 8859-1 is a part of: what old programs send without a word (RFC 5322 forbids it). */
function fromWindows(bytes: Buffer): Buffer {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return bytes
  } catch {
    return Buffer.from(new TextDecoder('windows-1252').decode(bytes))
  }
}

/** Of a body of one part: twice what is read of its text, for its encoding. */
const mostBody = 4_000_000

/**
 * A mail of one part without what no one reads of its body: parsing costs by the line, and took 2 s of 25 MB. One of many parts is left, since its
 * text may stand behind a picture.
 */
export function cutBody(mail: Uint8Array): Uint8Array {
  const bytes = Buffer.from(mail.buffer, mail.byteOffset, mail.byteLength)
  const end = headEnd(bytes)
  if (bytes.length <= end + mostBody) return mail
  const type = /^content-type:[^\n]*(?:\n[ \t][^\n]*)*/im.exec(bytes.toString('latin1', 0, end))?.[0] ?? ''
  if (/multipart\/|message\//i.test(type)) return mail
  const line = bytes.lastIndexOf(lineFeed, end + mostBody)
  return mail.subarray(0, line > end + 4 ? line : end + mostBody) // past the blank line
}

/** The parser's cost is by the line and by the part: 3 MB of empty lines took it 22 s, 300,000 parts 11 s and 620 MB. */
const mostLines = 500_000
const mostParts = 1000
const mostBoundaries = 200
/** Smaller mail cannot have too much of anything. */
const scannedFrom = 64 * 1024

/** Why a mail would take too long to parse, by one pass over it; undefined: it would not. */
export function excessOf(mail: Uint8Array): string | undefined {
  if (mail.length < scannedFrom) return undefined
  let lines = 0
  for (let at = 0; at < mail.length; at++) if (mail[at] === lineFeed) lines++ // by index: an iterator took four times as long
  if (lines > mostLines) return `it has ${lines} lines, more than the ${mostLines} that are taken`
  const text = Buffer.from(mail.buffer, mail.byteOffset, mail.byteLength).toString('latin1')
  const boundaries = new Set<string>()
  for (const [, inQuotes, plain] of text.matchAll(/boundary=(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))/gi)) {
    boundaries.add(inQuotes ?? plain ?? '')
    if (boundaries.size > mostBoundaries) return `it has more than ${mostBoundaries} nested parts`
  }
  let parts = 0
  for (let at = text.indexOf('\n--'); at >= 0; at = text.indexOf('\n--', at + 1)) {
    const line = text.slice(at + 3, at + 210)
    if (!boundaries.has(line.slice(0, line.search(/[\r\n]|$/)).trimEnd())) continue
    if (++parts > mostParts) return `it has more than ${mostParts} parts`
  }
  return undefined
}
