import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Client } from '../src/cli/client.ts'
import { MailboxRun, type MailLine } from '../src/cli/mailbox-run.ts'
import { testServer, type TestServer } from '../src/server/testing.ts'

// What people and programs send that cannot be used, over a real server: one clear error each, nothing else delayed, nothing accepted lost.

let server: TestServer
beforeAll(async () => void (server = await testServer()))
afterAll(() => server.stop())

const megabyte = 1024 * 1024
const runs: string[] = []
const remember = (run: string): string => (runs.push(run), run)

const problem = z.object({ code: z.string(), status: z.number(), detail: z.string(), retry: z.string() })
async function codeOf(answer: Response): Promise<string> {
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  const { code, status, detail } = problem.parse(await answer.json())
  expect(status).toBe(answer.status)
  expect(detail).toMatch(/^.{20,2000}[.]$/s)
  return code
}

const structured = 'application/cloudevents+json'
const anEvent = { specversion: '1.0', id: '1', source: 'urn:test', type: 'message.received' }
const payload = { subject: 's', text: 'a question', customerId: 'c' }
const post = (
  path: string,
  type: string,
  body: NonNullable<RequestInit['body']> | null,
  init: RequestInit = {},
): Promise<Response> =>
  server.ask(path, { method: 'POST', body, ...init, headers: { 'content-type': type, ...(init.headers as object) } })
const events = '/api/v1/events?pipeline=desk'
const mails = '/api/v1/mail?pipeline=desk'

let good = 0
/** A mail that is nothing special, to its end: what comes beside it must not keep it. */
async function goodMail(): Promise<void> {
  const { run, status } = await server.mail(`a question, number ${++good}`)
  remember(run)
  expect(status).toBe('succeeded')
}
/** Sends with a good mail right after it; answers the code, once both are done. */
async function beside(send: () => Promise<Response>): Promise<string> {
  const [answer] = await Promise.all([send(), goodMail()])
  return codeOf(answer)
}

describe('events', () => {
  const event = (change: object, path = events) =>
    post(path, structured, JSON.stringify({ ...anEvent, data: payload, ...change }))
  test.each<[string, string, () => Promise<Response>]>([
    ['malformed JSON', 'intake/not-an-event', () => post(events, structured, '{"specversion": "1.0",')],
    ['bytes that are no UTF-8', 'intake/not-an-event', () => post(events, structured, new Uint8Array([123, 255, 125]))],
    ['an event without id', 'intake/not-an-event', () => event({ id: undefined })],
    ['an event whose id has a line break', 'intake/not-an-event', () => event({ id: 'a\nb' })],
    ['a payload that breaks its schema', 'intake/bad-payload', () => event({ id: '2', data: { subject: 7 } })],
    ['an event of another type', 'intake/wrong-type', () => event({ type: 'invoice.received' })],
    ['a type that no pipeline takes', 'intake/which-pipeline', () => event({ type: 'x.y' }, '/api/v1/events')],
    ['an unknown pipeline', 'intake/unknown-pipeline', () => event({}, '/api/v1/events?pipeline=none')],
    [
      'a payload nested 100,000 deep',
      'intake/not-an-event',
      () =>
        post(
          events,
          structured,
          `{"specversion":"1.0","id":"3","source":"s","type":"message.received","data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
        ),
    ],
    [
      'a batch with one that is bad',
      'intake/not-an-event',
      () =>
        post(
          events,
          'application/cloudevents-batch+json',
          JSON.stringify([{ ...anEvent, id: 'in-batch', data: payload }, anEvent, {}]),
        ),
    ],
    [
      'a wrong key',
      'api/wrong-key',
      () => post(events, structured, '{}', { headers: { authorization: `Bearer mr_${'A'.repeat(47)}` } }),
    ],
  ])('%s: %s', async (_what, code, send) => {
    expect(await beside(send)).toBe(code)
  })

  test('nothing of them is in the inbox, and an id that was refused is still free', async () => {
    const { rows } = await server.database.ownerPool.query(`select 1 from inbox where source in ('urn:test', 's')`)
    expect(rows).toEqual([])
    const answer = await event({})
    expect(answer.status).toBe(202)
    const { accepted } = z.object({ accepted: z.array(z.object({ run: z.string() })) }).parse(await answer.json())
    for (const { run } of accepted) remember(run)
  })
})

describe('a body of 50 MB', () => {
  const streamed = (): RequestInit => {
    let left = 50
    const body = new ReadableStream({
      pull(controller) {
        if (left-- > 0) controller.enqueue(new Uint8Array(megabyte).fill(0x20))
        else controller.close()
      },
    })
    return { body, duplex: 'half' }
  }
  const types = { '/api/v1/people': 'application/json', [events]: structured, [mails]: 'message/rfc822' }
  test.each(Object.entries(types))('to %s is refused, with its length or in chunks', async (path, type) => {
    expect(await beside(() => post(path, type, new Uint8Array(50 * megabyte)))).toBe('api/too-large')
    expect(await beside(() => post(path, type, null, streamed()))).toBe('api/too-large')
  })
})

describe('mail', () => {
  const head = 'From: ann@mail.example\r\nTo: desk@example.com\r\nSubject: x\r\n'
  const nested = Array.from(
    { length: 10_000 },
    (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}`,
  )
  const unreadable: Readonly<Record<string, string>> = {
    '10,000 nested parts': `${head}${nested.join('\r\n')}\r\n`,
    '300,000 sibling parts': `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\n'.repeat(300_000)}`,
    '3 MB of empty lines': `${head}\r\n${'\n'.repeat(3 * megabyte)}`,
    'an address with a line break': 'From: "a\r\n b"@mail.example\r\nSubject: x\r\n\r\nhello',
    'an encoded line break in an address': 'From: =?utf-8?q?a=0D=0Ab?=@mail.example\r\nSubject: x\r\n\r\nhello',
    'no headers': 'hello, I am no mail',
    'no bytes': '',
  }
  /** Strange, and yet a person may have written it: it is read. */
  const readable: Readonly<Record<string, string>> = {
    'HTML nested 50,000 deep': `${head}Content-Type: text/html\r\n\r\n${'<div>'.repeat(50_000)}a question${'</div>'.repeat(50_000)}`,
    'a multipart without its boundary': `${head}Content-Type: multipart/mixed\r\n\r\na question`,
    'a boundary that is never used': `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\na question, too`,
    'a line break in the subject': `From: ann@mail.example\r\nSubject: =?utf-8?q?a=0D=0ABcc:_x@y.example?=\r\n\r\na question`,
  }

  test.each(Object.entries(unreadable))('%s: a dead letter with its bytes, over HTTP', async (_what, mail) => {
    expect(await beside(() => post(mails, 'message/rfc822', mail))).toBe('intake/unreadable')
  })

  test.each(Object.entries(readable))('%s is read, and its run ends', async (_what, mail) => {
    const [answer] = await Promise.all([post(mails, 'message/rfc822', mail), goodMail()])
    const { run } = z.object({ run: z.string() }).parse(await answer.json())
    const { input } = await server.until(remember(run), ({ status }) => status === 'succeeded')
    const read = z.object({ text: z.string(), subject: z.string() }).parse(input)
    expect(read.text).toContain('a question')
    expect(read.subject).not.toMatch(/[\r\n]/)
  })

  test('to a pipeline that there is not', async () => {
    expect(await beside(() => post('/api/v1/mail?pipeline=none', 'message/rfc822', head))).toBe(
      'intake/unknown-pipeline',
    )
  })

  test('all of them in one mailbox, one too large among them: a line for each, good mail between them ends', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-mailbox-'))
    const bad = Object.values(unreadable)
    for (const [n, mail] of bad.entries()) {
      writeFileSync(join(directory, `${n}-bad.eml`), mail)
      writeFileSync(join(directory, `${n}-good.eml`), `${head}\r\na question, the ${n}.`)
    }
    writeFileSync(join(directory, 'large-bad.eml'), new Uint8Array(50 * megabyte))
    const lines: MailLine[] = []
    const client = new Client({ url: server.url, key: server.key })
    await new MailboxRun({
      client: () => client,
      pipeline: 'desk',
      directory,
      line: (one) => lines.push(one),
      progress() {},
    }).perform()
    rmSync(directory, { recursive: true })
    const seen = (name: string) =>
      lines.filter(({ file }) => file.includes(name)).map(({ outcome, why }) => `${outcome} ${why.join()}`)
    expect(seen('good')).toEqual(bad.map(() => 'sent '))
    expect(seen('bad').toSorted()).toEqual(
      [...bad.map(() => 'dead-letter intake/unreadable'), 'dead-letter intake/too-large'].toSorted(),
    )
  })

  test('each is one dead letter, however often it was sent, and can be shown with its bytes', async () => {
    const list = z.object({ letters: z.array(z.object({ id: z.string(), code: z.string() })) })
    const { letters } = list.parse(await (await server.ask('/api/v1/dead-letters')).json())
    expect(letters.map(({ code }) => code)).toEqual(Object.keys(unreadable).map(() => 'intake/unreadable'))
    const kept = await Promise.all(letters.map(({ id }) => server.ask(`/api/v1/dead-letters/${id}`)))
    const bytes = z.object({ bytes: z.string() })
    const texts = await Promise.all(kept.map(async (one) => bytes.parse(await one.json()).bytes))
    expect(new Set(texts)).toEqual(
      new Set(Object.values(unreadable).map((mail) => Buffer.from(mail).toString('base64'))),
    )
  })
})

test('whatever was accepted beside all this has ended, and nothing of it was a failure of the server', async () => {
  for (const run of runs) await server.until(run, ({ status }) => status === 'succeeded')
  const { rows } = await server.database.ownerPool.query<{ n: number }>(
    `select count(*)::int as n from inbox where state = 'pending'`,
  )
  expect(rows).toEqual([{ n: 0 }])
  expect(server.incidents).toEqual([])
})
