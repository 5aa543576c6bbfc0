import { action } from 'millrace'
import { z } from 'zod'
import { mail } from './mail.ts'

/** Header lines end at a line break: none may come in with a value. */
const oneLine = /^[^\r\n\0]*$/

export const reply = z.object({
  to: z.email().max(320).meta({ pii: 'contact' }),
  subject: z.string().max(1000).regex(oneLine),
  text: z.string().min(1).max(20_000),
  inReplyTo: z.string().max(998).regex(oneLine).optional(),
  references: z.array(z.string().max(998).regex(oneLine)).max(101).readonly().optional(),
})

/**
 * Sends the reply. The outbox names its file by the token and creates it exclusively; over SMTP a journal keeps which tokens were handed over. So
 * an attempt after a crash is the same mail, or ends in doubt with a person. The timeout is above a mail server's in all.
 */
export const sendReply = action({
  name: 'send-reply',
  input: reply,
  output: z.object({ messageId: z.string() }),
  approval: 'required',
  failures: ['address-refused'],
  undo: 'irreversible',
  ifUnknown: 'token-is-idempotent',
  timeout: '2m',
  run: async ({ input, token, signal, use, fail }) =>
    (await use(mail).send(input, token, signal)) ?? fail('address-refused'),
})
