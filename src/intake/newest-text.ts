import { headingAt, isHeadingWithQuote, namesSender } from './newest-text-heading.ts'
import { isHeaderBlock } from './newest-text-header-block.ts'
import { isBlank, isQuotedAfter, joined, quoted, test, unquote } from './newest-text-lines.ts'
import { isSignatureMark, withoutSignature } from './newest-text-signature.ts'

/**
 * The newest text of a mail: without the quoted thread below or above it, and without the signature. Own line rules: every library that was
 * tried lost text in some replies or took seconds for hostile ones.
 *
 * 1. Text is never lost: a line before the first quote stays unless it is the quote's heading. What only looks like a heading (`On Monday your
 *    colleague wrote:`) is one where a quote follows, or where it names an address or a time.
 * 2. A signature ends where a quote begins: what stands below the quote is the author's again.
 * 3. Linear: each line is read a fixed number of times, and a line over 300 characters matches no rule.
 */
export function newestText(text: string): string {
  const lines = text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[\u200b\ufeff]/g, '')
    .split('\n')
  const kept: string[] = []
  let [hasText, isSigned] = [false, false]
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    if (!hasText && test(forwarded, unquote(line))) return trimmed([...kept, ...lines.slice(i)]) // a forward without a word of its own is what it forwards
    if (hasText && (isCut(line) || isHeaderBlock(lines, i))) break
    const heading = headingAt(lines, i)
    if (heading > 0) {
      const isQuoteNext = quoted.test(line) || isQuotedAfter(lines, i + heading)
      if (isQuoteNext) {
        isSigned = false
        i += heading - 1
        continue
      }
      if (hasText && test(namesSender, joined(lines, i, heading))) break
    }
    if (quoted.test(line)) {
      isSigned = false
      continue
    }
    if (hasText) isSigned ||= isSignatureMark(lines, i)
    if (isSigned) continue
    kept.push(line)
    hasText ||= !isBlank(line)
  }
  return trimmed(withoutSignature(kept))
}

const original =
  /^[-_\s]{2,}(?:Original Message|Ursprüngliche Nachricht|Original-?nachricht|Message d['’]origine|Message (?:original|initial)|Mensaje original|Messaggio originale|Oorspronkelijk bericht|Originele bericht|Wiadomość oryginalna|Oryginalna wiadomość|Mensagem original)[-_\s]*$/i
/** A ticket system's mark. In a sentence of a person it has no rule around it. */
const replyAbove =
  /^[-#=_*~\s]{2,}.{0,40}(?:reply above|oberhalb dieser|über dieser (?:Linie|Zeile)|au-dessus de cette|encima de esta|sopra questa|boven deze|powyżej tej|acima desta).{0,40}[-#=_*~\s]{2,}$/i
const forwarded =
  /^\s?(?:-{2,}\s?(?:Forwarded message|Weitergeleitete Nachricht|Message transféré|Mensaje reenviado|Messaggio inoltrato|Doorgestuurd bericht|Treść przekazanej wiadomości|Wiadomość przekazana|Mensagem (?:encaminhada|reencaminhada))|Begin forwarded message:|Inizio messaggio inoltrato:|Inicio del mensaje reenviado:|Begin doorgestuurd bericht:|Początek przekazywanej wiadomości:|Início da mensagem (?:reencaminhada|encaminhada):|Anfang der weitergeleiteten (?:E-Mail|Nachricht):|Début du message (?:transféré|réexpédié))/i

const isCut = (line: string): boolean =>
  [original, replyAbove, forwarded].some((pattern) => test(pattern, line)) || isHeadingWithQuote(line)

const trimmed = (lines: readonly string[]): string =>
  lines
    .map((line) => (isBlank(line) ? '' : line))
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
