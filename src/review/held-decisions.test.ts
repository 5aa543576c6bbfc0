import { afterAll, beforeAll, expect, test } from 'vitest'
import { mainTenant as tenant, type PersonId, type WorkItemId } from '../core/ids.ts'
import type { DecideItem, Question } from './item.ts'
import { codeOf, person, ReviewBed } from './testing.ts'

let bed: ReviewBed
beforeAll(async () => {
  bed = await ReviewBed.open()
})
afterAll(() => bed.database.drop())

/** An item on which a person's approval is held. */
async function held(change: Partial<Question> = {}, holdFor = 30_000) {
  const { item, question } = await bed.ask(change)
  const me = person()
  const { claim } = await bed.items.claim({ tenant, item, person: me })
  const { shownDigest } = await bed.items.show({ tenant, item, person: me })
  const approve: DecideItem = { tenant, item, person: me, claim, verdict: 'approve', shownDigest, holdFor }
  return { item, question, me, approve, decided: await bed.items.decide(approve) }
}
/** The held time passes by the database's clock; a test moves its end instead of waiting. */
const passTime = (item: WorkItemId): Promise<unknown> =>
  bed.database.pool.query(
    `with h as (update held_decision set effective_at = now() - interval '1 s' where item = $1 and state = 'held' returning item)
      update work_item set effective_at = now() - interval '1 s' from h where id = h.item`,
    [item],
  )
const stateOf = async (item: WorkItemId): Promise<string> => (await bed.items.show({ tenant, item })).state
const why = async (item: WorkItemId, who: PersonId) =>
  (await bed.items.show({ tenant, item, person: who })).may.claim.why

test('a held decision is on disk and rings nothing until its time, also when its process is gone meanwhile', async () => {
  const { item, question, decided } = await held()
  expect(decided).toMatchObject({ state: 'open', isRepeat: false, decision: { verdict: 'approve', ordinal: 1 } })
  expect(decided.effectiveAt).toBeGreaterThan(decided.decision.at)
  await bed.items.takeEffect(100)
  expect(await stateOf(item)).toBe('open')
  expect(await bed.count('run where id = $1 and bell = 1', [question.run])).toBe(0)
  const afterCrash = new ReviewBed(bed.database)
  await passTime(item)
  await afterCrash.items.takeEffect(100)
  expect(await afterCrash.items.answer(question)).toMatchObject({ verdict: 'approve', item })
  expect(await bed.count('run where id = $1 and bell = 1', [question.run])).toBe(1)
  expect(afterCrash.woken).toEqual([question.run])
})

test('two sweepers at once let one decision take effect once', async () => {
  const { item, question } = await held()
  await passTime(item)
  await Promise.all([bed.items.takeEffect(100), bed.items.takeEffect(100), bed.items.takeEffect(100)])
  expect(await bed.count('decision where item = $1', [item])).toBe(1)
  expect(await bed.count('run where id = $1 and bell = 1', [question.run])).toBe(1)
})

test('undo gives the item back under a new number, so that a late repeat of the approval approves nothing', async () => {
  const { item, me, approve } = await held()
  const claim = await bed.items.undo({ tenant, person: me })
  expect(claim).toMatchObject({ item, claim: approve.claim + 1, person: me })
  expect(await codeOf(bed.items.decide(approve))).toBe('review/claim-lost')
  await bed.items.takeEffect(100)
  expect(await stateOf(item)).toBe('open')
  expect(await codeOf(bed.items.undo({ tenant, person: me }))).toBe('review/nothing-held')
  const again = await bed.items.decide({
    ...approve,
    claim: claim.claim,
    verdict: 'reject',
    reason: 'wrong-facts',
    holdFor: 0,
  })
  expect(again.state).toBe('decided')
})

test('undo takes the newest, and never another person’s', async () => {
  const older = await held()
  const { item } = await bed.ask()
  const { claim } = await bed.items.claim({ tenant, item, person: older.me })
  const { shownDigest } = await bed.items.show({ tenant, item })
  await bed.items.decide({ ...older.approve, item, claim, shownDigest })
  expect(await codeOf(bed.items.undo({ tenant, person: person() }))).toBe('review/nothing-held')
  expect((await bed.items.undo({ tenant, person: older.me })).item).toBe(item)
  expect((await bed.items.undo({ tenant, person: older.me })).item).toBe(older.item)
})

test('while it is held nobody else claims, though the lease has ended, and the due time escalates nothing', async () => {
  const { item, me } = await held({ dueIn: -1000, queue: 'held-late' })
  await bed.endLease(item)
  const other = person()
  expect(await codeOf(bed.items.claim({ tenant, item, person: other }))).toBe('review/claimed')
  expect(await bed.items.claimNext({ tenant, person: other, queue: 'held-late' })).toBeUndefined()
  await bed.items.escalate(100)
  expect((await bed.items.show({ tenant, item })).escalated).toBeUndefined()
  expect([await why(item, other), await why(item, me)]).toEqual(['review/claimed', 'review/held'])
  await bed.items.undo({ tenant, person: me })
  await bed.items.escalate(100)
  expect((await bed.items.show({ tenant, item })).escalated).toBeDefined()
})

test('sent twice it is held once, and another decision has to undo it first', async () => {
  const { item, approve, decided } = await held()
  const again = await bed.items.decide(approve)
  expect(again).toEqual({ ...decided, isRepeat: true })
  expect(await codeOf(bed.items.decide({ ...approve, note: 'other' }))).toBe('review/held')
  expect(await bed.count('held_decision where item = $1', [item])).toBe(1)
})

test('a part that was taken away, or a row that was changed, is found when the decision takes effect', async () => {
  const dismissed = await held()
  bed.mayDecide = async () => false
  await passTime(dismissed.item)
  await bed.items.takeEffect(100)
  bed.mayDecide = undefined
  const changed = await held()
  await bed.database.pool.query(`update work_item set action_digest = 'x' where id = $1`, [changed.item])
  await passTime(changed.item)
  await bed.items.takeEffect(100)
  const { rows } = await bed.database.pool.query<{ refused: string }>(
    `select refused from held_decision where item = any($1) and state = 'refused' order by no`,
    [[dismissed.item, changed.item]],
  )
  expect(rows.map((row) => row.refused)).toEqual(['review/not-eligible', 'review/changed'])
  expect(await bed.items.claim({ tenant, item: dismissed.item, person: person() })).toMatchObject({ claim: 2 })
})

test('one held decision that cannot be read keeps no other waiting', async () => {
  const broken = await held()
  await bed.database.pool.query('update held_decision set body = $2 where item = $1', [broken.item, Buffer.alloc(80)])
  const { item } = await held()
  await passTime(broken.item)
  await passTime(item)
  await expect(bed.items.takeEffect(100)).rejects.toThrow('held decisions')
  expect([await stateOf(broken.item), await stateOf(item)]).toEqual(['open', 'decided'])
  await bed.items.undo({ tenant, person: broken.me })
})

test('a decision that was made before the deadline wins over it, though it was still held (E20)', async () => {
  const { question } = await held()
  expect(await bed.items.close(question, 'timeout')).toMatchObject({ verdict: 'approve' })
  const cancelled = await held()
  expect(await bed.items.close(cancelled.question, 'cancelled')).toBeUndefined()
  await passTime(cancelled.item)
  await bed.items.takeEffect(100)
  expect(await stateOf(cancelled.item)).toBe('closed')
  expect(await codeOf(bed.items.undo({ tenant, person: cancelled.me }))).toBe('review/nothing-held')
})

test('what is held is sealed, and its hold has an end', async () => {
  const { item, approve } = await held()
  await bed.items.undo({ tenant, person: approve.person })
  const claim = approve.claim + 1
  await bed.items.decide({ ...approve, claim, note: 'xyzzy-note' })
  const { rows } = await bed.database.pool.query<{ row: string }>(
    `select h::text || encode(body, 'escape') as row from held_decision h where item = $1`,
    [item],
  )
  expect(rows.map(({ row }) => row.includes('xyzzy'))).toEqual([false, false])
  const { item: other } = await bed.ask()
  expect(await codeOf(bed.items.decide({ ...approve, item: other, holdFor: 60_001 }))).toBe('review/bad-input')
})
