import { isBlank, isQuotedAfter, joined, longest, test } from './newest-text-lines.ts'

/** `On Mon, 16 Nov 2026, Ann wrote:` in the words of eight languages and some more; the verb may stand before the name or after it. */
const wrote =
  /^\s?(?:On|Am|Le|El|Il|Em|Op|W dniu|Dnia|Den|(?:pon|wt|śr|czw|pt|sob|niedz|ndz)\.,)\s.{4,200}?(?:wrote|schrieb|écrit|escribió|ha scritto|escreveu|schreef|pisze|napisała?(?:\(a\))?|skrev)[^:\n]{0,120}:\s?$/i
/** Asian mail programs put the date first and end with the name, or with a verb of their own. */
const wroteAsian = /^\s?\d{4}年\d{1,2}月\d{1,2}日.{2,200}[:：]\s?$/
/** Any language's: an address, a time, and a colon at the end. It counts before a quote only. */
const wroteSomehow = [/<[^<>\s]{1,100}@[^<>\s]{1,100}>/, /\d{1,2}[:.h]\d{2}/, /[:：]\s?$/] as const
const hasDate = /\d{1,2}[./: ]\s?\d{1,2}|\d{4}/
/** What a mail program writes and a person who tells of a mail seldom does. */
export const namesSender: RegExp = /@|\d{1,2}:\d{2}|\d{1,2} ?h ?\d{2}/
/** Who, then the verb, then when, in brackets: Gmail's Portuguese. */
const wroteLast =
  /^\s?.{1,120}<[^<>\s]{1,100}@[^<>\s]{1,100}> (?:escreveu|wrote|schrieb|a écrit|escribió|ha scritto|schreef|napisała?(?:\(a\))?) \([^\n]{0,60}\d{1,2}:\d{2}[^\n]{0,10}\):\s?$/i
/** Webmail that names who is quoted and not when. It counts before a quote only. */
const citing = /^\s?(?:Zitat von|Quoting|Citando|Citation de|Selon|Citaat van|Cytowanie|Citat från) .{2,200}:\s?$/i
/** A heading with the quote in the same line, as a telephone's webmail makes of HTML: an address, a time, and a gap behind the colon. */
const wroteInline =
  /^\s*(?:On|Am|Le|El|Il|Em|Op|W dniu|Dnia)\s.{4,120}\d{1,2}[:.h]\d{2}.{0,80}<[^<>\s]{1,100}@[^<>\s]{1,100}>\s?.{0,20}(?:wrote|schrieb|geschrieben|écrit|escribió|scritto|escreveu|schreef|geschreven|pisze|napisała?(?:\(a\))?)\s?:\s{2,}\S/i

/** Whether the quote begins in this line, behind its heading. */
export const isHeadingWithQuote = (line: string): boolean => test(wroteInline, line)

/** A heading of a quote over one to three lines: how many, or 0. Where it wraps, it has an address. */
export function headingAt(lines: readonly string[], i: number): number {
  for (let count = 1; count <= 3; count++) {
    const text = joined(lines, i, count)
    if (isBlank(lines[i + count - 1]) || text.length > longest) return 0
    if (count > 1 && !text.includes('@')) continue
    if ((wrote.test(text) && hasDate.test(text)) || wroteAsian.test(text) || wroteLast.test(text)) return count
    if (count === 1 && citing.test(text) && isQuotedAfter(lines, i + 1)) return 1
    const isWhole = count === 1 || (count === 2 && /<\s*$/.test(lines[i] ?? ''))
    const isSomehow = isWhole && wroteSomehow.every((pattern) => pattern.test(text))
    if (isSomehow && isQuotedAfter(lines, i + count)) return count
  }
  return 0
}
