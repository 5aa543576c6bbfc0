import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { answerTo, greetingFor, topicOf } from './compose.ts'
import { reply } from './send-reply.ts'

const message = {
  from: 'ana@customer.example',
  fromName: 'Ana Ruiz',
  subject: 'My card',
  messageId: '<1@customer.example>',
}
const anyText = fc.string({ unit: 'binary', maxLength: 1200 })

describe('greeting', () => {
  test.each([
    ['Ana Ruiz', 'Hello Ana,'],
    ['  Łukasz Żak ', 'Hello Łukasz,'],
    ["O'Neill Brady", "Hello O'Neill,"],
    ['Jean-Luc Mercier', 'Hello Jean-Luc,'],
  ])('%s is greeted by the given name', (name, greeting) => {
    expect(greetingFor(name)).toBe(greeting)
  })

  test.each([
    undefined,
    '',
    'ana@customer.example',
    'BRIAN TUFNELL',
    'Dr Amadi',
    'Accounts, Blue Fern',
    'Your money is waiting at northbank-secure example',
    '<script>',
    'Barrister Cole Abrams',
    'Web Experts',
    'Name withheld',
    'Mail Delivery Subsystem',
    'j',
  ])('%j is no name that a bank would put into a letter', (name) => {
    expect(greetingFor(name)).toBe('Hello,')
  })

  test('property: whatever the sender calls himself, the greeting is one short line of letters', () => {
    fc.assert(
      fc.property(anyText, (name) => {
        expect(greetingFor(name)).toMatch(/^Hello(?: \p{Lu}[\p{L}'’-]{1,29})?,$/u)
      }),
    )
  })
})

describe('topic', () => {
  test.each([
    ['Re: My card', 'My card'],
    ['RE: Fwd: AW: My card', 'My card'],
    ['Re[2]: My card', 'My card'],
    ['Antw: Odp: RIF: My card', 'My card'],
    ['Refund: where is it', 'Refund: where is it'],
    ['Re:', ''],
    ['My\r\nBcc: all@customer.example', 'My Bcc: all@customer.example'],
  ])('%j is about %j', (subject, topic) => {
    expect(topicOf(subject)).toBe(topic)
  })

  test('property: a topic has no line break, is not longer than a header takes, and has no further topic', () => {
    fc.assert(
      fc.property(anyText, (subject) => {
        const topic = topicOf(subject)
        expect(topic).not.toMatch(/[\r\n\0]/)
        expect(topic.length).toBeLessThanOrEqual(900)
      }),
    )
  })
})

describe('answer', () => {
  test('goes to the sender, under the same subject, in the same thread', () => {
    expect(answerTo({ ...message, references: ['<0@northbank.example>'] }, 'Text')).toEqual({
      to: 'ana@customer.example',
      subject: 'Re: My card',
      text: 'Text',
      inReplyTo: '<1@customer.example>',
      references: ['<0@northbank.example>', '<1@customer.example>'],
    })
  })

  test('a mail without a subject and a Message-ID is answered all the same', () => {
    expect(answerTo({ from: message.from, subject: '' }, 'Text')).toEqual({
      to: message.from,
      subject: 'Your message to Northbank',
      text: 'Text',
    })
  })

  test('an id that could carry another header is left out', () => {
    const answer = answerTo(
      { ...message, messageId: '<1@x>\r\nBcc: <all@x>', references: ['<a b>', 'plain', '<ok@x>'] },
      'T',
    )
    expect(answer.inReplyTo).toBeUndefined()
    expect(answer.references).toEqual(['<ok@x>'])
  })

  test('property: whatever a mail says, its answer fits what the action takes and breaks no header line', () => {
    const ids = fc.oneof(
      anyText,
      fc.string({ maxLength: 20 }).map((id) => `<${id}@customer.example>`),
    )
    const mails = fc.record(
      {
        from: fc.constant(message.from),
        fromName: anyText,
        subject: anyText,
        messageId: ids,
        references: fc.array(ids),
      },
      { requiredKeys: ['from', 'subject'] },
    )
    fc.assert(
      fc.property(mails, (mail) => {
        const answer = answerTo(mail, 'Text')
        expect(() => reply.parse(answer)).not.toThrow()
        for (const line of [answer.subject, answer.inReplyTo ?? '', ...(answer.references ?? [])])
          expect(line).not.toMatch(/[\r\n\0]/)
      }),
    )
  })
})
