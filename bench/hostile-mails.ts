const head = (...headers: readonly string[]): string =>
  [
    'From: Eve <eve@hostile.example>',
    'To: support@northbank.example',
    'Subject: hello',
    'MIME-Version: 1.0',
    ...headers,
    '',
    '',
  ].join('\r\n')

const mail = (headers: readonly string[], body: string): Buffer => Buffer.from(head(...headers) + body)

/** Each part is a multipart with the next in it. */
function nested(depth: number): string {
  const parts = Array.from(
    { length: depth },
    (_, n) => `--b${n}\r\nContent-Type: multipart/mixed; boundary="b${n + 1}"\r\n\r\n`,
  )
  return `${parts.join('')}--b${depth}\r\n\r\nthe end\r\n`
}

/** One mail of each kind that is made to cost its reader: the others must not wait for it. */
export function hostileMails(): Readonly<Record<string, Buffer>> {
  return {
    'nested-parts': mail(['Content-Type: multipart/mixed; boundary="b0"'], nested(10_000)),
    'sibling-parts': mail(
      ['Content-Type: multipart/mixed; boundary="b"'],
      `${'--b\r\n\r\nx\r\n'.repeat(300_000)}--b--\r\n`,
    ),
    'empty-lines': mail(['Content-Type: text/plain'], '\n'.repeat(3_000_000)),
    'deep-html': mail(
      ['Content-Type: text/html'],
      `${'<div>'.repeat(50_000)}where is my card${'</div>'.repeat(50_000)}`,
    ),
    'no-boundary': mail(['Content-Type: multipart/mixed'], 'My card has not arrived yet.\r\n'),
    'broken-address': Buffer.from(
      head('Content-Type: text/plain').replace(
        '<eve@hostile.example>',
        '<eve@hostile.example\r\n\tBcc: all@bank.example>',
      ) + 'Where is my card?\r\n',
    ),
    'long-text': mail(
      ['Content-Type: text/plain'],
      'My card has not arrived yet, and I need it before I travel next week. Please tell me where it is now.\r\n'.repeat(
        250_000,
      ),
    ),
  }
}
