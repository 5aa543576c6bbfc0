/** What is behind a letter as something to read: its event, or its bytes as text where they are text. */
export function textOf({
  bytes,
  content,
}: {
  readonly bytes?: string | undefined
  readonly content?: unknown
}): unknown {
  if (bytes === undefined) return content
  const raw = Uint8Array.from(atob(bytes), (letter) => letter.codePointAt(0) ?? 0)
  const text = new TextDecoder('utf-8').decode(raw)
  const odd = text.match(/(?![\n\r\t])[\p{Cc}\ufffd]/gu)?.length ?? 0
  return odd > text.length / 20 ? `${raw.length} bytes that are no text` : text
}
