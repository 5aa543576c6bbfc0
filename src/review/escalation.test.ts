import { afterAll, beforeAll, expect, test } from 'vitest'
import { mainTenant as tenant, type WorkItemId } from '../core/ids.ts'
import { ReviewBed } from './testing.ts'

let bed: ReviewBed
beforeAll(async () => {
  bed = await ReviewBed.open()
})
afterAll(() => bed.database.drop())

const recordsOf = (item: WorkItemId) =>
  bed.count(`audit_log where object = $1 and action = 'review/escalated' and actor is null`, [item])

test('each item that is past due is escalated and recorded once, by however many sweepers (W7)', async () => {
  const late = await Promise.all(Array.from({ length: 12 }, () => bed.ask({ dueIn: -1 })))
  const { item: inTime } = await bed.ask({ dueIn: 3_600_000 })
  const { item: never } = await bed.ask()
  const sweep = async () => {
    let marked = 0
    for (;;) {
      const some = await bed.items.escalate(3)
      marked += some
      if (some < 3) return marked
    }
  }
  const marked = await Promise.all([sweep(), sweep(), sweep()])
  const rest = await bed.items.escalate(100)
  expect(marked.reduce((sum, n) => sum + n, rest)).toBe(12)
  expect(await bed.items.escalate(100)).toBe(0)
  for (const { item } of late) {
    expect(await recordsOf(item)).toBe(1)
    const shown = await bed.items.show({ tenant, item })
    expect(shown).toMatchObject({ priority: 1, isOverdue: true, state: 'open' })
    expect(shown.escalated).toBeGreaterThan(0)
  }
  expect([await recordsOf(inTime), await recordsOf(never)]).toEqual([0, 0])
})

test('the most urgent class stays what it is, and a settled item is left alone', async () => {
  const { item } = await bed.ask({ dueIn: -1, priority: 0 })
  const { item: closed, question } = await bed.ask({ dueIn: -1 })
  await bed.items.close(question, 'cancelled')
  expect(await bed.items.escalate(100)).toBe(1)
  expect((await bed.items.show({ tenant, item })).priority).toBe(0)
  expect(await recordsOf(closed)).toBe(0)
})

test('a mark without its record does not stay: both are one transaction', async () => {
  const { item } = await bed.ask({ dueIn: -1 })
  bed.beforeAudit = () => Promise.reject(new Error('the audit log is full'))
  await expect(bed.items.escalate(100)).rejects.toThrow('full')
  bed.beforeAudit = undefined
  expect((await bed.items.show({ tenant, item })).escalated).toBeUndefined()
  expect(await bed.items.escalate(100)).toBe(1)
})
