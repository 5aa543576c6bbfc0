import { expect, test } from 'vitest'
import type { Json } from '../../../core/json.ts'
import { type Bed, mailbox, pure, type Suite, value } from './bed.ts'
import { timedOut } from '../ports.ts'

/** What a run that waits hears, and what it holds: nothing (8, 9, 14, 20). */
export function waiting({ bedFor, size }: Suite): void {
  test('8: rung before the wait, twice, or after the end: exactly one result', async () => {
    const box = mailbox()
    const bed = await bedFor(async (ctx) => {
      await ctx.sleep('first', 200)
      return (await ctx.wait('ask', box.wait())) as Json
    })
    const run = await bed.start()
    await bed.engine.ring({ run, key: 'ask#0' })
    await bed.rest()
    expect(await bed.outcome(run)).toBeUndefined()
    box.decision = 'yes'
    await Promise.all([bed.engine.ring({ run, key: 'ask#0' }), bed.engine.ring({ run, key: 'ask#0' })])
    await bed.rest()
    await bed.engine.ring({ run, key: 'ask#0' })
    await bed.rest()
    expect((await bed.outcome(run))?.settlement).toEqual({ ok: 'yes' })
    expect((await bed.rows(run)).filter((row) => row.key === 'ask#0' && row.phase === 'end')).toHaveLength(1)
  })

  test('9: decision against deadline: one winner, the same on replay; what is too late is closed', async () => {
    const late = mailbox()
    const bed = await bedFor(async (ctx) => {
      const got = await ctx.wait('ask', late.wait(300))
      await ctx.sleep('parks', 1500)
      return got === timedOut ? 'timed out' : got
    })
    const run = await bed.start()
    await bed.rest()
    expect((await bed.outcome(run))?.settlement).toEqual({ ok: 'timed out' })
    expect(late.closed).toContain('timeout')
    const inTime = mailbox()
    const second = await bedFor(async (ctx) =>
      (await ctx.wait('ask', inTime.wait(300))) === timedOut ? 'timed out' : 'decided',
    )
    inTime.decision = 'yes' // decided, but the bell was lost: at the deadline the decision wins
    const other = await second.start()
    await second.rest()
    expect((await second.outcome(other))?.settlement).toEqual({ ok: 'decided' })
  })

  test('14: many runs wait and hold nothing; a new one starts meanwhile', async () => {
    const bed = await bedFor(
      async (ctx) => {
        if (ctx.run.input === 'wait') await ctx.sleep('long', 86_400_000)
        return 'new'
      },
      { limits: { linger: 0 } },
    )
    const runs = await Promise.all(Array.from({ length: size.waits }, () => bed.start('wait')))
    await bed.delay(50)
    const fresh = await bed.start('go')
    while ((await bed.outcome(fresh)) === undefined) await bed.delay(5)
    expect(await bed.outcome(runs[0] ?? fresh)).toBeUndefined()
  })

  test('a child runs once, its result is its parent’s, and a child that lost a race is cancelled (E20)', async () => {
    const bed = await bedFor(async (ctx) => {
      if (ctx.run.input === 'child') {
        await ctx.sleep('long', 86_400_000)
        return 'never'
      }
      if (ctx.run.input === 'quick child') return 'child says 7'
      const { tenant, pipeline, digest } = ctx.run
      const quick = await ctx.call('quick', { tenant, pipeline, digest, input: 'quick child' })
      await Promise.race([ctx.call('slow', { tenant, pipeline, digest, input: 'child' }), ctx.sleep('nap', 200)])
      return quick
    })
    const run = await bed.start('parent')
    await bed.rest()
    expect((await bed.outcome(run))?.settlement).toEqual({
      ok: { state: 'succeeded', settlement: { ok: 'child says 7' } },
    })
  })

  test('20: every other wake is lost, at the start, at the bell, at the deadline and at the resume: the run ends (E22)', async () => {
    const box = mailbox()
    let wakes = 0
    const bed: Bed = await bedFor(
      async (ctx) => {
        await ctx.step('a', () => value(1), pure)
        const got = await ctx.wait('ask', box.wait())
        await ctx.sleep('nap', 1500)
        return got === timedOut ? null : got
      },
      {
        limits: { linger: 0 },
        wrapScheduler: (scheduler) => ({
          wake: async (run, after) => (wakes++ % 2 === 0 ? undefined : scheduler.wake(run, after)),
          serve: (segment) => scheduler.serve(segment),
        }),
      },
    )
    const run = await bed.start()
    await bed.rest()
    box.decision = 'yes'
    await bed.engine.ring({ run, key: 'ask#0' })
    await bed.rest()
    expect((await bed.outcome(run))?.settlement).toEqual({ ok: 'yes' })
  })
}
