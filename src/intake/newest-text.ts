/**
 * The newest text of a mail: without the quoted thread below or above it, and without the signature. Own line rules: every library that was
 * tried lost text in some replies or took seconds for hostile ones; these read each line once, and a line over 300 characters never matches.
 */
const words = {
  from: 'From|Von|De|Da|Van|Od|Från|Fra|Remetente|Gesendet von',
  sent: 'Sent|Date|Gesendet|Datum|Envoyé|Enviado(?: el| em)?|Fecha|Inviato|Data|Verzonden|Wysłano|Enviada em|Skickat|Sendt',
  to: 'To|An|À|A|Para|Aan|Do|Till|Til',
  subject: 'Subject|Betreff|Objet|Asunto|Oggetto|Onderwerp|Temat|Assunto|Ämne|Emne',
} as const
const header = (names: string): RegExp => new RegExp(`^\\s*[*_>]*\\s*(?:${names})\\s*:\\**\\s*\\S`, 'i')
const isFrom = header(words.from)
const isSent = header(words.sent)
const isTo = header(words.to)
const isSubject = header(words.subject)

const wrote =
  /^\s*(?:On|Am|Le|El|Il|Em|Op|W dniu|Dnia|Den)\s.{4,200}?(?:wrote|schrieb|écrit|escribió|ha scritto|escreveu|schreef|pisze|napisał(?:\(a\))?|skrev)[^:\n]{0,120}\s?:\s*$/i
const hasDate = /\d{1,2}[./: ]\s?\d{1,2}|\d{4}/
const original =
  /^\s*[-_]{2,}\s*(?:Original Message|Ursprüngliche Nachricht|Message d'origine|Mensaje original|Messaggio originale|Oorspronkelijk bericht|Wiadomość oryginalna|Mensagem original|Reply above this line.*)\s*[-_]*\s*$/i
const forwarded =
  /^\s*-{2,}\s*(?:Forwarded message|Weitergeleitete Nachricht|Message transféré|Mensaje reenviado|Messaggio inoltrato|Doorgestuurd bericht|Mensagem encaminhada)|^Begin forwarded message:/i
const mobile =
  /^\s*(?:Sent from my .{2,40}|Get Outlook for .*|Von meinem .{2,40} gesendet|Gesendet (?:von|mit) .{2,60}|Envoyé (?:de|depuis) .{2,40}|Enviado desde .{2,40}|Inviato da .{2,40}|Verzonden vanaf .{2,40}|Verstuurd vanaf .{2,40}|Wysłane z .{2,40}|Enviado do .{2,40})\s*$/i
const quoted = /^\s*>/
const longest = 300

export function newestText(text: string): string {
  const lines = text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[\u200b\ufeff]/g, '')
    .split('\n')
  const kept: string[] = []
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    const hasText = kept.some((one) => one.trim() !== '')
    if (!hasText && test(forwarded, line)) return trimmed([...kept, ...lines.slice(i)]) // a forward without a word of its own is what it forwards
    if (hasText && (test(original, line) || test(forwarded, line) || isHeaderBlock(lines, i))) break
    const heading = headingAt(lines, i)
    if (heading > 0 && (hasText || quoted.test(line) || isQuotedAfter(lines, i + heading))) {
      if (!isQuotedAfter(lines, i + heading) && !quoted.test(line)) break
      i += heading - 1
      continue
    }
    if (!quoted.test(line)) kept.push(line)
  }
  return trimmed(withoutSignature(kept))
}

const test = (pattern: RegExp, line: string): boolean => line.length <= longest && pattern.test(line)
const unquote = (line: string): string => line.replace(/^\s*>+\s?/, '')

/** `On ... wrote:` over one to three lines: how many, or 0. */
function headingAt(lines: readonly string[], i: number): number {
  for (let count = 1; count <= 3 && i + count <= lines.length; count++) {
    const joined = lines
      .slice(i, i + count)
      .map(unquote)
      .join(' ')
    if (joined.length > longest) return 0
    if (wrote.test(joined) && hasDate.test(joined)) return count
  }
  return 0
}

function isQuotedAfter(lines: readonly string[], i: number): boolean {
  let next = i
  while (next < lines.length && lines[next]?.trim() === '') next++
  return quoted.test(lines[next] ?? '')
}

/** Outlook's block: From, then Sent, then To or Subject within seven lines. */
function isHeaderBlock(lines: readonly string[], i: number): boolean {
  if (!test(isFrom, lines[i] ?? '') && !test(isSent, lines[i] ?? '')) return false
  const near = lines.slice(i, i + 7).filter((line) => line.length <= longest)
  return (
    near.some((line) => isFrom.test(line)) &&
    near.some((line) => isSent.test(line)) &&
    near.some((line) => isTo.test(line) || isSubject.test(line))
  )
}

function withoutSignature(lines: readonly string[]): string[] {
  const mark = lines.findIndex((line) => line === '-- ')
  const kept = mark > 0 ? lines.slice(0, mark) : [...lines]
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
