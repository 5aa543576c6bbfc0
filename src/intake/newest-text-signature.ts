import { isBlank, test } from './newest-text-lines.ts'

/** What a telephone or a mail program is called: a line that has none of these is a person's own. */
const device =
  /(?:iphone|ipad|ipod|mac\b|apple|android|samsung|galaxy|huawei|honor|xiaomi|redmi|oppo|pixel|oneplus|motorola|moto\b|nokia|sony|xperia|blackberry|fairphone|htc|windows|outlook|yahoo|gmail|gmx|web\.de|t-online|freenet|proton ?mail|proton\b|k-9|fairemail|thunderbird|bluemail|spark|tuta|orange|libero|onet|mail\.ru|hotmail|aol|(?:smart|i|mobile |cell ?|my |mi |mon )?(?:phone|telefon\w*|telefoon|móvil|celular|telefono|téléphone|handy|portable)\b|tablet\b|mobile\b|smartphone|mail app|e-mail-app)/i
/** How such a line begins, in eight languages: sent from, sent with, get, download. */
const sentFrom =
  /^\s?(?:Sent (?:from|with|via|using)|Get (?=.*\b(?:for|on) (?:iOS|Android|Mac|Windows))|Gesendet (?:von|mit|über|aus)|Diese (?:Nachricht|E-?Mail|Mail) wurde|Envoyé (?:de|depuis|à partir de|avec|via|par)|Provenance(?= ?:)|Enviado (?:desde|do|da|de|pelo|a partir d[oe]|con|com|através)|Inviato (?:da|dal|dall|con|tramite)|Verzonden (?:vanaf|vanuit|met|via)|Verstuurd (?:vanaf|vanuit|met|via)|Wysłan[eoy] (?:z|ze|za pomocą|przez|przy użyciu))\b/iu
/** Whole lines that are in no other form. */
const wholeLines = [
  /^\s?Von (?:meinem|meiner|meinem\/meiner|Yahoo|Outlook) ?.{0,60} gesendet\.?\s?$/i,
  /^\s?(?:Get|Download|Hol dir|Obtenir|Obtenez|Télécharger|Téléchargez|Obtener|Obtén|Descargar|Descarga|Ottieni|Scarica|Pobierz|Uzyskaj|Obter|Obtenha|Baixar|Baixe|Transferir|Haal) .{0,30}Outlook .{0,20}(?:iOS|Android|Mac|Windows)\b.{0,80}$/i,
  /^\s?Outlook (?:für|voor|for|na) .{0,20}(?:iOS|Android|Mac|Windows)\b.{0,60}(?:beziehen|herunterladen|downloaden|ophalen)?\s?$/i,
]
const longestSentFrom = 140

/** What a telephone or a mail program adds. A question is a person's own, and so is a line that names no device. */
function isSentFrom(line: string): boolean {
  if (line.length > longestSentFrom || line.includes('?')) return false
  return (test(sentFrom, line) && device.test(line)) || wholeLines.some((pattern) => pattern.test(line))
}

/** A line at the end that says nothing: blank, a rule, or what a telephone adds. */
const isNothing = (line: string): boolean => !/[^\s_*-]/.test(line) || isSentFrom(line)

/** A person's own words below a mark that lost its blank end in sentences, or hold no way to reach anybody. */
const mostSignatureLines = 7
const reach = /@|www\.|https?:|\+?\d[\d ()/.-]{6,}/

/** Whether a signature begins here: its mark (RFC 3676, 4.3), or the mark without its blank and below it a few lines that can only be one. */
export function isSignatureMark(lines: readonly string[], i: number): boolean {
  if (lines[i] === '-- ') return true
  return lines[i] === '--' && isShortSignature(lines, i + 1) && lines.slice(i + 1).some((line) => test(reach, line))
}

function isShortSignature(lines: readonly string[], start: number): boolean {
  if (lines.length - start > 4 * mostSignatureLines) return false
  const said = lines.slice(start).filter((line) => !isBlank(line) && !isNothing(line))
  return said.length <= mostSignatureLines && said.every((line) => line.length <= 80 && !/[.?!:,]\s*$/.test(line))
}

/** Without what says nothing at the end. A mail of a signature alone says nothing either; a text below a mark at its top is no signature. */
export function withoutSignature(lines: readonly string[]): string[] {
  const first = lines.findIndex((line) => !isBlank(line))
  const kept = lines[first] === '-- ' && isShortSignature(lines, first + 1) ? [] : [...lines]
  while (kept.length > 0 && isNothing(kept.at(-1) ?? '')) kept.pop()
  return kept
}
