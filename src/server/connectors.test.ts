import { createHmac } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { MillraceError } from '../core/errors/millrace-error.ts'
import type { Reply, ReplyCarrier } from '../intake/reply.ts'
import type { Settings } from '../sdk/config.ts'
import { action, connector, event, pipeline, type ReviewForm } from '../sdk/index.ts'
import { type TestDatabase, testDatabase } from '../store/testing.ts'
import { testbed, when } from '../testing/index.ts'
import { askingWhenInDoubt, connectorsOf, mailServerOf } from './connectors.ts'

let database: TestDatabase
let path: string
const never = new AbortController().signal
const reply: Reply = { to: 'ann@mail.example', subject: 'Re: Card', text: 'It is on its way.' }
const mailbox = { pipeline: 'desk', address: 'help@bank.example' }
const settings = (more: Partial<NonNullable<Settings['mailbox']>> = {}): Settings => ({
  pipelines: [],
  routes: {},
  allow: [],
  mailbox: { ...mailbox, ...more },
})
const mailOf = (given: Settings, send: boolean): ReplyCarrier =>
  connectorsOf({
    home: { path, file: (name) => join(path, name), close() {} },
    project: { file: 'millrace.config.ts', root: path, digest: '', settings: given },
    pool: database.pool,
    hash: (text) => createHmac('sha256', 'test').update(text).digest(),
    send,
  }).get('mail') as ReplyCarrier // the connector of this name is one

beforeAll(async () => {
  database = await testDatabase()
  path = mkdtempSync(join(tmpdir(), 'millrace-connectors-'))
})
afterAll(async () => {
  await database.drop()
  rmSync(path, { recursive: true })
})

test('without --send a reply goes to the outbox, whatever mail server the environment names; the cap counts there too', async () => {
  const mail = mailOf(settings({ smtp: 'smtp://127.0.0.1:1', repliesADay: 1 }), false)
  await mail.send(reply, 'token-0001', never)
  expect(readdirSync(join(path, 'outbox'))).toEqual(['token-0001.eml'])
  await expect(mail.send(reply, 'token-0002', never)).rejects.toMatchObject({ code: 'intake/too-many-replies' })
  expect(await mail.send(reply, 'token-0001', never)).toEqual({ messageId: '<token-0001@bank.example>' })
  expect(readdirSync(join(path, 'outbox'))).toEqual(['token-0001.eml'])
})

test('with --send it goes to the mail server, and never to the outbox', async () => {
  const mail = mailOf(settings({ smtp: 'smtp://127.0.0.1:1' }), true)
  await expect(mail.send({ ...reply, to: 'bob@mail.example' }, 'token-0003', never)).rejects.toMatchObject({
    code: 'intake/smtp-unavailable',
  })
  expect(readdirSync(join(path, 'outbox'))).not.toContain('token-0003.eml')
})

test('--send without a mail server says what to set; a wrong one is refused before anything starts', () => {
  const { mailbox: _, ...without } = settings()
  for (const given of [without, settings(), settings({ smtp: undefined }), settings({ smtp: '' })])
    expect(() => mailServerOf(given)).toThrow(/--send was given.*MILLRACE_SMTP_URL/)
  expect(() => mailServerOf(settings({ smtp: 'mail.example' }))).toThrow(/MILLRACE_SMTP_URL/)
})

// ---------------------------------------------------------------- in doubt

const received = event('message.received', z.object({ from: z.string() }))
const outcomeUnknown = { name: 'outcome-unknown', type: 'form' } as unknown as ReviewForm<
  unknown,
  { happened: boolean }
> // the platform's own form

test.each(['token-is-idempotent', 'ask-a-human'] as const)(
  'a reply in doubt is asked of a person and not sent again, under an action that says %s',
  async (ifUnknown) => {
    let attempts = 0
    const mail = askingWhenInDoubt({
      async send() {
        attempts++
        throw new MillraceError('intake/reply-in-doubt', { at: 'mail.example:587', messageId: '<1@x>', why: 'cut' })
      },
    })
    const send = action({
      name: 'send',
      input: z.object({ to: z.string() }),
      output: z.object({ messageId: z.string() }),
      failures: ['address-refused'],
      undo: 'irreversible',
      ifUnknown,
      run: async ({ input, token, signal, use, fail }) =>
        (await use(connector<ReplyCarrier>('mail')).send({ ...reply, ...input }, token, signal)) ??
        fail('address-refused'),
    })
    const sends = pipeline({ name: 'sends', on: received }, async (ctx, { from }) => ctx.act(send, { to: from }))
    const run = await testbed(sends, [when(outcomeUnknown, { answer: { happened: true } })], {
      connectors: { mail },
    }).run({ from: 'ann@mail.example' })
    expect(run.result).toEqual({ outcome: 'done-by-hand' })
    expect(run.asked).toEqual(['Did send happen? Its outcome is not known.'])
    expect(attempts).toBe(1)
  },
)
