import { afterAll, beforeAll, expect, test } from 'vitest'
import { mainTenant as tenant, type PersonId, type WorkItemId } from '../core/ids.ts'
import { digestOf } from '../core/json.ts'
import type { DecideItem, Question } from './item.ts'
import { codeOf, person, ReviewBed } from './testing.ts'

let bed: ReviewBed
beforeAll(async () => {
  bed = await ReviewBed.open()
})
afterAll(() => bed.database.drop())

/** An item, claimed by a person, and the request that would approve it. */
async function claimed(change: Partial<Question> = {}): Promise<{
  item: WorkItemId
  question: Question
  me: PersonId
  approve: DecideItem
}> {
  const { item, question } = await bed.ask(change)
  const me = person()
  return { item, question, me, approve: await approvalBy(me, item) }
}
async function approvalBy(who: PersonId, item: WorkItemId): Promise<DecideItem> {
  const { claim } = await bed.items.claim({ tenant, item, person: who })
  const { shownDigest } = await bed.items.show({ tenant, item, person: who })
  return { tenant, item, person: who, claim, verdict: 'approve', shownDigest }
}
const edit = { to: 'ada@example.com', text: 'We have blocked your card.' }
const bellOf = async (question: Question): Promise<number> => {
  const { rows } = await bed.database.pool.query<{ bell: number }>('select bell from run where id = $1', [question.run])
  return rows[0]?.bell ?? -1
}
const decisionsOf = (item: WorkItemId): Promise<number> => bed.count('decision where item = $1', [item])

test('a decision, its record and the bell are there together, and the run is woken once (W4)', async () => {
  const { item, question, me, approve } = await claimed()
  const { decision, state, isRepeat } = await bed.items.decide({ ...approve, activeMs: 0, note: 'looks right' })
  expect({ state, isRepeat }).toEqual({ state: 'decided', isRepeat: false })
  expect(decision).toMatchObject({ person: me, verdict: 'approve', edited: false, activeMs: 0, note: 'looks right' })
  expect(await bellOf(question)).toBe(1)
  expect(await bed.count(`audit_log where object = $1 and actor = $2 and action = 'review/approved'`, [item, me])).toBe(
    1,
  )
  expect(bed.woken.filter((run) => run === question.run)).toHaveLength(1)
  const shown = await bed.items.show({ tenant, item })
  expect(shown).toMatchObject({ state: 'decided', claim: { holder: undefined }, decisions: [decision] })
})

test('a decision whose record cannot be written is not taken: no row, no bell, the claim still holds', async () => {
  const { item, question, approve } = await claimed()
  bed.beforeAudit = () => Promise.reject(new Error('the audit log is full'))
  await expect(bed.items.decide(approve)).rejects.toThrow('full')
  bed.beforeAudit = undefined
  expect([await decisionsOf(item), await bellOf(question)]).toEqual([0, 0])
  expect(bed.woken).not.toContain(question.run)
  expect((await bed.items.decide(approve)).state).toBe('decided')
})

test('a note is nowhere in the clear', async () => {
  const { item, approve } = await claimed()
  await bed.items.decide({ ...approve, note: 'xyzzy-note' })
  const { rows } = await bed.database.pool.query<{ row: string }>(
    `select d::text || encode(body, 'escape') as row from decision d where item = $1`,
    [item],
  )
  expect(rows[0]?.row).not.toContain('xyzzy')
})

test('a decision on other content than the item’s is refused', async () => {
  const { item, approve } = await claimed()
  const { shownDigest } = await bed.items.show({ tenant, item: (await bed.ask({ shows: { message: 'other' } })).item })
  expect(await codeOf(bed.items.decide({ ...approve, shownDigest }))).toBe('review/changed')
  expect(await decisionsOf(item)).toBe(0)
})

test('a row whose digests were changed by hand decides nothing', async () => {
  for (const column of ['shown_digest', 'action_digest']) {
    const { item, approve } = await claimed()
    await bed.database.pool.query(`update work_item set ${column} = 'x' where id = $1`, [item])
    expect(await codeOf(bed.items.decide(approve))).toBe('review/changed')
  }
})

test('a stale claim decides nothing: released, taken over, or claimed again in another window (W2)', async () => {
  const released = await claimed()
  await bed.items.release({ ...released.approve })
  expect(await codeOf(bed.items.decide(released.approve))).toBe('review/claim-lost')
  const taken = await claimed()
  await bed.endLease(taken.item)
  await bed.items.claim({ tenant, item: taken.item, person: person() })
  expect(await codeOf(bed.items.decide(taken.approve))).toBe('review/claim-lost')
  const elsewhere = await claimed()
  await bed.items.claim({ tenant, item: elsewhere.item, person: elsewhere.me })
  expect(await codeOf(bed.items.decide(elsewhere.approve))).toBe('review/claim-lost')
  expect(await codeOf(bed.items.decide({ ...elsewhere.approve, person: person(), claim: 2 }))).toBe('review/claim-lost')
})

test('a late decision counts while nobody else has claimed (W2)', async () => {
  const { item, approve } = await claimed()
  await bed.endLease(item)
  expect((await bed.items.decide(approve)).state).toBe('decided')
})

test('an edit is bound to the digest of exactly the edited arguments (W5)', async () => {
  const { question, approve } = await claimed()
  const { decision } = await bed.items.decide({ ...approve, value: edit })
  const authority = digestOf([question.action?.digest ?? '', edit])
  expect(decision).toMatchObject({ edited: true, value: edit, actionDigest: authority })
  expect(authority).not.toBe(question.actionDigest)
  expect(await bed.items.answer(question)).toMatchObject({ edited: true, value: edit, actionDigest: authority })
})

test('the same arguments sent back, in another order, are no edit', async () => {
  const { question, approve } = await claimed()
  const value = { text: 'Your card is blocked.', to: 'ada@example.com' }
  const { decision } = await bed.items.decide({ ...approve, value })
  expect(decision).toMatchObject({ edited: false, actionDigest: question.actionDigest })
})

test('an edit that the form does not take is refused, and the claim still holds', async () => {
  const { approve } = await claimed()
  for (const value of [
    { ...edit, to: 'nobody' },
    { ...edit, text: '' },
    { ...edit, bcc: 'eve@example.com' },
    'text',
    null,
  ])
    expect(await codeOf(bed.items.decide({ ...approve, value }))).toBe('review/bad-value')
  expect((await bed.items.decide({ ...approve, value: edit })).state).toBe('decided')
})

test('a rejection needs a reason of the form, carries no value, and gives no authority', async () => {
  const { question, approve } = await claimed()
  const reject = { ...approve, verdict: 'reject' } as const
  expect(await codeOf(bed.items.decide(reject))).toBe('review/bad-reason')
  expect(await codeOf(bed.items.decide({ ...reject, reason: 'no mood' }))).toBe('review/bad-reason')
  expect(await codeOf(bed.items.decide({ ...reject, reason: 'wrong-facts', value: edit }))).toBe('review/bad-value')
  await bed.items.decide({ ...reject, reason: 'wrong-facts' })
  const answer = await bed.items.answer(question)
  expect(answer).toMatchObject({ verdict: 'reject', reason: 'wrong-facts', value: undefined, actionDigest: undefined })
})

test('who keeps what a run was answered hears of a rejection in its transaction, and of no approval', async () => {
  const heard: string[] = []
  bed.onRejected = async (_connection, { run, tenant }) => {
    heard.push(`${tenant}/${run}`)
    if (heard.length === 1) throw new Error('not now')
  }
  const { approve } = await claimed()
  const reject = { ...approve, verdict: 'reject', reason: 'wrong-facts' } as const
  await expect(bed.items.decide(reject)).rejects.toThrow('not now')
  await bed.items.decide(reject)
  await bed.items.decide(reject)
  await bed.items.decide((await claimed()).approve)
  expect(heard).toHaveLength(2)
})

test('a form without reasons takes a rejection without one, and no invented one', async () => {
  const { form } = await bed.question()
  const { approve } = await claimed({ form: { ...form, reasons: [] } })
  expect(await codeOf(bed.items.decide({ ...approve, verdict: 'reject', reason: 'x' }))).toBe('review/bad-reason')
  expect((await bed.items.decide({ ...approve, verdict: 'reject' })).state).toBe('decided')
})

test('a question takes an answer that fits its form, and nothing else', async () => {
  const { question, approve } = await claimed({ kind: 'answer', action: undefined, proposed: undefined })
  expect(await codeOf(bed.items.decide(approve))).toBe('review/wrong-verdict')
  expect(await codeOf(bed.items.decide({ ...approve, verdict: 'reject' }))).toBe('review/wrong-verdict')
  expect(await codeOf(bed.items.decide({ ...approve, verdict: 'answer' }))).toBe('review/bad-value')
  expect(await codeOf(bed.items.decide({ ...approve, verdict: 'answer', value: { to: 1 } }))).toBe('review/bad-value')
  await bed.items.decide({ ...approve, verdict: 'answer', value: edit, reason: 'wrong-intent' })
  expect(await bed.items.answer(question)).toMatchObject({ verdict: 'answer', value: edit, edited: false })
})

test('an approval item takes no answer', async () => {
  const { approve } = await claimed()
  expect(await codeOf(bed.items.decide({ ...approve, verdict: 'answer', value: edit }))).toBe('review/wrong-verdict')
})

test('sent twice it counts once, at once or later; with other content it is refused', async () => {
  const { item, question, approve } = await claimed()
  const answers = await Promise.all([1, 2, 3].map(() => bed.items.decide({ ...approve, value: edit, note: 'n' })))
  expect(answers.filter(({ isRepeat }) => isRepeat)).toHaveLength(2)
  for (const { decision } of answers) expect(decision).toEqual(answers[0]?.decision)
  expect([await decisionsOf(item), await bellOf(question)]).toEqual([1, 1])
  for (const change of [{ note: 'other' }, { value: undefined }, { reason: 'wrong-facts' }, { claim: 7 }])
    expect(await codeOf(bed.items.decide({ ...approve, value: edit, note: 'n', ...change }))).toBe('review/decided')
})

test('who comes after the decision is told which one it was', async () => {
  const { item, approve, me } = await claimed()
  await bed.items.decide(approve)
  const other = { ...approve, person: person() }
  await expect(bed.items.decide(other)).rejects.toThrow(`approve by ${me}`)
  expect(await codeOf(bed.items.claim({ tenant, item, person: other.person }))).toBe('review/decided')
})

test('a decision whose transaction is held over the deadline wins: the run closes and gets the decision (E20)', async () => {
  const { question, approve } = await claimed()
  const [isHeld, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  bed.beforeAudit = () => (isHeld.resolve(), goOn.promise)
  const deciding = bed.items.decide(approve)
  await isHeld.promise
  const closing = bed.items.close(question, 'timeout')
  await expect
    .poll(() => bed.blocked(), { timeout: 10_000 })
    .toBe(1)
    .finally(goOn.resolve)
  bed.beforeAudit = undefined
  expect((await deciding).state).toBe('decided')
  expect(await closing).toMatchObject({ verdict: 'approve', person: approve.person, value: question.proposed })
})

test('a deadline that comes first wins: the person is told, and nothing is recorded', async () => {
  const { item, question, approve } = await claimed()
  const [code, won] = await Promise.all([
    bed.items.close(question, 'timeout').then(() => codeOf(bed.items.decide(approve))),
    bed.items.close(question, 'timeout'),
  ])
  expect([code, won]).toEqual(['review/closed', undefined])
  expect([await decisionsOf(item), await bellOf(question)]).toEqual([0, 0])
})

test('however a decision and the deadline meet, both sides agree on the winner', async () => {
  for (let round = 0; round < 16; round++) {
    const { question, approve } = await claimed()
    const deciding = codeOf(bed.items.decide(approve))
    for (let n = 0; n < round % 6; n++) await bed.blocked() // a few round trips of a head start
    const won = await bed.items.close(question, 'timeout')
    expect(won ? 'ok' : 'review/closed').toBe(await deciding)
    expect(await bellOf(question)).toBe(won ? 1 : 0)
  }
})

test('a late decision against a new claim has one winner', async () => {
  for (let round = 0; round < 12; round++) {
    const { item, approve } = await claimed()
    await bed.endLease(item)
    const codes = await Promise.all([
      codeOf(bed.items.decide(approve)),
      codeOf(bed.items.claim({ tenant, item, person: person() })),
    ])
    expect([
      ['ok', 'review/decided'],
      ['review/claim-lost', 'ok'],
    ]).toContainEqual(codes)
  }
})

test('two distinct persons must approve where the quorum is two; the first cannot be the second (W3)', async () => {
  const { item, question, me, approve } = await claimed({ quorum: 2 })
  expect((await bed.items.decide(approve)).state).toBe('open')
  expect(await bed.items.answer(question)).toBeUndefined()
  expect([await bellOf(question), await decisionsOf(item)]).toEqual([0, 1])
  expect(await codeOf(bed.items.claim({ tenant, item, person: me }))).toBe('review/not-eligible')
  expect(await bed.items.claimNext({ tenant, person: me, queue: question.queue })).not.toMatchObject({ item })
  const second = await approvalBy(person(), item)
  expect((await bed.items.decide(second)).state).toBe('decided')
  expect(await bed.items.answer(question)).toMatchObject({
    person: second.person,
    edited: false,
    value: question.proposed,
  })
  expect(await bellOf(question)).toBe(1)
})

test('the second approver is shown what the first one made of it, and approves that: two halves make no whole', async () => {
  const { item, question, approve } = await claimed({ quorum: 2 })
  const { shownDigest: beforeEdit } = await bed.items.show({ tenant, item })
  await bed.items.decide({ ...approve, value: edit })
  const second = await approvalBy(person(), item)
  expect(await bed.items.show({ tenant, item })).toMatchObject({
    proposed: edit,
    proposedFirst: question.proposed,
    isEditable: false,
  })
  expect(await codeOf(bed.items.decide({ ...second, shownDigest: beforeEdit }))).toBe('review/changed')
  expect(await codeOf(bed.items.decide({ ...second, value: { ...edit, text: 'x' } }))).toBe('review/bad-value')
  expect((await bed.items.decide(second)).state).toBe('decided')
  expect(await bed.items.answer(question)).toMatchObject({
    value: edit,
    edited: true,
    actionDigest: digestOf([question.action?.digest ?? '', edit]),
  })
  expect((await bed.items.decide(second)).isRepeat).toBe(true)
  expect((await bed.items.decide({ ...approve, value: edit })).isRepeat).toBe(true)
})

test('one rejection is enough, whatever the quorum', async () => {
  const { item, question, approve } = await claimed({ quorum: 3 })
  await bed.items.decide(approve)
  const second = await approvalBy(person(), item)
  await bed.items.decide({ ...second, verdict: 'reject', reason: 'wrong-intent' })
  expect(await bed.items.answer(question)).toMatchObject({ verdict: 'reject', person: second.person })
})

test('the author decides nothing, not even with a claim that a hand wrote into the row', async () => {
  const author = person()
  const { item, question } = await bed.ask({ author })
  await bed.database.pool.query(`update work_item set holder = $2, claim_no = 1 where id = $1`, [item, author])
  const { shownDigest } = await bed.items.show({ tenant, item })
  const decide = { tenant, item, person: author, claim: 1, verdict: 'approve', shownDigest } as const
  expect(await codeOf(bed.items.decide(decide))).toBe('review/not-eligible')
  expect(await bed.items.answer(question)).toBeUndefined()
})

test('an item of an erased person cannot be decided', async () => {
  const { question, approve } = await claimed()
  await bed.erase(question.subjectKey)
  expect(await codeOf(bed.items.decide(approve))).toBe('governance/key-destroyed')
})

test.each([{ note: 'n'.repeat(4001) }, { note: '\ud800' }, { activeMs: -1 }, { activeMs: 1.5 }, { activeMs: 2 ** 31 }])(
  'what cannot be kept is refused with words',
  async (change) => {
    const { approve } = await claimed()
    expect(await codeOf(bed.items.decide({ ...approve, ...change }))).toBe('review/bad-input')
  },
)

test('a run that has ended meanwhile gets the decision recorded, and no wake', async () => {
  const { item, question, approve } = await claimed()
  await bed.database.pool.query(`update run set state = 'killed', ended = now() where id = $1`, [question.run])
  await bed.items.decide(approve)
  expect(await decisionsOf(item)).toBe(1)
  expect(bed.woken).not.toContain(question.run)
})
