import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Outbox } from './outbox.ts'
import { parseMail } from './parse-mail.ts'
import type { Reply } from './reply.ts'

let folder: string
const token = 'a1'.repeat(32)
const reply: Reply = { to: 'ann@mail.example', subject: 'Re: Card', text: 'It is on its way.\nYour bank' }
const never = new AbortController().signal
const outbox = (): Outbox => new Outbox({ directory: join(folder, 'out'), from: 'help@bank.example' })
const files = (): string[] => readdirSync(join(folder, 'out')).toSorted()
const written = (): string => readFileSync(join(folder, 'out', `${token}.eml`), 'utf8')
const headOf = (mail: string): string => mail.slice(0, mail.indexOf('\r\n\r\n'))

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-outbox-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a reply is a mail that only its user may read, and that no program answers', async () => {
  const sent = await outbox().send(
    { ...reply, inReplyTo: '<q@mail.example>', references: ['<p@x>', '<q@x>'] },
    token,
    never,
  )
  expect(sent?.messageId).toBe(`<${token.slice(0, 40)}@bank.example>`)
  expect(statSync(join(folder, 'out')).mode & 0o777).toBe(0o700)
  expect(statSync(join(folder, 'out', `${token}.eml`)).mode & 0o777).toBe(0o600)
  expect(files()).toEqual([`${token}.eml`])
  const mail = headOf(written())
  for (const line of [
    'Auto-Submitted: auto-replied',
    'In-Reply-To: <q@mail.example>',
    'References: <p@x> <q@x>',
    `Message-ID: ${sent?.messageId ?? ''}`,
  ])
    expect(mail).toContain(line)
  expect(await parseMail(Buffer.from(written()))).toMatchObject({
    from: 'help@bank.example',
    to: ['ann@mail.example'],
    text: reply.text,
    automatic: ['auto-submitted'],
  })
})

test('a token lands once: what came first stays, and both are told the same', async () => {
  const first = await outbox().send(reply, token, never)
  const before = written()
  expect(await outbox().send({ ...reply, text: 'other' }, token, never)).toEqual(first)
  expect(written()).toBe(before)
})

test('two processes that send one token at once make one mail', async () => {
  const script = `import { Outbox } from ${JSON.stringify(new URL('./outbox.ts', import.meta.url).href)}
    const outbox = new Outbox({ directory: process.argv[1], from: 'help@bank.example' })
    process.stdin.once('data', async () => {
      for (let n = 0; n < 20; n++) await outbox.send({ to: 'ann@mail.example', subject: 's', text: process.argv[2] }, 'token-' + n.toString().padStart(4, '0'), new AbortController().signal)
    })`
  const children = ['a', 'b'].map((text) =>
    spawn(process.execPath, ['--input-type=module', '-e', script, join(folder, 'out'), text], {
      stdio: ['pipe', 'ignore', 'inherit'],
    }),
  )
  const ended = children.map((child) => once(child, 'exit'))
  for (const child of children) child.stdin.end('go')
  expect((await Promise.all(ended)).map(([code]) => code as number)).toEqual([0, 0])
  expect(files()).toHaveLength(20)
  for (const name of files()) expect(readFileSync(join(folder, 'out', name), 'utf8')).toMatch(/\r\n\r\n[ab]\r\n$/)
})

test('what a killed process left half written goes after an hour; what another still writes stays', async () => {
  await outbox().send(reply, token, never)
  const [old, young] = [join(folder, 'out', `.${token}.0123abcd`), join(folder, 'out', `.${token}.4567cdef`)]
  for (const path of [old, young]) writeFileSync(path, 'half')
  utimesSync(old, 1000, 1000)
  await outbox().send(reply, 'b2'.repeat(32), never)
  expect(files().filter((name) => name.startsWith('.'))).toEqual([`.${token}.4567cdef`])
})

test.each([
  'ann@mail.example\r\nRCPT TO:<z@z.example>',
  'ann@mail.example, z@z.example',
  'ann@mail.example; z@z.example',
  'Ann <ann@mail.example>',
  '"ann z"@mail.example',
  'ann@mail.example\n',
  'ann',
  '',
  `${'a'.repeat(65)}@mail.example`,
  'ann@müller.example',
])('nothing is written to the address %j', async (to) => {
  expect(await outbox().send({ ...reply, to }, token, never)).toBeUndefined()
  expect(() => files()).toThrow('ENOENT')
})

test('no value of a reply becomes a header', async () => {
  const evil = 'x\r\nBcc: z@z.example\r\n\r\nbody'
  await outbox().send(
    { to: reply.to, subject: evil, text: evil, inReplyTo: `<a>${evil}`, references: [evil, '<ok@x>'] },
    token,
    never,
  )
  const mail = headOf(written())
  expect(mail).not.toMatch(/^Bcc:/im)
  expect(mail).not.toContain('In-Reply-To')
  expect(mail).toContain('References: <ok@x>')
  expect(mail).toMatch(/^Subject: x Bcc: z@z.example body$/m)
})

test('a token that is no file name is refused', async () => {
  for (const bad of ['../../etc/passwd', '', 'a/b/c/d/e/f', '.hidden-file', 'a\u0000bcdefghij'])
    await expect(outbox().send(reply, bad, never)).rejects.toThrow(/token/)
})

test('a send that was called off writes nothing', async () => {
  await expect(outbox().send(reply, token, AbortSignal.abort(new Error('called off')))).rejects.toThrow('called off')
  expect(() => files()).toThrow('ENOENT')
})
