import type { ModelRequest } from '../dialects/dialect.ts'

const mostDepth = 64
const quote = 0x22
const backslash = 0x5c
const colon = 0x3a

/**
 * Whether every reader of the request reads what we read, so that equal values mean equal questions: no number that JavaScript cannot hold, no
 * key that stands twice (we would take the last, another the first), no half character, no nesting beyond measure.
 */
export function isUnambiguous({ json, raw }: Pick<ModelRequest, 'json' | 'raw'>): boolean {
  const left: { readonly value: unknown; readonly depth: number }[] = [{ value: json, depth: 0 }]
  let keys = 0
  for (let next = left.pop(); next; next = left.pop()) {
    const { depth, value } = next
    if (depth > mostDepth) return false
    if (typeof value === 'number' && !isHeld(value)) return false
    if (typeof value === 'string' && !value.isWellFormed()) return false
    if (typeof value !== 'object' || value === null) continue
    for (const [key, inner] of Object.entries(value)) {
      if (!Array.isArray(value)) keys++
      if (!key.isWellFormed()) return false
      left.push({ value: inner, depth: depth + 1 })
    }
  }
  return keys === colonsIn(raw)
}

const isHeld = (value: number): boolean =>
  Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))

/** Outside strings: one a member. */
function colonsIn(text: Buffer): number {
  let count = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === colon) count++
    if (text[at] === quote) at = closingQuote(text, at)
  }
  return count
}

function closingQuote(text: Buffer, from: number): number {
  for (let end = text.indexOf(quote, from + 1); end !== -1; end = text.indexOf(quote, end + 1)) {
    let slashes = 0
    while (text[end - 1 - slashes] === backslash) slashes++
    if (slashes % 2 === 0) return end
  }
  return text.length
}
