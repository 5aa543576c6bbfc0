import { afterAll, beforeAll, expect, test } from 'vitest'
import { mainTenant as tenant, type WorkItemId } from '../core/ids.ts'
import type { ItemSummary, ListItems } from './item.ts'
import { encodeCursor } from './list-cursor.ts'
import { codeOf, person, ReviewBed } from './testing.ts'

let bed: ReviewBed
beforeAll(async () => {
  bed = await ReviewBed.open()
})
afterAll(() => bed.database.drop())

async function readAll(
  request: Omit<ListItems, 'tenant' | 'cursor'>,
  between: () => Promise<unknown> = async () => {},
): Promise<ItemSummary[]> {
  const items: ItemSummary[] = []
  let cursor: string | undefined
  do {
    const page = await bed.items.list({ tenant, ...request, cursor })
    items.push(...page.items)
    cursor = page.next
    await between()
  } while (cursor)
  return items
}
const idsOf = (items: readonly ItemSummary[]): WorkItemId[] => items.map(({ id }) => id)

test('every item that was there is on exactly one page, in order, while others arrive before and behind', async () => {
  const queue = 'pages'
  const asked: WorkItemId[] = []
  for (let n = 0; n < 23; n++) {
    const dueIn = n % 3 === 0 ? undefined : (n % 5) * 60_000 + 1
    asked.push((await bed.ask({ queue, priority: n % 4, dueIn })).item)
  }
  const arrive = async () => {
    await bed.ask({ queue, priority: 0, dueIn: 1 })
    await bed.ask({ queue, priority: 3 })
  }
  const read = await readAll({ queue, limit: 4 }, arrive)
  const ids = idsOf(read)
  expect(new Set(ids).size).toBe(ids.length)
  expect(asked.filter((id) => !ids.includes(id))).toEqual([])
  const order = read.map(({ priority, due = Infinity }) => [priority, due] as const)
  expect(order).toEqual(order.toSorted(([p, d], [q, e]) => p - q || (d === e ? 0 : d - e)))
})

test('items due in the same microsecond are told apart by their id', async () => {
  const queue = 'ties'
  const asked = await Promise.all(Array.from({ length: 9 }, () => bed.ask({ queue, dueIn: 1000 })))
  await bed.database.pool.query(`update work_item set due = '2030-01-01 00:00:00.123457+00' where queue = $1`, [queue])
  expect(idsOf(await readAll({ queue, limit: 2 }))).toEqual(asked.map(({ item }) => item).toSorted())
})

test('a list without a queue reads all of them; settled items are listed newest first, page by page', async () => {
  const closed: WorkItemId[] = []
  for (let n = 0; n < 5; n++) {
    const { item, question } = await bed.ask({ queue: `settled-${n}` })
    await bed.items.close(question, 'timeout')
    closed.push(item)
  }
  const read = await readAll({ state: 'closed', limit: 2 })
  expect(idsOf(read)).toEqual(closed.toSorted().toReversed())
  expect(read[0]).toMatchObject({ state: 'closed', closedWhy: 'timeout' })
  const open = new Set((await readAll({})).map(({ queue }) => queue))
  expect(open.has('pages') && open.has('ties')).toBe(true)
})

test('mine is what I hold, and of settled ones what I decided', async () => {
  const me = person()
  const { item: held } = await bed.ask()
  const { item: done } = await bed.ask()
  await bed.ask()
  await bed.items.claim({ tenant, item: held, person: me })
  const { claim } = await bed.items.claim({ tenant, item: done, person: me })
  const { shownDigest } = await bed.items.show({ tenant, item: done })
  await bed.items.decide({ tenant, item: done, person: me, claim, verdict: 'approve', shownDigest })
  expect(idsOf(await readAll({ mine: me }))).toEqual([held])
  expect(idsOf(await readAll({ state: 'decided', mine: me }))).toEqual([done])
})

test('a list shows the first line and loads no body: a damaged body does not show', async () => {
  const queue = 'heads'
  const { item } = await bed.ask({ queue, firstLine: 'Where is my card?' })
  await bed.database.pool.query(`update work_item set body = '\\x00' where id = $1`, [item])
  const { items } = await bed.items.list({ tenant, queue })
  expect(items).toMatchObject([{ id: item, firstLine: 'Where is my card?', unreadable: undefined, form: 'reply' }])
})

test('one erased and one damaged item stop no other', async () => {
  const queue = 'erased'
  const { item: erased, question } = await bed.ask({ queue })
  const { item: damaged } = await bed.ask({ queue })
  const { item: whole } = await bed.ask({ queue })
  await bed.erase(question.subjectKey)
  await bed.database.pool.query(`update work_item set head = '\\x0011' where id = $1`, [damaged])
  const { items } = await bed.items.list({ tenant, queue })
  expect(new Map(items.map(({ id, firstLine, unreadable }) => [id, [firstLine, unreadable]]))).toEqual(
    new Map<string, unknown[]>([
      [erased, [undefined, 'erased']],
      [damaged, [undefined, 'damaged']],
      [whole, ['I lost my card', undefined]],
    ]),
  )
  expect(await codeOf(bed.items.show({ tenant, item: erased }))).toBe('governance/key-destroyed')
})

test.each([
  ['', 'empty'],
  ['abc', 'not JSON'],
  [Buffer.from('["open",2,"x","rev_0"]').toString('base64url'), 'bad fields'],
  [Buffer.from('["open",2,null,"rev_0\' or 1=1"]').toString('base64url'), 'no id'],
  [encodeCursor({ state: 'closed', priority: 2, due: null, id: `rev_${'0'.repeat(32)}` }), 'of another list'],
])('a cursor that this list did not make is refused: %s (%s)', async (cursor) => {
  expect(await codeOf(bed.items.list({ tenant, cursor }))).toBe('review/bad-cursor')
})
