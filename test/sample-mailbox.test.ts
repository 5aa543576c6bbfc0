import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { topicOf } from '../pipelines/support-triage/compose.ts'
import { concernsIn, hear, type Signal } from '../pipelines/support-triage/signals.ts'
import { parseMail } from '../src/intake/parse-mail.ts'

// What the intake makes of the sample mailbox, and what the triage hears in it. Of the labelled mail only the part for tuning is read: what
// is set aside is counted by the demonstration and never looked into.

const mailbox = join(import.meta.dirname, '../pipelines/support-triage/mailbox')
const label = z.object({ file: z.string(), expect: z.string(), part: z.string(), about: z.string() })
const labels = z
  .array(label)
  .parse(parse(readFileSync(join(mailbox, 'labels.csv')), { columns: true }))
  .filter(({ part }) => part === 'tune')

const read = await Promise.all(
  labels.map(async (one) => {
    const mail = await parseMail(readFileSync(join(mailbox, one.file)))
    const heard = 'unreadable' in mail ? [] : hear(topicOf(mail.subject), mail.text)
    return { ...one, kind: one.about.split(':')[0] ?? '', mail, heard }
  }),
)
const filesOf = (rows: readonly { readonly file: string }[]): readonly string[] => rows.map(({ file }) => file)

test('unreadable is what is labelled so, and nothing else: a message taken for damaged is a customer lost', () => {
  const unreadable = read.filter(({ mail }) => 'unreadable' in mail)
  expect(filesOf(unreadable)).toEqual(filesOf(read.filter((one) => one.expect === 'unreadable')))
})

test("a machine's mail is what is labelled so: a person's would never be answered, and a machine's would be", () => {
  const automatic = read.filter(({ mail }) => !('unreadable' in mail) && mail.automatic.length > 0)
  expect(filesOf(automatic)).toEqual(filesOf(read.filter((one) => one.expect === 'ignored')))
})

test('a plain question raises no concern, which would cost a person', () => {
  expect(filesOf(read.filter((one) => one.expect === 'answered' && concernsIn(one.heard).length > 0))).toEqual([])
})

describe('a concern is heard in each mail that was written with it', () => {
  const kinds: Readonly<Record<string, Signal>> = {
    complaint: 'complaint',
    vulnerable: 'vulnerable-person',
    'two questions': 'second-question',
    language: 'other-language',
    hostile: 'hostile-instructions',
  }
  test.each(Object.entries(kinds))('%s', (kind, concern) => {
    const of = read.filter((one) => one.expect === 'person' && one.kind === kind)
    expect(of.length).toBeGreaterThan(0)
    expect(filesOf(of.filter(({ heard }) => !heard.includes(concern)))).toEqual([])
  })
})

test('quoted threads, signatures and line endings are off: no answer is to what the bank wrote itself', () => {
  const quoting = /^>|wrote:\s*$|^(?:From|Sent|Gesendet|Von): |^Northbank Support/m
  const answered = read.filter((one) => one.expect === 'answered')
  expect(filesOf(answered.filter(({ mail }) => 'text' in mail && quoting.test(mail.text)))).toEqual([])
  expect(filesOf(answered.filter(({ mail }) => 'text' in mail && mail.text.trim() === ''))).toEqual([])
})
