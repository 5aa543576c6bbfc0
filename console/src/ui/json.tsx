/** Free JSON, or text, as it is: never as HTML. Marks that turn the direction of writing are shown, not obeyed. */
export function JsonText({ label, value }: { readonly value: unknown; readonly label: string }): React.JSX.Element {
  const text = typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? 'nothing')
  return (
    <pre className="json" tabIndex={0} role="region" aria-label={label}>
      {visible(text).slice(0, most)}
      {text.length > most && `\n… ${text.length - most} more characters`}
    </pre>
  )
}

/** More in one box slows the page down, and nobody reads it. */
const most = 200_000

/** Direction overrides and isolates (Trojan Source, CVE-2021-42574), and the zero-width ones. */
export const visible = (text: string): string =>
  text.replaceAll(/[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\ufeff]/g, (mark) => {
    const code = mark.codePointAt(0) ?? 0
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
  })
