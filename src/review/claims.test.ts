import { afterAll, beforeAll, expect, test } from 'vitest'
import { mainTenant as tenant, type WorkItemId } from '../core/ids.ts'
import { codeOf, person, ReviewBed } from './testing.ts'

let bed: ReviewBed
beforeAll(async () => {
  bed = await ReviewBed.open()
})
afterAll(() => bed.database.drop())

const show = (item: WorkItemId) => bed.items.show({ tenant, item })

test('of eight persons who claim one item at once exactly one holds it (W1)', async () => {
  for (let round = 0; round < 10; round++) {
    const { item } = await bed.ask()
    const codes = await Promise.all(
      Array.from({ length: 8 }, () => codeOf(bed.items.claim({ tenant, item, person: person() }))),
    )
    expect(codes.filter((code) => code === 'ok')).toHaveLength(1)
    expect(codes.filter((code) => code === 'review/claimed')).toHaveLength(7)
    expect((await show(item)).claim.number).toBe(1)
  }
})

test('eight persons who take the next until none is left get every item once', async () => {
  const queue = 'take-next'
  const asked = await Promise.all(Array.from({ length: 24 }, () => bed.ask({ queue })))
  const taken: WorkItemId[] = []
  const takeAll = async () => {
    for (;;) {
      const claim = await bed.items.claimNext({ tenant, person: person(), queue })
      if (!claim) return
      taken.push(claim.item)
    }
  }
  await Promise.all(Array.from({ length: 8 }, takeAll))
  expect(taken.toSorted()).toEqual(asked.map(({ item }) => item).toSorted())
})

test('the next is the most urgent that is free and that the person may decide', async () => {
  const queue = 'next'
  const me = person()
  const { item: late } = await bed.ask({ queue, priority: 1, dueIn: 3_600_000 })
  const { item: soon } = await bed.ask({ queue, priority: 1, dueIn: 60_000 })
  const { item: mine } = await bed.ask({ queue, priority: 0, author: me })
  const { item: held } = await bed.ask({ queue, priority: 0 })
  const { item: whenever } = await bed.ask({ queue, priority: 1 })
  await bed.items.claim({ tenant, item: held, person: person() })
  const next = async () => (await bed.items.claimNext({ tenant, person: me, queue }))?.item
  expect([await next(), await next(), await next(), await next()]).toEqual([soon, late, whenever, undefined])
  expect((await bed.items.claimNext({ tenant, person: person(), queue }))?.item).toBe(mine)
})

test('a live lease keeps others out; an ended one does not', async () => {
  const { item } = await bed.ask()
  const [holder, other] = [person(), person()]
  await bed.items.claim({ tenant, item, person: holder })
  expect(await codeOf(bed.items.claim({ tenant, item, person: other }))).toBe('review/claimed')
  await bed.endLease(item)
  expect((await bed.items.claim({ tenant, item, person: other })).claim).toBe(2)
})

test('a second window of the same person ends the first one’s claim; its number renews it', async () => {
  const { item } = await bed.ask()
  const me = person()
  const first = await bed.items.claim({ tenant, item, person: me })
  const second = await bed.items.claim({ tenant, item, person: me })
  expect(second.claim).toBe(first.claim + 1)
  expect(await codeOf(bed.items.claim({ tenant, item, person: me, claim: first.claim }))).toBe('review/claim-lost')
  const renewed = await bed.items.claim({ tenant, item, person: me, claim: second.claim, lease: 3_600_000 })
  expect(renewed.claim).toBe(second.claim)
  expect(renewed.leaseUntil).toBeGreaterThan(second.leaseUntil)
})

test('a claim whose lease has ended is renewed as long as nobody else has claimed (W2)', async () => {
  const { item } = await bed.ask()
  const me = person()
  const { claim } = await bed.items.claim({ tenant, item, person: me })
  await bed.endLease(item)
  await bed.items.claim({ tenant, item, person: me, claim })
  expect((await show(item)).claim).toMatchObject({ number: claim, holder: me, isLive: true })
})

test('a released item is free at once, and the released number never counts again', async () => {
  const { item } = await bed.ask()
  const [me, other] = [person(), person()]
  const { claim } = await bed.items.claim({ tenant, item, person: me })
  await bed.items.release({ tenant, item, person: me, claim })
  await bed.items.release({ tenant, item, person: me, claim }) // sent twice
  expect(await codeOf(bed.items.claim({ tenant, item, person: me, claim }))).toBe('review/claim-lost')
  await bed.items.claim({ tenant, item, person: other })
  expect(await codeOf(bed.items.release({ tenant, item, person: me, claim }))).toBe('review/claim-lost')
  expect((await show(item)).claim.holder).toBe(other)
})

test('the author of the work cannot claim it', async () => {
  const author = person()
  const { item } = await bed.ask({ author })
  expect(await codeOf(bed.items.claim({ tenant, item, person: author }))).toBe('review/not-eligible')
  const { may } = await bed.items.show({ tenant, item, person: author })
  expect(may.claim).toEqual({ allowed: false, why: 'review/not-eligible' })
})

test('what may be done is said, so that no client mirrors the rules', async () => {
  const { item, question } = await bed.ask()
  const [holder, other] = [person(), person()]
  const mayOf = async (who = holder) => {
    const { may } = await bed.items.show({ tenant, item, person: who })
    return [may.claim.why ?? 'yes', may.decide.why ?? 'yes']
  }
  expect(await mayOf()).toEqual(['yes', 'review/claim-lost'])
  await bed.items.claim({ tenant, item, person: holder })
  expect(await mayOf()).toEqual(['yes', 'yes'])
  expect(await mayOf(other)).toEqual(['review/claimed', 'review/claim-lost'])
  await bed.items.close(question, 'dropped')
  expect(await mayOf()).toEqual(['review/closed', 'review/closed'])
})

test('claims and releases are recorded with who made them; a renewal is not', async () => {
  const { item } = await bed.ask()
  const me = person()
  const { claim } = await bed.items.claim({ tenant, item, person: me })
  await bed.items.claim({ tenant, item, person: me, claim })
  await bed.items.release({ tenant, item, person: me, claim })
  const { rows } = await bed.database.pool.query<{ action: string }>(
    'select action from audit_log where object = $1 and actor = $2 order by at',
    [item, me],
  )
  expect(rows.map((row) => row.action)).toEqual(['review/claimed', 'review/released'])
})

test('another tenant sees, claims and takes nothing', async () => {
  const { item } = await bed.ask({ queue: 'theirs' })
  const other = 'other' as typeof tenant // a tenant that owns nothing
  expect(await codeOf(bed.items.claim({ tenant: other, item, person: person() }))).toBe('review/no-such-item')
  expect(await codeOf(bed.items.show({ tenant: other, item }))).toBe('review/no-such-item')
  expect(await bed.items.claimNext({ tenant: other, person: person(), queue: 'theirs' })).toBeUndefined()
})

test.each([0, 999, 86_400_001, Number.NaN])('a lease of %d ms is refused', async (lease) => {
  const { item } = await bed.ask()
  expect(await codeOf(bed.items.claim({ tenant, item, person: person(), lease }))).toBe('review/bad-input')
})
