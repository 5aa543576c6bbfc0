import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { MailParser } from './mail-parser.ts'

const head = 'From: ann@mail.example\r\nSubject: x\r\n'
const bytes = (text: string): Buffer => Buffer.from(text)
const good = bytes(`${head}\r\nhello`)
const slow = bytes(`${head}\r\n${'a line of a very long letter\r\n'.repeat(400_000)}`)

let parser: MailParser
const open = (work?: number): MailParser => (parser = new MailParser(systemClock, work === undefined ? {} : { work }))
afterEach(() => parser.close())

test('mails that come at once are all answered, each with its own', async () => {
  open()
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => parser.parse(bytes(`From: p${n}@mail.example\r\n\r\nhello`))),
  )
  expect(answers.map((mail) => 'from' in mail && mail.from)).toEqual(answers.map((_, n) => `p${n}@mail.example`))
})

test.each([
  ['300,000 parts', `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\n'.repeat(300_000)}`],
  [
    '10,000 nested parts',
    head +
      Array.from({ length: 10_000 }, (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`).join(
        '',
      ),
  ],
  ['3 MB of empty lines', `${head}\r\n${'\n'.repeat(3_000_000)}`],
])('%s are unreadable, and the next mail is read', async (_, mail) => {
  open()
  const [hostile, next] = await Promise.all([parser.parse(bytes(mail)), parser.parse(good)])
  expect(hostile).toHaveProperty('unreadable')
  expect(next).toMatchObject({ text: 'hello' })
})

test('a large mail holds no small one up: with one thread for all, every other waited for it', async () => {
  open()
  const order: string[] = []
  const letter = bytes(`${head}\r\n${'a line of a very long letter\r\n'.repeat(200_000)}`)
  const asked = [letter, letter, good].map(async (mail) => {
    await parser.parse(mail)
    order.push(mail === good ? 'small' : 'large')
  })
  await Promise.all(asked)
  expect(order.at(-1)).toBe('large')
})

test('a mail that takes more work than is given is stopped, and the next ones are read', async () => {
  open(100)
  const [hostile, ...next] = await Promise.all([parser.parse(slow), parser.parse(good), parser.parse(good)])
  expect(hostile).toEqual({ unreadable: expect.stringMatching(/too long/) as unknown })
  expect(next).toMatchObject([{ text: 'hello' }, { text: 'hello' }])
})

test('a server that stops calls no mail unreadable: its caller is told to send it again', async () => {
  open()
  const asked = [parser.parse(slow), parser.parse(good)].map((answer) => answer.catch((error: unknown) => error))
  await parser.close()
  for (const error of await Promise.all(asked)) expect(isMillraceError(error, 'intake/stopping')).toBe(true)
  await expect(parser.parse(good)).rejects.toSatisfy((e) => isMillraceError(e, 'intake/stopping'))
})
