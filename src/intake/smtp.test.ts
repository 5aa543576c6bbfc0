import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { inspect } from 'node:util'
import PostalMime from 'postal-mime'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { mainTenant } from '../core/ids.ts'
import { openPool } from '../store/pool.ts'
import { testDatabase, type TestDatabase } from '../store/testing.ts'
import type { Reply } from './reply.ts'
import { ReplyJournal } from './reply-journal.ts'
import type { SmtpLimits } from './smtp-conversation.ts'
import { SmtpServerUrl } from './smtp-server-url.ts'
import { SmtpMail } from './smtp.ts'
import { type OnMessage, refusal, scriptedSmtp, testSmtp, type TestSmtp } from './testing-smtp.ts'

let database: TestDatabase
const open: { close(): Promise<void> }[] = []
const reply: Reply = {
  to: 'ann@mail.example',
  subject: 'Re: Card',
  text: 'It is on its way.\n.\nYour bank',
  inReplyTo: '<q@mail.example>',
  references: ['<p@x>', '<q@mail.example>'],
}
const never = new AbortController().signal
const password = 'gEh3im/€'
let tokens = 0
const newToken = (): string => `token-${(tokens++).toString().padStart(6, '0')}`

beforeAll(async () => {
  database = await testDatabase()
})
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
afterAll(() => database.drop())

const serve = async (options: Parameters<typeof testSmtp>[0] = {}): Promise<TestSmtp> => {
  const server = await testSmtp(options)
  open.push(server)
  return server
}
const journal = (): ReplyJournal => new ReplyJournal({ pool: database.pool, tenant: mainTenant })
const mailTo = (at: string, limits: Partial<SmtpLimits> = {}, scheme = 'smtp', more = ''): SmtpMail =>
  new SmtpMail({
    server: new SmtpServerUrl(`${scheme}://${more.includes('@') ? more : ''}${at}${more.includes('@') ? '' : more}`),
    from: 'help@bank.example',
    journal: journal(),
    limits,
  })
const login = `user:${encodeURIComponent(password)}@`

/** Every error of this file is looked at: none may show the password. */
async function failure(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error: unknown = await work.then(
    (value) => new Error(`nothing failed: ${inspect(value)}`),
    (e: unknown) => e,
  )
  const shown = `${inspect(error, { depth: 20, showHidden: true })}${JSON.stringify(error)}`
  for (const secret of [password, encodeURIComponent(password), Buffer.from(password).toString('base64')])
    expect(shown).not.toContain(secret)
  if (!isMillraceError(error)) throw error
  return { code: error.code, message: error.message }
}

test('a reply reaches its one recipient, as a mail that no program answers; the same token again sends nothing', async () => {
  const server = await serve()
  const token = 'a1'.repeat(32)
  const sent = await mailTo(server.at).send(reply, token, never)
  expect(sent).toEqual({ messageId: `<${token.slice(0, 40)}@bank.example>` })
  const [mail] = server.taken
  expect([mail?.from, mail?.to]).toEqual(['help@bank.example', ['ann@mail.example']])
  const email = await PostalMime.parse(mail?.bytes ?? '')
  expect(email).toMatchObject({
    messageId: sent?.messageId,
    inReplyTo: '<q@mail.example>',
    references: '<p@x> <q@mail.example>',
    subject: 'Re: Card',
    text: 'It is on its way.\n.\nYour bank\n',
  })
  expect(email.headers).toContainEqual(expect.objectContaining({ key: 'auto-submitted', value: 'auto-replied' }))
  expect(await mailTo(server.at).send({ ...reply, text: 'other' }, token, never)).toEqual(sent)
  expect([server.taken.length, server.connections()]).toEqual([1, 1])
})

test('the login is given, and one that is refused stops the step and is not shown, even if the server repeats it', async () => {
  const server = await serve({
    authOptional: false,
    onAuth: ({ username, password: given }, _session, done) =>
      username === 'user' && given === password ? done(null, { user: 1 }) : done(refusal(535, `5.7.8 not ${given}`)),
  })
  await mailTo(server.at, {}, 'smtp', login).send(reply, newToken(), never)
  expect(server.taken).toHaveLength(1)
  const liar = await serve({ onAuth: (_auth, _session, done) => done(refusal(535, `5.7.8 not ${password}`)) })
  const { code, message } = await failure(mailTo(liar.at, {}, 'smtp', login).send(reply, newToken(), never))
  expect([code, message]).toEqual(['intake/smtp-refused', expect.stringContaining('the login: 535 5.7.8')])
})

test.each([
  ['takes no connection', { onConnect: (_s: unknown, done: (e: Error) => void) => done(refusal(421, 'busy')) }],
  [
    'puts off the sender',
    { onMailFrom: (_a: unknown, _s: unknown, done: (e: Error) => void) => done(refusal(451, 'x')) },
  ],
  [
    'puts off the recipient',
    { onRcptTo: (_a: unknown, _s: unknown, done: (e: Error) => void) => done(refusal(450, '4.2.0 x')) },
  ],
  ['puts off the message', { onMessage: (answer: (e: Error) => void) => answer(refusal(452, '4.3.1 full')) }],
])('a server that %s: nothing was sent, and the next attempt may send', async (_what, options) => {
  const [bad, good] = [await serve(options), await serve()]
  const token = newToken()
  expect((await failure(mailTo(bad.at).send(reply, token, never))).code).toBe('intake/smtp-unavailable')
  expect(await journal().look(token)).toEqual({ state: 'absent' })
  await mailTo(good.at).send(reply, token, never)
  expect([bad.taken.length, good.taken.length]).toEqual([0, 1])
})

test.each([
  ['the sender', { onMailFrom: (_a: unknown, _s: unknown, done: (e: Error) => void) => done(refusal(550, 'no')) }],
  [
    'anybody without a login',
    { onRcptTo: (_a: unknown, _s: unknown, done: (e: Error) => void) => done(refusal(530, 'no')) },
  ],
  ['to relay', { onRcptTo: (_a: unknown, _s: unknown, done: (e: Error) => void) => done(refusal(554, '5.7.1 no')) }],
  ['the message', { onMessage: (answer: (e: Error) => void) => answer(refusal(554, '5.6.0 no')) }],
])('a server that refuses %s fails the step clearly: no address is to blame', async (_what, options) => {
  const server = await serve(options)
  expect((await failure(mailTo(server.at).send(reply, newToken(), never))).code).toBe('intake/smtp-refused')
})

test('a recipient that is refused is the failure of the address, not of the server', async () => {
  const server = await serve({ onRcptTo: (_a, _s, done) => done(refusal(550, '5.1.1 no such user')) })
  expect(await mailTo(server.at).send(reply, newToken(), never)).toBeUndefined()
  expect(server.taken).toEqual([])
})

test('nobody listens, or one that says nothing: the attempt ends, and nothing was sent', async () => {
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as AddressInfo // it listens on a port
  await new Promise((resolve) => closed.close(resolve))
  const nobody = await failure(mailTo(`127.0.0.1:${port}`).send(reply, newToken(), never))
  expect([nobody.code, nobody.message]).toEqual([
    'intake/smtp-unavailable',
    expect.stringContaining('connecting: ECONNREFUSED'),
  ])

  const silent = await scriptedSmtp(() => {})
  open.push(silent)
  for (const limits of [{ greeting: 30 }, { whole: 30 }]) {
    const { code } = await failure(mailTo(silent.at, limits).send(reply, newToken(), never))
    expect(code).toBe('intake/smtp-unavailable')
  }
  const deaf = await scriptedSmtp((line, socket) => line === undefined && socket.write('220 hello\r\n'))
  open.push(deaf)
  const { message } = await failure(mailTo(deaf.at, { command: 30 }).send(reply, newToken(), never))
  expect(message).toContain('no answer in time')
})

test('a server that is cut off before the message: nothing was sent', async () => {
  const server: TestSmtp = await serve({ onRcptTo: () => server.cut() })
  expect((await failure(mailTo(server.at).send(reply, newToken(), never))).code).toBe('intake/smtp-unavailable')
})

test.each<[string, Partial<SmtpLimits>, OnMessage]>([
  ['the connection breaks', {}, (_answer, server) => server.cut()],
  ['no answer comes in time', { command: 1000 }, () => {}],
  ['it takes too long in all', { whole: 1500 }, () => {}],
])('after the message, before the answer, %s: in doubt, and never sent again', async (_what, limits, onMessage) => {
  const server = await serve({ onMessage })
  const token = newToken()
  const first = await failure(mailTo(server.at, limits).send(reply, token, never))
  expect(first.code).toBe('intake/reply-in-doubt')
  const good = await serve()
  for (const other of [server, good])
    expect((await failure(mailTo(other.at, limits).send(reply, token, never))).code).toBe('intake/reply-in-doubt')
  expect([server.connections(), good.connections()]).toEqual([1, 0])
})

test.each([
  ['half an answer', '25'],
  ['an answer that is none', 'what?\r\n'],
  ['last words that are not an answer to the message', '421 closing\r\n'],
])('%s after the message leaves it in doubt', async (_what, last) => {
  const server = await scriptedSmtp((line, socket) => {
    if (line === undefined) socket.write('220 hello\r\n')
    else if (line === '.') socket.end(last)
    else if (line === 'DATA') socket.write('354 go\r\n')
    else if (/^(EHLO|MAIL|RCPT)/.test(line)) socket.write('250 ok\r\n')
  })
  open.push(server)
  expect((await failure(mailTo(server.at).send(reply, newToken(), never))).code).toBe('intake/reply-in-doubt')
})

test('a server that closes right after its answer has sent', async () => {
  const server = await scriptedSmtp((line, socket) => {
    if (line === undefined) socket.write('220 hello\r\n')
    else if (line === '.') socket.end('250 taken\r\n')
    else if (line === 'DATA') socket.write('354 go\r\n')
    else if (/^(EHLO|MAIL|RCPT)/.test(line)) socket.write('250 ok\r\n')
  })
  open.push(server)
  const token = newToken()
  expect(await mailTo(server.at).send(reply, token, never)).toEqual({ messageId: `<${token}@bank.example>` })
  expect(await journal().look(token)).toEqual({ state: 'sent' })
})

test('two processes with one token at a slow server: one mail, and both are told that it was sent', async () => {
  const waiting: (() => void)[] = []
  const server = await serve({ onMessage: (answer) => waiting.push(answer) })
  const otherPool = openPool({ url: database.appUrl, max: 2, name: 'another process' })
  open.push({ close: () => otherPool.end() })
  const other = new SmtpMail({
    server: new SmtpServerUrl(`smtp://${server.at}`),
    from: 'help@bank.example',
    journal: new ReplyJournal({ pool: otherPool, tenant: mainTenant }),
  })
  const token = newToken()
  const both = Promise.all([mailTo(server.at).send(reply, token, never), other.send(reply, token, never)])
  await expect.poll(() => waiting.length).toBe(1)
  for (const answer of waiting) answer()
  const sent = { messageId: `<${token}@bank.example>` }
  expect(await both).toEqual([sent, sent])
  expect(server.taken).toHaveLength(1)
})

test('what a killed process had handed over is in doubt once no attempt can be under way', async () => {
  const server = await serve()
  const token = newToken()
  expect(await journal().handOver(token)).toBe(true)
  expect(await journal().handOver(token)).toBe(false)
  await database.ownerPool.query(
    `update reply set handed_over = handed_over - interval '1 hour' where token = '${token}'`,
  )
  expect((await failure(mailTo(server.at).send(reply, token, never))).code).toBe('intake/reply-in-doubt')
  expect(server.connections()).toBe(0)
})

test('called off before the message, nothing is sent; after it, it is in doubt', async () => {
  const server = await serve({ onMessage: (_answer) => reached.abort(new Error('called off')) })
  const reached = new AbortController()
  await expect(mailTo(server.at).send(reply, newToken(), AbortSignal.abort(new Error('off')))).rejects.toThrow('off')
  expect(server.connections()).toBe(0)
  expect((await failure(mailTo(server.at).send(reply, newToken(), reached.signal))).code).toBe('intake/reply-in-doubt')
})

test('without its journal nothing is handed over', async () => {
  const server = await serve()
  const broken = new SmtpMail({
    server: new SmtpServerUrl(`smtp://${server.at}`),
    from: 'help@bank.example',
    journal: {
      look: async () => ({ state: 'absent' }),
      handOver: async () => Promise.reject(new Error('no database')),
      settle: async () => Promise.reject(new Error('settled what was not handed over')),
    },
  })
  expect((await failure(broken.send(reply, newToken(), never))).code).toBe('intake/smtp-unavailable')
  expect(server.taken).toEqual([])
})

test('where TLS is asked for, neither login nor mail goes in the clear, or to a server that cannot prove its name', async () => {
  const seen: string[] = []
  const onAuth = (_a: unknown, _s: unknown, done: (e: Error) => void): void => done(refusal(535, 'no'))
  const plain = await serve({ onAuth, onMailFrom: (_a, _s, done) => done(void seen.push('plain')) })
  const forged = await serve({
    onAuth,
    hasStartTls: true,
    onMailFrom: (_a, _s, done) => done(void seen.push('forged')),
  })
  const secure = await serve({ onAuth, secure: true, onMailFrom: (_a, _s, done) => done(void seen.push('secure')) })
  for (const [at, scheme, more] of [
    [plain.at, 'smtp', '?tls=required'],
    [forged.at, 'smtp', '?tls=required'],
    [secure.at, 'smtps', ''],
  ] as const) {
    const server = new SmtpServerUrl(`${scheme}://${login}${at}${more}`)
    const mail = new SmtpMail({ server, from: 'help@bank.example', journal: journal() })
    expect((await failure(mail.send(reply, newToken(), never))).code).toMatch(/^intake\/smtp-/)
  }
  expect(seen).toEqual([])
})
