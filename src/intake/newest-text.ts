/**
 * The newest text of a mail: without the quoted thread below or above it, and without the signature. Own line rules: every library that was
 * tried lost text in some replies or took seconds for hostile ones.
 *
 * 1. Text is never lost: a line before the first quote stays unless it is the quote's heading. What only looks like a heading (`On Monday your
 *    colleague wrote:`) is one where a quote follows, or where it names an address or a time.
 * 2. Linear: each line is read a fixed number of times, and a line over 300 characters matches no rule.
 */
export function newestText(text: string): string {
  const lines = text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[\u200b\ufeff]/g, '')
    .split('\n')
  const kept: string[] = []
  let hasText = false
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    if (!hasText && test(forwarded, unquote(line))) return trimmed([...kept, ...lines.slice(i)]) // a forward without a word of its own is what it forwards
    if (hasText && (isCut(line) || isHeaderBlock(lines, i))) break
    const heading = headingAt(lines, i)
    if (heading > 0) {
      const isQuoteNext = quoted.test(line) || isQuotedAfter(lines, i + heading)
      if (isQuoteNext) {
        i += heading - 1
        continue
      }
      if (hasText && test(namesSender, joined(lines, i, heading))) break
    }
    if (quoted.test(line)) continue
    kept.push(line)
    hasText ||= !isBlank(line)
  }
  return trimmed(withoutSignature(kept))
}

const longest = 300

const header = (names: string): RegExp => new RegExp(`^[*_>\\s]*(?:${names})\\s?:\\**\\s*\\S`, 'i')
const isFrom = header('From|Von|De|Da|Van|Od|Från|Fra|Remetente|Gesendet von|差出人')
const isSent = header(
  'Sent|Date|Gesendet|Datum|Envoyé|Date d’envoi|Enviado(?: el| em)?|Fecha|Inviato|Data|Verzonden|Wysłano|Enviada em|Skickat|Sendt|送信日時',
)
const isTo = header('To|An|À|A|Para|Aan|Do|Till|Til|宛先')
const isSubject = header('Subject|Betreff|Objet|Asunto|Oggetto|Onderwerp|Temat|Assunto|Ämne|Emne|件名')

/** `On Mon, 16 Nov 2026, Ann wrote:` in the words of eight languages and some more; the verb may stand before the name or after it. */
const wrote =
  /^\s?(?:On|Am|Le|El|Il|Em|Op|W dniu|Dnia|Den|(?:pon|wt|śr|czw|pt|sob|niedz|ndz)\.,)\s.{4,200}?(?:wrote|schrieb|écrit|escribió|ha scritto|escreveu|schreef|pisze|napisała?(?:\(a\))?|skrev)[^:\n]{0,120}:\s?$/i
/** Asian mail programs put the date first and end with the name, or with a verb of their own. */
const wroteAsian = /^\s?\d{4}年\d{1,2}月\d{1,2}日.{2,200}[:：]\s?$/
/** Any language's: an address, a time, and a colon at the end. It counts before a quote only. */
const wroteSomehow = [/<[^<>\s]{1,100}@[^<>\s]{1,100}>/, /\d{1,2}[:.h]\d{2}/, /[:：]\s?$/] as const
const hasDate = /\d{1,2}[./: ]\s?\d{1,2}|\d{4}/
/** What a mail program writes and a person who tells of a mail seldom does. */
const namesSender = /@|\d{1,2}:\d{2}|\d{1,2} ?h ?\d{2}/

const original =
  /^[-_\s]{2,}(?:Original Message|Ursprüngliche Nachricht|Originalnachricht|Message d['’]origine|Message original|Mensaje original|Messaggio originale|Oorspronkelijk bericht|Wiadomość oryginalna|Mensagem original)[-_\s]*$/i
/** A ticket system's mark. In a sentence of a person it has no rule around it. */
const replyAbove =
  /^[-#=_*~\s]{2,}.{0,40}(?:reply above|oberhalb dieser|über dieser (?:Linie|Zeile)|au-dessus de cette|encima de esta|sopra questa|boven deze|powyżej tej|acima desta).{0,40}[-#=_*~\s]{2,}$/i
const forwarded =
  /^\s?(?:-{2,}\s?(?:Forwarded message|Weitergeleitete Nachricht|Message transféré|Mensaje reenviado|Messaggio inoltrato|Doorgestuurd bericht|Treść przekazanej wiadomości|Wiadomość przekazana|Mensagem encaminhada)|Begin forwarded message:|Anfang der weitergeleiteten (?:E-Mail|Nachricht):|Début du message (?:transféré|réexpédié))/i
const mobile =
  /^\s?(?:Sent from my .{2,40}|Sent (?:from|with) Proton ?Mail.{0,40}|Get Outlook for .*|Von meinem .{2,40} gesendet|Gesendet (?:von|mit) .{2,60}|Envoyé (?:de|depuis) .{2,40}|Enviado (?:desde|do|a partir do) .{2,40}|Inviato da .{2,40}|Verzonden vanaf .{2,40}|Verstuurd vanaf .{2,40}|Wysłan[eo] z .{2,40})\s?$/i
const quoted = /^\s*>/

const test = (pattern: RegExp, line: string): boolean => line.length <= longest && pattern.test(line)
const unquote = (line: string): string => line.replace(/^[\s>]*>\s?/, '')
const isCut = (line: string): boolean => [original, replyAbove, forwarded].some((pattern) => test(pattern, line))

const joined = (lines: readonly string[], i: number, count: number): string =>
  lines
    .slice(i, i + count)
    .map((line) => unquote(line).trim())
    .join(' ')

/** A heading of a quote over one to three lines: how many, or 0. Where it wraps, it has an address. */
function headingAt(lines: readonly string[], i: number): number {
  for (let count = 1; count <= 3; count++) {
    const text = joined(lines, i, count)
    if (isBlank(lines[i + count - 1]) || text.length > longest) return 0
    if (count > 1 && !text.includes('@')) continue
    if ((wrote.test(text) && hasDate.test(text)) || wroteAsian.test(text)) return count
    const isWhole = count === 1 || (count === 2 && /<\s*$/.test(lines[i] ?? ''))
    const isSomehow = isWhole && wroteSomehow.every((pattern) => pattern.test(text))
    if (isSomehow && isQuotedAfter(lines, i + count)) return count
  }
  return 0
}

const isBlank = (line: string | undefined): boolean => line === undefined || line.trim() === ''

function isQuotedAfter(lines: readonly string[], i: number): boolean {
  for (let next = i; next < Math.min(lines.length, i + 20); next++) {
    const line = lines[next] ?? ''
    if (!isBlank(line)) return quoted.test(line)
  }
  return false
}

/** Outlook's block within seven lines: From, Sent, To and Subject, or fewer with an address. A timetable also has From, To and Date. */
function isHeaderBlock(lines: readonly string[], i: number): boolean {
  if (!test(isFrom, lines[i] ?? '') && !test(isSent, lines[i] ?? '')) return false
  const near = lines.slice(i, i + 7).filter((line) => line.length <= longest)
  const has = (pattern: RegExp): boolean => near.some((line) => pattern.test(line))
  if (!has(isFrom) || !has(isSent)) return false
  const hasAddress = near.some((line) => isFrom.test(line) && line.includes('@'))
  return hasAddress ? has(isTo) || has(isSubject) : has(isTo) && has(isSubject)
}

function withoutSignature(lines: readonly string[]): string[] {
  const mark = lines.indexOf('-- ')
  const above = lines.slice(0, Math.max(0, mark))
  const kept = above.some((line) => !isBlank(line)) ? above : [...lines]
  while (kept.length > 0 && isNothing(kept.at(-1) ?? '')) kept.pop()
  return kept
}

/** A line at the end that says nothing: blank, a rule, or what a telephone adds. */
const isNothing = (line: string): boolean => !/[^\s_*-]/.test(line) || test(mobile, line)

const trimmed = (lines: readonly string[]): string =>
  lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
