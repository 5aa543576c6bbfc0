import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { mainTenant as tenant, type RunId, type WorkItemId } from '../core/ids.ts'
import type { Json } from '../core/json.ts'
import { mailbox } from '../execution/engine/conformance/bed.ts'
import { makeRestateBed, type RestateBed } from '../execution/engine/conformance/restate-bed.ts'
import { timedOut } from '../execution/engine/ports.ts'
import type { DecideItem } from '../review/item.ts'
import { codeOf, person, ReviewBed } from '../review/testing.ts'

// 23 of docs/specs/engine.md: person and run agree at the deadline, with the real engine on one side and real decisions on the other.

const beds: RestateBed[] = []
afterEach(async () => {
  for (const bed of beds.splice(0)) await bed.dispose()
})

/** Runs that ask a person and wait for `until` ms. */
async function askingFor(until: number) {
  const items = new Map<RunId, WorkItemId>()
  const bed = await makeRestateBed(
    async (ctx): Promise<Json> => {
      const { run } = ctx.run
      const step = (key: string) => ({ tenant, run, stepKey: key })
      const settled = (answer: Awaited<ReturnType<typeof review.items.answer>>) =>
        answer && { value: answer.verdict as Json }
      const got = await ctx.wait<Json>('ask', {
        ...mailbox().wait(until),
        async open({ key }) {
          const { key: subjectKey } = await review.run()
          items.set(run, (await review.ask({ run, subjectKey, stepKey: key })).item)
          return undefined
        },
        read: async ({ key }) => settled(await review.items.answer(step(key))),
        close: async ({ key }, why) => settled(await review.items.close(step(key), why)),
      })
      return got === timedOut ? 'timed out' : got
    },
    { limits: { linger: 0 } },
  )
  const review = new ReviewBed(bed.database)
  beds.push(bed)
  /** Asks, and claims the item. */
  const ask = async (): Promise<{ run: RunId; item: WorkItemId; approve: DecideItem }> => {
    const run = await bed.start()
    while (!items.has(run)) await sleep(5)
    const item = items.get(run) ?? ('' as WorkItemId) // it was waited for
    const who = person()
    const { claim } = await review.items.claim({ tenant, item, person: who })
    const { shownDigest } = await review.items.show({ tenant, item, person: who })
    return { run, item, approve: { tenant, item, person: who, claim, verdict: 'approve', shownDigest } }
  }
  const end = async (run: RunId): Promise<Json> => {
    for (;;) {
      const outcome = await bed.outcome(run)
      if (outcome) return 'ok' in outcome.settlement ? outcome.settlement.ok : outcome.settlement
      await sleep(10)
    }
  }
  return { bed, review, ask, end }
}

const stateOf = async ({ items }: ReviewBed, item: WorkItemId): Promise<string> =>
  (await items.show({ tenant, item })).state

test('23: the decision’s transaction is held over the deadline: the run waits for it, and both say approved', async () => {
  const { review, ask, end } = await askingFor(1500)
  const { run, item, approve } = await ask()
  const [isHeld, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  review.beforeAudit = () => (isHeld.resolve(), goOn.promise)
  const deciding = codeOf(review.items.decide(approve))
  await isHeld.promise
  while ((await review.blocked()) === 0) await sleep(10) // the deadline is over: the run wants to close the item
  goOn.resolve()
  expect([await deciding, await end(run)]).toEqual(['ok', 'approve'])
  expect(await stateOf(review, item)).toBe('decided')
})

test('23: the decision’s transaction is held over the deadline and fails: the run times out, and a second try is told so', async () => {
  const { review, ask, end } = await askingFor(1500)
  const { run, item, approve } = await ask()
  const [isHeld, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  review.beforeAudit = () => (isHeld.resolve(), goOn.promise.then(() => Promise.reject(new Error('the disk is full'))))
  const deciding = review.items.decide(approve)
  deciding.catch(() => {})
  await isHeld.promise
  while ((await review.blocked()) === 0) await sleep(10)
  goOn.resolve()
  await expect(deciding).rejects.toThrow('the disk is full')
  review.beforeAudit = undefined
  expect(await end(run)).toBe('timed out')
  expect(await codeOf(review.items.decide(approve))).toBe('review/closed')
  expect(await stateOf(review, item)).toBe('closed')
})

test('23: 40 decisions around their deadlines: whatever a person was told is what the run did', async () => {
  const until = 1500
  const { review, ask, end } = await askingFor(until)
  const told = await Promise.all(
    Array.from({ length: 40 }, async (_, n) => {
      await sleep(n * 20)
      const { run, item, approve } = await ask()
      await sleep(until - 300 + (n % 20) * 30)
      const said = await codeOf(review.items.decide(approve))
      return { said, did: await end(run), state: await stateOf(review, item) }
    }),
  )
  const kinds = told.map(({ said, did, state }) => `${said} ${JSON.stringify(did)} ${state}`)
  const agreed = new Set(['ok "approve" decided', 'review/closed "timed out" closed'])
  expect(kinds.filter((kind) => !agreed.has(kind))).toEqual([])
})
