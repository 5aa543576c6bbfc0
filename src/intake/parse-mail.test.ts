import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ParsedMail, parseMail, type Unreadable } from './parse-mail.ts'

const head = 'From: Ann <ann@mail.example>\r\nTo: help@bank.example\r\nSubject: Card\r\n'
const parse = (mail: string, encoding: BufferEncoding = 'utf8') => parseMail(Buffer.from(mail, encoding))
async function read(mail: string, encoding?: BufferEncoding): Promise<ParsedMail> {
  const parsed: ParsedMail | Unreadable = await parse(mail, encoding)
  if ('unreadable' in parsed) throw new Error(parsed.unreadable)
  return parsed
}
const textOf = async (headers: string, body: string, encoding?: BufferEncoding): Promise<string> =>
  (await read(`${head}${headers}\r\n${body}`, encoding)).text

test('a mail becomes what the triage needs', async () => {
  const mail = await read(
    `${head}Date: Tue, 17 Nov 2026 16:05:00 +0100\r\nMessage-ID: <1@mail.example>\r\nReferences: <a@x> junk <b@x>\r\n\r\nWhere is my card?\r\n`,
  )
  expect(mail).toEqual({
    from: 'ann@mail.example',
    fromName: 'Ann',
    to: ['help@bank.example'],
    subject: 'Card',
    text: 'Where is my card?',
    receivedAt: '2026-11-17T15:05:00.000Z',
    messageId: '<1@mail.example>',
    references: ['<a@x>', '<b@x>'],
    automatic: [],
  })
})

test.each([
  [
    'quoted-printable',
    'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n',
    'Gr=C3=BC=C3=9Fe =\r\naus K=C3=B6ln',
    'Grüße aus Köln',
  ],
  ['quoted-printable with a broken escape', 'Content-Transfer-Encoding: quoted-printable\r\n', '1=ZZ 2', '1=ZZ 2'],
  [
    'base64',
    'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n',
    Buffer.from('Grüße').toString('base64'),
    'Grüße',
  ],
  [
    'base64 in UTF-16',
    'Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n',
    Buffer.from('Grüße', 'utf16le').toString('base64'),
    'Grüße',
  ],
  ['KOI8-R', 'Content-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: base64\r\n', '8NLJ18XU', 'Привет'],
  ['flowed lines', 'Content-Type: text/plain; format=flowed\r\n', 'a long line \r\ngoes on', 'a long line goes on'],
  [
    'HTML alone',
    'Content-Type: text/html; charset=utf-8\r\n',
    '<style>p{}</style><p>Hello <b>you</b> &amp; me,</p><p>bye<br>Ann</p>',
    'Hello you & me,\n\nbye\nAnn',
  ],
  ['a comment in the type', 'Content-Type: text/plain (really); charset=utf-8\r\n', 'hello', 'hello'],
])('%s', async (_, headers, body, text) => {
  expect(await textOf(headers, body)).toBe(text)
})

test('bytes of ISO 8859-1 are read, declared or not, in headers and body (an undeclared one was lost)', async () => {
  const headers = 'From: J\xf6rg <j@mail.example>\r\nSubject: Gr\xfc\xdfe\r\n'
  expect(await read(`${headers}\r\nK\xf6ln`, 'latin1')).toMatchObject({
    fromName: 'Jörg',
    subject: 'Grüße',
    text: 'Köln',
  })
  const declared = `${headers}Content-Type: text/plain;\r\n charset=iso-8859-1\r\n\r\nK\xf6ln`
  expect((await read(declared, 'latin1')).text).toBe('Köln')
  expect(await read('From: a@b.example\r\nSubject: Grüße\r\n\r\nKöln')).toMatchObject({
    subject: 'Grüße',
    text: 'Köln',
  })
})

test.each([
  ['a byte order mark first', `\ufeff${head}\r\nhello`],
  ['lines that end in LF', `${head}\r\nhello`.replaceAll('\r\n', '\n')],
  ['lines that end in CR', `${head}\r\nhello`.replaceAll('\r\n', '\r')],
  ['a line of an mbox first', `From ann@mail.example Tue Nov 17\r\n${head}\r\nhello`],
  ['a multipart without a boundary', `${head}Content-Type: multipart/mixed\r\n\r\nhello`],
  ['a multipart whose boundary is never used', `${head}Content-Type: multipart/mixed; boundary=x\r\n\r\nhello`],
  ['a multipart that is cut off', `${head}Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhello`],
  [
    'an HTML part and a text',
    `${head}Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>HELLO</p>\r\n--x--`,
  ],
])('%s loses no text', async (_, mail) => {
  expect(await read(mail)).toMatchObject({ from: 'ann@mail.example', text: 'hello' })
})

test('a quote in HTML goes, and answers between quotes stay', async () => {
  const html =
    '<div>See below.</div><div class="gmail_quote"><div class="gmail_attr">On Tue, Nov 17, 2026 at 4:05 PM Desk &lt;d@bank.example&gt; wrote:</div>' +
    '<blockquote class="gmail_quote"><p>Which card?</p></blockquote><p>The blue one.</p><blockquote class="gmail_quote"><p>Regards</p></blockquote></div>'
  expect(await textOf('Content-Type: text/html\r\n', html)).toBe('See below.\n\nThe blue one.')
})

test('a mail that only forwards in HTML is what it forwards', async () => {
  const html =
    '<div class="gmail_quote">---------- Forwarded message ---------<br>From: Shop<br><br><p>Pay now</p></div>'
  expect(await textOf('Content-Type: text/html\r\n', html)).toContain('Pay now')
})

test('HTML nested deeper than the converter bears is read as text, styles aside', async () => {
  for (const depth of [600, 50_000]) {
    const html = `<head><style>p { color: red }</style></head>${'<div>'.repeat(depth)}a &lt; b${'</div>'.repeat(depth)}<br>end${'<br>'.repeat(depth)}`
    const text = await textOf('Content-Type: text/html\r\n', html)
    expect(text).toMatch(/^a < b\s+end$/)
  }
  expect(await textOf('Content-Type: text/html\r\n', '<div>'.repeat(90_000) + '<style>'.repeat(20_000))).toBe('')
})

test.each([
  ['Reply-To counts', 'From: noreply@shop.example\r\nReply-To: Ann <ann@mail.example>\r\n', 'ann@mail.example'],
  [
    'a Reply-To that cannot be answered does not',
    'From: ann@mail.example\r\nReply-To: undisclosed\r\n',
    'ann@mail.example',
  ],
  ['Sender, where From has no address', 'From: Ann\r\nSender: ann@mail.example\r\n', 'ann@mail.example'],
  ['the first of a group', 'From: team: ann@mail.example, b@mail.example;\r\n', 'ann@mail.example'],
  ['a domain beyond ASCII', 'From: ann@müller.example\r\n', 'ann@xn--mller-kva.example'],
  ['capitals', 'From: Ann@Mail.EXAMPLE\r\n', 'ann@mail.example'],
])('who is answered: %s', async (_, headers, from) => {
  expect((await read(`${headers}\r\nhello`)).from).toBe(from)
})

test.each([
  ['no headers', 'hello\r\nthis is no mail', /not an e-mail/],
  ['no bytes that mean anything', '\u0000\u0001\u0002', /not an e-mail/],
  ['no sender', 'Subject: x\r\n\r\nhello', /no sender/],
  ['an address with a quoted line break', 'From: "a\r\n b"@mail.example\r\n\r\nhello', /no sender/],
  ['an address without a domain', 'From: ann@localhost\r\n\r\nhello', /no sender/],
  ['an address the schema would refuse', 'From: a..b@mail.example\r\n\r\nhello', /no sender/],
])('%s: unreadable, with the reason', async (_, mail, why) => {
  expect(await parse(mail)).toEqual({ unreadable: expect.stringMatching(why) as unknown })
})

test('no header of a mail can carry a line break into an answer', async () => {
  const inject = '=?utf-8?q?x=0D=0ABcc=3A_z=40z=2Eexample?='
  const mail = await read(
    `From: ${inject} <ann@mail.example>\r\nSubject: ${inject}\r\nMessage-ID: <a\r\n b@x>\r\n\r\nhello`,
  )
  expect(JSON.stringify({ ...mail, text: '' })).not.toMatch(/\\[rn]/)
  expect(mail.messageId).toBeUndefined()
})

test.each([
  ['Auto-Submitted: auto-replied', ['auto-submitted']],
  ['Auto-Submitted: auto-generated; owner-email="x@y.example"', ['auto-submitted']],
  ['Auto-Submitted: no', []],
  ['Auto-Submitted: No (a person)', []],
  ['X-Auto-Response-Suppress: DR, OOF, AutoReply', ['auto-submitted']],
  ['X-Auto-Response-Suppress: DR, RN', []],
  ['X-Autoreply: yes', ['auto-submitted']],
  ['Precedence: auto_reply', ['auto-submitted']],
  ['Precedence: bulk', ['bulk']],
  ['Precedence: list', ['list']],
  ['List-Id: <news.shop.example>', ['list']],
  ['List-Unsubscribe: <https://shop.example/u>', ['list']],
  ['Return-Path: <>', ['bounce']],
  ['Return-Path: <ann@mail.example>', []],
  ['Content-Type: multipart/report; report-type=delivery-status; boundary=x', ['bounce']],
  ['X-Priority: 1', []],
])('the sign of %s', async (line, signs) => {
  expect((await read(`${line}\r\n${head}\r\nhello`)).automatic).toEqual(signs)
})

test.each(['no-reply', 'noreply', 'no_reply', 'noreply-orders', 'noreply+a1', 'do-not-reply', 'donotreply'])(
  'nobody reads what comes to %s',
  async (name) => {
    expect((await read(`From: ${name}@shop.example\r\n\r\nhello`)).automatic).toEqual(['no-reply'])
  },
)

test('names that only begin alike are people', async () => {
  for (const name of ['noreplyson', 'nora.eply', 'postmaster.ann'])
    expect((await read(`From: ${name}@mail.example\r\n\r\nhello`)).automatic).toEqual([])
})

test('a bounce without a sender is kept as one, not refused', async () => {
  const mail = await read('Return-Path: <>\r\nSubject: Undeliverable\r\n\r\nhello')
  expect(mail.automatic).toContain('bounce')
  expect((await read('From: MAILER-DAEMON@mail.example\r\n\r\nhello')).automatic).toEqual(['bounce'])
})

test('a huge text is cut, and is still well-formed', async () => {
  const { text } = await read(`${head}Content-Type: text/plain; charset=utf-8\r\n\r\n${'😀'.repeat(150_000)}`)
  expect(text.length).toBe(200_000)
  expect(text.isWellFormed()).toBe(true)
})

test.each([
  ['parts', /parts/, () => `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\n'.repeat(200_000)}`],
  ['empty lines', /lines/, () => `${head}\r\n${'\n'.repeat(3_000_000)}`],
  [
    'boundaries',
    /nested parts/,
    () => `${head}\r\n${Array.from({ length: 9000 }, (_, n) => `boundary=${n}`).join('\r\n')}`,
  ],
])('too many %s are refused before they are parsed', async (_, why, mail) => {
  expect(await parse(mail())).toEqual({ unreadable: expect.stringMatching(why) as unknown })
})

test('dashes in a long text are no parts', async () => {
  const sql = 'select 1; -- one\r\n-- a remark\r\n--b is another\r\n'.repeat(2000)
  expect((await textOf('', sql)).length).toBeGreaterThan(80_000)
})

test('any bytes are answered, never thrown at', async () => {
  const piece = fc.constantFrom(
    head,
    '\r\n\r\n',
    '--x',
    'Content-Type: multipart/mixed; boundary=x\r\n',
    '=?utf-8?q?=',
    '<',
    '>',
    '"',
    ':',
    '\u0000',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(piece, fc.string({ unit: 'binary' })), { maxLength: 20 }), async (pieces) => {
      const parsed = await parse(pieces.join('')).catch((error: unknown) => error)
      if (parsed instanceof Error) expect(parsed.message).toMatch(/nesting|header/i) // the parser's own limits: the worker makes them an answer
      else expect(JSON.stringify(parsed).isWellFormed()).toBe(true)
    }),
  )
})

test('a letter of 25 MB is read from its beginning, whatever its lines, and what follows a picture is still found', async () => {
  const lines =
    'My card has not arrived yet, and I need it before I travel. Please tell me where it is now.\r\n'.repeat(250_000)
  for (const text of [lines, 'x'.repeat(25_000_000)]) {
    const mail = await parseMail(Buffer.from(`From: a@mail.example\r\nContent-Type: text/plain\r\n\r\n${text}`))
    expect('text' in mail && text.startsWith(mail.text.replaceAll('\n', '\r\n').slice(0, 1000))).toBe(true)
    expect('text' in mail && mail.text.length).toBeGreaterThan(199_000)
  }
  const picture = `--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n${`${'A'.repeat(76)}\r\n`.repeat(120_000)}`
  const parts = `${picture}--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n`
  const mail = await parseMail(
    Buffer.from(`From: a@mail.example\r\nContent-Type: multipart/mixed;\r\n boundary=b\r\n\r\n${parts}`),
  )
  expect(mail).toMatchObject({ text: 'hello' })
})
