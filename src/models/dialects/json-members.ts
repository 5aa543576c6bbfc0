/**
 * Where the members of an object stand in its JSON text, and how one is set there without touching any other byte: numbers that JavaScript
 * cannot hold, the order of keys, white space and unknown fields survive. The text must be valid JSON; who calls has parsed it.
 */
export interface Member {
  readonly key: string
  readonly valueStart: number
  readonly valueEnd: number
}

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

/** The members of the object whose `{` is the first byte at or after `from` that is no white space. */
export function membersOf(text: Buffer, from = 0): Member[] {
  const members: Member[] = []
  let at = skipSpace(text, skipSpace(text, from) + 1)
  while (text[at] !== closeBrace && at < text.length) {
    const keyEnd = skipString(text, at)
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const valueEnd = skipValue(text, valueStart)
    members.push({ key: keyIn(text.toString('utf8', at, keyEnd)), valueStart, valueEnd })
    at = skipSpace(text, valueEnd)
    if (text[at] === comma) at = skipSpace(text, at + 1)
  }
  return members
}

/** A key that stands twice: two readers of the text may believe different ones. */
export function duplicateIn(members: readonly Member[]): string | undefined {
  const seen = new Set<string>()
  return members.find(({ key }) => seen.size === seen.add(key).size)?.key
}

/** The text with these members set to values that are JSON already; those it lacks are put in front. */
export function withMembers(text: Buffer, members: readonly Member[], values: ReadonlyMap<string, string>): Buffer {
  if (values.size === 0) return text
  const missing = [...values].filter(([key]) => !members.some((member) => member.key === key))
  const first = skipSpace(text, 0) + 1
  const added = missing.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')
  const parts = [text.subarray(0, first), Buffer.from(added && members.length > 0 ? `${added},` : added)]
  let at = first
  for (const { key, valueStart, valueEnd } of members) {
    const value = values.get(key)
    if (value === undefined) continue
    parts.push(text.subarray(at, valueStart), Buffer.from(value))
    at = valueEnd
  }
  return Buffer.concat([...parts, text.subarray(at)])
}

/** A key may be written with escapes, and means the same. */
const keyIn = (literal: string): string => (literal.includes('\\') ? String(JSON.parse(literal)) : literal.slice(1, -1))

function skipSpace(text: Buffer, from: number): number {
  let at = from
  while (text[at] === 0x20 || text[at] === 0x0a || text[at] === 0x0d || text[at] === 0x09) at++
  return at
}

/** The place after the string that opens here. */
function skipString(text: Buffer, from: number): number {
  let at = from + 1
  while (at < text.length) {
    const end = text.indexOf(quote, at)
    if (end === -1) return text.length
    let slashes = end
    while (text[slashes - 1] === backslash && slashes > at) slashes--
    if ((end - slashes) % 2 === 0) return end + 1
    at = end + 1
  }
  return at
}

/** The place after the value that starts here. Counts depth instead of calling itself: nesting is the client's to choose. */
function skipValue(text: Buffer, from: number): number {
  let depth = 0
  let at = from
  while (at < text.length) {
    const byte = text[at]
    if (byte === quote) at = skipString(text, at)
    else if (byte === openBrace || byte === openBracket) {
      depth++
      at++
    } else if (byte === closeBrace || byte === closeBracket) {
      if (depth === 0) return at // of a number or word: the object that holds it ends
      depth--
      at++
    } else if (depth === 0) at = skipWord(text, at)
    else at++
    if (depth === 0) return at
  }
  return at
}

/** The place after the number or literal that starts here. */
function skipWord(text: Buffer, from: number): number {
  let at = from
  while (at < text.length && !isAfterWord(text[at])) at++
  return at
}

const isAfterWord = (byte: number | undefined): boolean =>
  byte === comma || byte === closeBrace || byte === closeBracket || (byte !== undefined && byte <= 0x20)
