import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { desks, teams } from './desks.ts'
import { intents } from './intents.ts'
import { tiers } from './message.ts'
import { replies } from './replies.ts'

const here = import.meta.dirname
const rowsOf = <T>(file: string, row: z.ZodType<T>): T[] =>
  z.array(row).parse(parse(readFileSync(join(here, file)), { columns: true }))

/** A reply's file in the one form that all have; what else front matter may hold is the reader's own test. */
const form = /^---\nid: (?<id>.+)\nintent: (?<intent>.+)\ntitle: (?<title>.+)\n---\n\n(?<text>[\s\S]+)\n$/

describe('replies', () => {
  const sources = readdirSync(join(here, 'replies'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.replaceAll('\\', '/'))
  const document = z.object({ id: z.string(), intent: z.enum(intents.labels), title: z.string(), text: z.string() })
  const read = sources.map((source) => ({
    source,
    ...document.parse(form.exec(readFileSync(join(here, 'replies', source), 'utf8'))?.groups),
  }))

  test('each fits the collection, so that no start fails on one', async () => {
    const checked = await Promise.all(
      read.map(async ({ source, ...body }) => [source, (await replies.document['~standard'].validate(body)).issues]),
    )
    expect(checked.filter(([, issues]) => issues !== undefined)).toEqual([])
  })

  test('every intent has one, else a sure question would wait for a person', () => {
    expect(intents.labels.filter((intent) => !read.some((reply) => reply.intent === intent))).toEqual([])
  })

  test('each lies with the team whose desk it is, under its id; ids are unique', () => {
    for (const { id, intent, source } of read) expect(source).toBe(`${desks[intent].team}/${id}.md`)
    expect(new Set(read.map(({ id }) => id)).size).toBe(read.length)
  })

  test('none brings what the template adds, a gap to fill, or a link', () => {
    const foreign = /^(?:Hello|Hi|Dear)\b|(?:regards|sincerely),?\s*$|\{\{|\[[A-Z[]|XX|https?:|TODO/m
    expect(read.filter(({ text }) => foreign.test(text)).map(({ id }) => id)).toEqual([])
  })

  test('each has steps enough to help and can be read in a minute', () => {
    const lengths = read.map(({ id, text }) => ({ id, words: text.split(/\s+/).length }))
    expect(lengths.filter(({ words }) => words < 60 || words > 140)).toEqual([])
  })

  test('no two say the same', () => {
    expect(new Set(read.map(({ text }) => text)).size).toBe(read.length)
    expect(new Set(read.map(({ title }) => title)).size).toBe(read.length)
  })
})

describe('sample mailbox', () => {
  const labels = rowsOf(
    'mailbox/labels.csv',
    z.object({
      file: z.string(),
      intent: z.enum([...intents.labels, '']),
      team: z.enum([...teams, '']),
      expect: z.enum(['answered', 'person', 'ignored', 'unreadable']),
      part: z.enum(['tune', 'test']),
      about: z.string().min(1),
    }),
  )

  test('every mail has its label and every label its mail', () => {
    const files = readdirSync(join(here, 'mailbox')).filter((name) => name.endsWith('.eml'))
    expect(labels.map(({ file }) => file).toSorted()).toEqual(files.toSorted())
    expect(files.length).toBeGreaterThanOrEqual(150)
  })

  test('no label asks for what no desk allows: an answer at once is of one intent, its own team, and allowed', () => {
    const wrong = labels.filter(({ expect: expected, intent, team }) => {
      if (expected !== 'answered') return false
      return intent === '' || desks[intent].team !== team || desks[intent].answer !== 'at-once'
    })
    expect(wrong).toEqual([])
  })

  test.each(['answered', 'person', 'ignored', 'unreadable'])('half of what is %s is set aside', (kind) => {
    const count = (part: string): number => labels.filter((one) => one.expect === kind && one.part === part).length
    expect(Math.abs(count('tune') - count('test'))).toBeLessThanOrEqual(3)
  })

  test('nothing in it can reach a real address', () => {
    const address = /^(?:From|To|Reply-To|Cc|Sender):.*@([a-z0-9.-]+)/gim
    const domains = labels.flatMap(({ file }) =>
      [...readFileSync(join(here, 'mailbox', file), 'latin1').matchAll(address)].map(([, domain = '']) => domain),
    )
    expect(domains.length).toBeGreaterThan(300)
    expect(domains.filter((domain) => !domain.endsWith('.example'))).toEqual([])
  })

  test('both line endings occur, else one of the two is never read', () => {
    const mails = labels.map(({ file }) => readFileSync(join(here, 'mailbox', file), 'latin1'))
    expect(mails.filter((mail) => mail.includes('\r\n')).length).toBeGreaterThan(20)
    expect(mails.filter((mail) => mail.includes('\n') && !mail.includes('\r')).length).toBeGreaterThan(20)
  })
})

describe('customers', () => {
  const customers = rowsOf('customers.csv', z.object({ address: z.email(), customer: z.string(), tier: z.enum(tiers) }))

  test('every tier occurs; addresses and numbers are unique', () => {
    expect(new Set(customers.map(({ tier }) => tier))).toEqual(new Set(tiers))
    expect(new Set(customers.map(({ address }) => address)).size).toBe(customers.length)
    expect(new Set(customers.map(({ customer }) => customer)).size).toBe(customers.length)
  })
})

describe('out-of-scope texts', () => {
  const texts = rowsOf(
    'training/out-of-scope.csv',
    z.object({ text: z.string().min(1), label: z.literal('out_of_scope') }),
  )

  test('each stands once, else it counts twice in the threshold', () => {
    expect(texts.length).toBeGreaterThanOrEqual(500)
    expect(new Set(texts.map(({ text }) => text.toLowerCase())).size).toBe(texts.length)
  })
})
