import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkDraft } from './check-draft.ts'
import { acknowledgement, cannedReply } from './compose.ts'

const folder = join(import.meta.dirname, 'replies')
const replies = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.md'))
  .map((file) => {
    const [, id = '', title = '', text = ''] =
      /^---\nid: (.+)\n.*\ntitle: (.+)\n---\n\n([\s\S]+)\n$/.exec(readFileSync(join(folder, file), 'utf8')) ?? []
    return { id, title, text }
  })

test.each(replies.map((reply) => [reply.id, reply] as const))(
  '%s as it is kept raises no doubt: it would cost a person for each message',
  (id, source) => {
    const greeting = 'Hello Łukasz,'
    const text = cannedReply({ greeting, source, team: 'cards' })
    const checked = checkDraft({ text, greeting, message: 'How?', sources: [source] })
    expect(checked).toMatchObject({ cited: [id], unsupported: [], doubts: [] })
    expect(checked.text).toBe(`${greeting}\n\n${source.text}\n\nKind regards,\nThe cards team at Northbank\n`)
  },
)

test('nor does the acknowledgement, which has no source', () => {
  const text = cannedReply({ greeting: 'Hello,', source: undefined, team: 'support' })
  expect(text).toContain(acknowledgement)
  expect(checkDraft({ text, greeting: 'Hello,', message: 'How?', sources: [] }).doubts).toEqual([])
})

test('what is doubtful is named by its place in the reply as it would be sent', () => {
  const sources = [{ id: 'fee', title: 'What does it cost?', text: 'The fee is £5.' }]
  const { text, unsupported } = checkDraft({
    text: 'Hello,\n\nthe fee is £5 [[fee]], and £50 abroad.',
    greeting: 'Hello,',
    message: 'How much?',
    sources,
  })
  expect(unsupported.map(({ end, kind, start }) => [kind, text.slice(start, end)])).toEqual([['amount', '£50']])
})
