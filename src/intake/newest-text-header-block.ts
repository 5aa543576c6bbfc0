import { longest, test } from './newest-text-lines.ts'

const header = (names: string): RegExp => new RegExp(`^[*_>\\s]*(?:${names})\\s?:\\**\\s*\\S`, 'i')
const isFrom = header('From|Von|De|Da|Van|Od|Från|Fra|Remetente|Gesendet von|差出人')
const isSent = header(
  'Sent|Date|Gesendet|Datum|Envoyé(?: le)?|Date d’envoi|Enviado(?: el| em)?|Fecha|Inviato|Data|Verzonden|Wysłano|Wysłane|Enviada em|Skickat|Sendt|送信日時',
)
const isTo = header('To|An|À|A|Para|Aan|Do|Till|Til|宛先')
const isSubject = header('Subject|Betreff|Objet|Asunto|Oggetto|Onderwerp|Temat|Assunto|Ämne|Emne|件名')

/** Outlook's block within seven lines: From, Sent, To and Subject, or fewer with an address. A timetable also has From, To and Date. */
export function isHeaderBlock(lines: readonly string[], i: number): boolean {
  if (!test(isFrom, lines[i] ?? '') && !test(isSent, lines[i] ?? '')) return false
  const near = blockAt(lines, i).filter((line) => line.length <= longest)
  const has = (pattern: RegExp): boolean => near.some((line) => pattern.test(line))
  if (!has(isFrom) || !has(isSent)) return false
  const hasAddress = near.some((line) => isFrom.test(line) && line.includes('@'))
  return hasAddress ? has(isTo) || has(isSubject) : has(isTo) && has(isSubject)
}

/** Seven lines, or as far as the next sender: a person's own `From: that day on` above a block is not the start of it. */
function blockAt(lines: readonly string[], i: number): readonly string[] {
  const near = lines.slice(i, i + 7)
  const next = near.findIndex(
    (line, at) => test(isFrom, line) && near.slice(0, at).some((above) => test(isFrom, above)),
  )
  return next < 0 ? near : near.slice(0, next)
}
