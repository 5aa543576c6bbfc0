import fc from 'fast-check'
import PostalMime from 'postal-mime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Reply } from './reply.ts'
import { SmtpServerUrl } from './smtp-server-url.ts'
import { SmtpMail } from './smtp.ts'
import { testSmtp, type TestSmtp } from './testing-smtp.ts'

// Whatever a reply says, the server gets one recipient and the mail that was meant. A value that became a header, a command or a second
// recipient would let a customer's subject send mail in our name.

let server: TestSmtp
let mail: SmtpMail
let tokens = 0
const never = new AbortController().signal
const send = (reply: Reply): Promise<unknown> =>
  mail.send(reply, `token-${(tokens++).toString().padStart(6, '0')}`, never)

beforeAll(async () => {
  server = await testSmtp()
  mail = new SmtpMail({
    server: new SmtpServerUrl(`smtp://${server.at}`),
    from: 'help@bank.example',
    journal: { look: async () => ({ state: 'absent' }), handOver: async () => true, settle: async () => {} },
  })
})
afterAll(() => server.close())

const unit = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xff_ff }).map((code) => String.fromCharCode(code)) }, // half characters too
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '\r\nBcc: z@z.example\r\n',
      '\nTo: z@z.example',
      '\r\n.\r\nMAIL FROM:<z@z.example>\r\n',
      '\n.\n',
      '\r.\r',
      '\r\n\r\n<html>',
      '=?utf-8?B?QmNjOg==?=',
      '<z@z.example>',
      ', z@z.example',
      '\u2028',
      '\u0085',
      '\0',
      ' '.repeat(80),
      'x'.repeat(1200),
    ),
  },
)
const hostile = fc.array(unit, { maxLength: 6 }).map((parts) => parts.join(''))
const addressed = fc.oneof(
  fc.constant('ann@mail.example'),
  fc
    .tuple(fc.constantFrom('ann@mail.example', 'ann'), hostile, fc.constantFrom('', '@mail.example'))
    .map((parts) => parts.join('')),
  fc.emailAddress(),
)

const spaces = (text: string): string => text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
const lines = (text: string): string => text.replaceAll(/\r\n?|\n/g, '\n').trimEnd()

test('what the server reads back is what was meant, to exactly one recipient', async () => {
  await fc.assert(
    fc.asyncProperty(addressed, hostile, hostile, hostile, async (to, subject, text, id) => {
      const before = server.taken.length
      const sent = await send({ to, subject, text, inReplyTo: id, references: [id, '<ok@x>'] })
      const mails = server.taken.slice(before)
      if (sent === undefined) {
        expect(mails).toEqual([])
        return
      }
      expect(mails.map((one) => one.to)).toEqual([[to]])
      expect(mails[0]?.from).toBe('help@bank.example')
      const email = await PostalMime.parse(mails[0]?.bytes ?? '')
      expect(email.headers.map((header) => header.key).filter((key) => !known.has(key))).toEqual([])
      expect(email.to).toEqual([{ address: to, name: '' }])
      expect([email.cc, email.bcc, email.attachments]).toEqual([undefined, undefined, []])
      expect(spaces(email.subject ?? '')).toBe(spaces(subject.toWellFormed()))
      expect(lines(email.text ?? '')).toBe(lines(text.toWellFormed()))
    }),
    { numRuns: 150, examples: [['ann@mail.example', '=?utf-8?B?QmNjOg==?= =?utf-8?Q?=0D=0ABcc:_z?=', '', '']] },
  )
}, 60_000)

const known = new Set([
  'from',
  'to',
  'subject',
  'message-id',
  'in-reply-to',
  'references',
  'date',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'auto-submitted',
])
