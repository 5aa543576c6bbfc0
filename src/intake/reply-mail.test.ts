import { expect, test } from 'vitest'
import type { Reply } from './reply.ts'
import { ReplyMail } from './reply-mail.ts'

const never = new AbortController().signal
const reply: Reply = { to: 'ann@mail.example', subject: 'Re: Card', text: 'It is on its way.' }

function mailbox(cap: () => Promise<void> = async () => {}): { mail: ReplyMail; done: string[] } {
  const done: string[] = []
  const carrier = {
    async send({ to }: Reply) {
      done.push(`sent to ${to}`)
      return { messageId: '<1@bank.example>' }
    },
  }
  const count = async (_token: string, address: string): Promise<void> => {
    await cap()
    done.push(`counted ${address}`)
  }
  return { mail: new ReplyMail({ carrier, cap: { count }, from: 'Help@bank.example' }), done }
}

test('a reply is counted before it leaves', async () => {
  const { mail, done } = mailbox()
  expect(await mail.send(reply, 'token-0001', never)).toEqual({ messageId: '<1@bank.example>' })
  expect(done).toEqual(['counted ann@mail.example', 'sent to ann@mail.example'])
})

test('over the cap nothing leaves', async () => {
  const { mail, done } = mailbox(async () => Promise.reject(new Error('over the cap')))
  await expect(mail.send(reply, 'token-0001', never)).rejects.toThrow('over the cap')
  expect(done).toEqual([])
})

test.each([
  'no-reply@mail.example',
  'NoReply@mail.example',
  'do-not-reply+17@mail.example',
  'MAILER-DAEMON@mail.example',
  'postmaster@mail.example',
  'help@bank.example',
  'HELP+card@Bank.example',
  'ann@mail.example, z@z.example',
  'ann@mail.example\r\nRCPT TO:<z@z.example>',
])('nothing leaves to %j, and nothing is counted', async (to) => {
  const { mail, done } = mailbox()
  expect(await mail.send({ ...reply, to }, 'token-0001', never)).toBeUndefined()
  expect(done).toEqual([])
})
