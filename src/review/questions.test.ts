import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeOf, person, ReviewBed } from './testing.ts'

let bed: ReviewBed
beforeAll(async () => {
  bed = await ReviewBed.open()
})
afterAll(() => bed.database.drop())

test('a step that opens its wait twice has one item (E20)', async () => {
  const question = await bed.question()
  const [first, second] = await Promise.all([bed.items.ask(question), bed.items.ask(question)])
  expect(second).toBe(first)
  expect(await bed.items.ask(question)).toBe(first)
  expect(await bed.count('work_item where run = $1', [question.run])).toBe(1)
})

test.each([
  { shows: { message: 'another message' } },
  { proposed: { to: 'eve@example.com', text: 'Your card is blocked.' } },
  { action: { name: 'send-reply', digest: 'another version' } },
  { why: ['low-confidence'] },
])(
  'other content under the same step is refused: the approval of one must not count for the other: %j',
  async (change) => {
    const { question, item } = await bed.ask()
    const other = await bed.question({ ...question, actionDigest: undefined, ...change })
    expect(await codeOf(bed.items.ask(other))).toBe('review/other-question')
    expect((await bed.items.show({ tenant: question.tenant, item })).shows).toEqual(question.shows)
  },
)

test('a run without a key asks nobody: nothing is stored in the clear', async () => {
  const { run } = await bed.run()
  expect(await codeOf(bed.items.ask(await bed.question({ run, subjectKey: undefined })))).toBe('run/no-key')
})

test('what is shown stands nowhere in the clear', async () => {
  const secret = 'xyzzy-card-4711'
  const { item } = await bed.ask({
    shows: { message: secret },
    firstLine: secret,
    proposed: { to: 'ada@example.com', text: secret },
  })
  const { rows } = await bed.database.pool.query<{ row: string }>(
    `select i::text || encode(i.head, 'escape') || encode(i.body, 'escape') as row from work_item i where id = $1`,
    [item],
  )
  expect(rows[0]?.row).toContain(item)
  expect(rows[0]?.row).not.toContain(secret)
})

test('due and expires are counted from the database’s clock', async () => {
  const { item, question } = await bed.ask({ dueIn: 3_600_000, expiresIn: 7_200_000 })
  const { created, due = 0, expires = 0, isOverdue } = await bed.items.show({ tenant: question.tenant, item })
  expect(Math.round((due - created) / 1000)).toBe(3600)
  expect(Math.round((expires - created) / 1000)).toBe(7200)
  expect(isOverdue).toBe(false)
})

test('no decision, no answer; a closed item has none either, whoever closes it how often', async () => {
  const { question } = await bed.ask()
  expect(await bed.items.answer(question)).toBeUndefined()
  expect(await bed.items.close(question, 'timeout')).toBeUndefined()
  expect(await bed.items.close(question, 'dropped')).toBeUndefined()
  expect(await bed.items.answer(question)).toBeUndefined()
  expect(
    await bed.count(`work_item where run = $1 and state = 'closed' and closed_why = 'timeout'`, [question.run]),
  ).toBe(1)
})

test('closing what was never opened is nothing', async () => {
  expect(await bed.items.close(await bed.question(), 'cancelled')).toBeUndefined()
})

test('an item of an erased person can still be closed: a run must not hang on it', async () => {
  const { question } = await bed.ask()
  await bed.erase(question.subjectKey)
  expect(await bed.items.close(question, 'cancelled')).toBeUndefined()
})

test('the run reads exactly what was approved, and by whom', async () => {
  const { question, item } = await bed.ask()
  const [tenant, who] = [question.tenant, person()]
  const { claim } = await bed.items.claim({ tenant, item, person: who })
  const { shownDigest } = await bed.items.show({ tenant, item, person: who })
  await bed.items.decide({ tenant, item, person: who, claim, verdict: 'approve', shownDigest })
  expect(await bed.items.answer(question)).toEqual({
    item,
    verdict: 'approve',
    person: who,
    value: question.proposed,
    actionDigest: question.actionDigest,
    edited: false,
    reason: undefined,
  })
})
