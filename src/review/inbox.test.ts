import { afterAll, beforeAll, expect, test } from 'vitest'
import { mainTenant as tenant, type PersonId, type WorkItemId } from '../core/ids.ts'
import type { DecideItem } from './item.ts'
import { codeOf, person, ReviewBed } from './testing.ts'

let bed: ReviewBed
beforeAll(async () => {
  bed = await ReviewBed.open()
})
afterAll(() => bed.database.drop())

const approvalBy = async (who: PersonId, item: WorkItemId): Promise<DecideItem> => {
  const { claim } = await bed.items.claim({ tenant, item, person: who })
  const { shownDigest } = await bed.items.show({ tenant, item, person: who })
  return { tenant, item, person: who, claim, verdict: 'approve', shownDigest }
}
const ids = async (who: PersonId, queue: string, sort: 'priority' | 'due' = 'priority'): Promise<string[]> =>
  (await bed.items.list({ tenant, queue, ready: who, sort })).items.map(({ id }) => id)

test('two windows of a person share one claim, and another person gets none', async () => {
  const { item } = await bed.ask()
  const [me, other] = [person(), person()]
  const claims = await Promise.all([1, 2, 3].map(() => bed.items.claim({ tenant, item, person: me, isShared: true })))
  expect(claims.map(({ claim }) => claim)).toEqual([1, 1, 1])
  expect(await codeOf(bed.items.claim({ tenant, item, person: other, isShared: true }))).toBe('review/claimed')
  expect(await bed.items.inHand({ tenant, person: me })).toBe(item)
  expect(await bed.items.inHand({ tenant, person: me, skip: [item] })).toBeUndefined()
})

test('what is put aside or given to somebody else is not next, and comes back', async () => {
  const queue = 'desk-moves'
  const [me, other] = [person(), person()]
  const { item } = await bed.ask({ queue })
  const { claim } = await bed.items.claim({ tenant, item, person: me })
  await bed.items.snooze({ tenant, item, person: me, claim, until: Date.now() + 3_600_000 })
  expect([await ids(me, queue), await bed.items.claimNext({ tenant, person: me, queue })]).toEqual([[], undefined])
  const again = await bed.items.claim({ tenant, item, person: me })
  await bed.items.snooze({ tenant, item, person: me, claim: again.claim, until: 0 })
  const third = await bed.items.claim({ tenant, item, person: me })
  await bed.items.reassign({ tenant, item, person: me, claim: third.claim, to: other })
  expect([await ids(me, queue), await ids(other, queue)]).toEqual([[], [item]])
  expect(await codeOf(bed.items.reassign({ tenant, item, person: me, claim: third.claim, queue: 'x' }))).toBe(
    'review/claim-lost',
  )
  expect(await bed.items.claimNext({ tenant, person: me, queue })).toBeUndefined()
  expect(await bed.items.claimNext({ tenant, person: other, queue })).toMatchObject({ item })
})

test('sorted by due time every item is on one page, and a queue counts what is overdue', async () => {
  const queue = 'by-due'
  const dues = [5000, undefined, -1000, 9000, 1000]
  const asked: WorkItemId[] = []
  for (const dueIn of dues) asked.push((await bed.ask({ queue, dueIn, priority: asked.length % 4 })).item)
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await bed.items.list({ tenant, queue, sort: 'due', limit: 2, cursor })
    seen.push(...page.items.map(({ id }) => id))
    cursor = page.next
  } while (cursor !== undefined)
  expect(seen).toEqual([2, 4, 0, 3, 1].map((n) => asked[n]))
  const queues = await bed.items.queues(tenant)
  expect(queues.find((one) => one.queue === queue)).toMatchObject({ open: 5, overdue: 1 })
})

test('of two windows that save a draft the second is told; nobody else reads it, and it is sealed', async () => {
  const { item } = await bed.ask()
  const me = person()
  const save = (version: number, content: string) =>
    bed.items.saveDraft({ tenant, item, person: me, version, content: { note: content } })
  expect(await bed.items.draft({ tenant, item, person: me })).toBeUndefined()
  expect(await save(0, 'xyzzy one')).toMatchObject({ version: 1 })
  expect(await codeOf(save(0, 'lost'))).toBe('review/draft-changed')
  const codes = await Promise.all([codeOf(save(1, 'xyzzy two')), codeOf(save(1, 'xyzzy two'))])
  expect(codes.toSorted()).toEqual(['ok', 'review/draft-changed'])
  expect(await bed.items.draft({ tenant, item, person: me })).toMatchObject({
    version: 2,
    content: { note: 'xyzzy two' },
  })
  expect(await bed.items.draft({ tenant, item, person: person() })).toBeUndefined()
  expect(await codeOf(bed.items.saveDraft({ tenant, item, person: person(), version: 3, content: 1 }))).toBe(
    'review/draft-changed',
  )
  const { claim } = await bed.items.claim({ tenant, item, person: me })
  const { shownDigest } = await bed.items.show({ tenant, item })
  expect(await bed.count(`draft d where item = $1 and encode(body, 'escape') like '%xyzzy%'`, [item])).toBe(0)
  await bed.items.decide({ tenant, item, person: me, claim, verdict: 'approve', shownDigest })
  expect(await bed.count('draft where item = $1', [item])).toBe(0)
})

test('a decision shows again what it was made on, also after an edit; one altered byte shows as broken', async () => {
  const { item } = await bed.ask({ quorum: 2 })
  const [me, other] = [person(), person()]
  const value = { to: 'ada@example.com', text: 'We have blocked your card.' }
  await bed.items.decide({
    ...(await approvalBy(me, item)),
    value,
    seen: { key: 'a', evidence: ['s1'], visibleMs: 900 },
  })
  const first = { tenant, decision: `${item}.1` }
  expect(await bed.items.shown({ ...first, viewer: me })).toMatchObject({
    fits: true,
    content: { shows: { message: 'I lost my card' }, proposed: { text: 'Your card is blocked.' } },
    seen: { key: 'a', evidence: ['s1'], visibleMs: 900 },
  })
  expect(await codeOf(bed.items.shown({ ...first, viewer: other }))).toBe('review/no-such-decision')
  expect((await bed.items.show({ tenant, item, person: other })).decisions).toEqual([])
  expect((await bed.items.show({ tenant, item, person: me })).decisions).toHaveLength(1)
  await bed.items.decide(await approvalBy(other, item))
  const second = { tenant, decision: `${item}.2`, viewer: other }
  expect(await bed.items.shown(second)).toMatchObject({ fits: true, content: { proposed: value } })
  await bed.database.ownerPool.query(
    'update shown set body = set_byte(body, 60, get_byte(body, 60) # 1) where item = $1 and ordinal = 2',
    [item],
  )
  expect(await bed.items.shown(second)).toMatchObject({ fits: false, content: undefined })
  expect(await codeOf(bed.items.shown({ ...second, decision: 'nonsense' }))).toBe('review/no-such-decision')
})

test('nobody has worked on an item for longer than they held it, whatever their client says', async () => {
  const { item } = await bed.ask()
  const { decision } = await bed.items.decide({ ...(await approvalBy(person(), item)), activeMs: 86_000_000 })
  expect(decision.activeMs).toBeLessThan(600_000)
})
