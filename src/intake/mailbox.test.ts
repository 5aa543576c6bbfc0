import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { canonicalEvent } from '../core/event.ts'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { mailEvent, unknownCustomers } from './mail-event.ts'
import { MailParser } from './mail-parser.ts'
import { listMailbox, readMailFile } from './mailbox.ts'

let folder: string
const parser = new MailParser(systemClock)
const mail = 'From: ann@mail.example\r\nSubject: x\r\n\r\nhello'
const at = (name: string): string => join(folder, name)
const list = async (): Promise<string[]> => (await listMailbox(folder)).map((path) => relative(folder, path))

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-mailbox-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
afterAll(() => parser.close())

test('every mail at any depth is listed by name, whatever alphabet it is in', async () => {
  mkdirSync(at('b/c'), { recursive: true })
  mkdirSync(at('folder.eml'))
  for (const name of ['b.eml', 'a.EML', 'b/ü.eml', 'b/c/日本.eml', 'b/ .eml', 'note.txt', 'b/eml'])
    writeFileSync(at(name), mail)
  expect(await list()).toEqual(['a.EML', 'b.eml', 'b/ .eml', 'b/c/日本.eml', 'b/ü.eml'].toSorted())
  for (const path of await listMailbox(folder)) expect((await readMailFile(path)).toString()).toBe(mail)
})

test('a link counts as what it leads to, a loop is not entered, and a broken one is unreadable', async () => {
  writeFileSync(at('real.txt'), mail)
  symlinkSync('real.txt', at('link.eml'))
  symlinkSync('gone', at('broken.eml'))
  symlinkSync('.', at('loop'))
  expect(await list()).toEqual(['broken.eml', 'link.eml'])
  expect((await readMailFile(at('link.eml'))).toString()).toBe(mail)
  await expect(readMailFile(at('broken.eml'))).rejects.toSatisfy((e) => isMillraceError(e, 'intake/unreadable'))
})

test('a pipe or a linked directory with the name of a mail is unreadable, and waits for nobody', async () => {
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', at('pipe.eml')])
  mkdirSync(at('d'))
  symlinkSync('d', at('d.eml'))
  expect(await list()).toEqual(['d.eml', 'pipe.eml'])
  for (const name of await list())
    await expect(readMailFile(at(name))).rejects.toSatisfy((e) => isMillraceError(e, 'intake/unreadable'))
})

test('a mail that is too large is refused unread', async () => {
  writeFileSync(at('big.eml'), '')
  truncateSync(at('big.eml'), 25 * 1024 * 1024 + 1)
  await expect(readMailFile(at('big.eml'))).rejects.toSatisfy((e) => isMillraceError(e, 'intake/too-large'))
})

test('reading changes nothing in the directory', async () => {
  writeFileSync(at('a.eml'), mail)
  const state = (): unknown => [
    readdirSync(folder),
    statSync(folder).mtimeMs,
    statSync(at('a.eml')).mtimeMs,
    statSync(at('a.eml')).ctimeMs,
  ]
  const before = state()
  for (const path of await listMailbox(folder)) await readMailFile(path)
  expect(state()).toEqual(before)
})

test.each([
  ['is not there', 'gone'],
  ['is a file', 'a.eml'],
])('a mailbox that %s is one error', async (_, name) => {
  writeFileSync(at('a.eml'), mail)
  await expect(listMailbox(at(name))).rejects.toSatisfy((e) => isMillraceError(e, 'intake/no-mailbox'))
})

test('a mail is an event under the SHA-256 of its bytes, which the canonical form takes', async () => {
  const bytes = Buffer.from(mail)
  const found = await mailEvent(bytes, { parser, customers: unknownCustomers, source: 'urn:test' })
  if ('unreadable' in found) throw found.unreadable
  expect(found.id).toBe(createHash('sha256').update(bytes).digest('hex'))
  expect(canonicalEvent.parse(found.event)).toEqual(found.event)
  expect(found.event.data).toMatchObject({ id: found.id, customerId: 'ann@mail.example', tier: 'standard' })
})

test('what is no mail is unreadable under the same kind of id', async () => {
  for (const text of ['', 'hello']) {
    const found = await mailEvent(Buffer.from(text), { parser, customers: unknownCustomers, source: 'urn:test' })
    expect(found).toMatchObject({
      id: createHash('sha256').update(text).digest('hex'),
      unreadable: { code: 'intake/unreadable' },
    })
  }
})
