import { setTimeout as realTime } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../../core/json.ts'
import type { RunContext } from '../ports.ts'
import { type Bed, effect, pure, type Suite, value } from './bed.ts'
import { runTree, tree } from './trees.ts'

/** What an author's code sees when it is replayed: the same, in one order (1-4, 15, 18, 21, 24). */
export function replaying({ bedFor, makeBed, size }: Suite): void {
  test('1: a crash before, inside and after every step: finished steps never run again, the open one once a crash', async () => {
    for (const crashAt of [0, 1, 2]) {
      const bodies = [0, 0, 0]
      let crashed = false
      const bed: Bed = await bedFor(async (ctx) => {
        let sum = 0
        for (const n of [0, 1, 2]) {
          sum += await ctx.step(
            `s${n}`,
            async () => {
              bodies[n] = (bodies[n] ?? 0) + 1
              if (n === crashAt && !crashed) {
                crashed = true
                void bed.crash()
                return new Promise<never>(() => {})
              }
              return value(n + 1)
            },
            pure,
          )
        }
        return sum
      })
      const run = await bed.start()
      await bed.rest()
      expect(await bed.outcome(run)).toEqual({ state: 'succeeded', settlement: { ok: 6 } })
      expect(bodies).toEqual([0, 1, 2].map((n) => (n === crashAt ? 2 : 1)))
      expect((await bed.rows(run)).map((row) => row.seq)).toEqual([0, 1, 2, 3])
    }
  })

  test('2: parked at every wait, the result, the keys and their order are the same', async () => {
    const code = async (ctx: RunContext): Promise<Json> => {
      const first = await ctx.step('a', () => value(1), pure)
      await ctx.sleep('nap', 1500)
      const [x, y] = await Promise.all([ctx.step('b', () => value(2), pure), ctx.sleep('nap', 1300).then(() => 3)])
      return first + x + y
    }
    const keys: string[][] = []
    for (const linger of [0, 5000]) {
      const bed = await bedFor(code, { limits: { linger } })
      const run = await bed.start()
      await bed.rest()
      expect((await bed.outcome(run))?.settlement).toEqual({ ok: 6 })
      keys.push((await bed.rows(run)).map((row) => `${row.key} ${row.phase}`))
    }
    expect(keys[0]).toEqual(keys[1])
  })

  test('3: nested all, race and allSettled with failures and crashes replay the same, and a full log runs no body', async () => {
    await fc.assert(
      fc.asyncProperty(tree, fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 3 }), async (shape, crashes) => {
        const bodies = new Map<string, number>()
        const bed: Bed = await makeBed((ctx) => runTree(ctx, shape, bed, bodies))
        try {
          const run = await bed.start()
          for (const after of crashes) {
            await bed.delay(after)
            await bed.crash()
          }
          await bed.rest()
          const outcome = await bed.outcome(run)
          expect(outcome?.state).not.toBeUndefined()
          for (const count of bodies.values()) expect(count).toBeLessThanOrEqual(1 + crashes.length)
          const rows = await bed.rows(run)
          expect(rows.map((row) => row.seq)).toEqual(rows.map((_, i) => i))
        } finally {
          await bed.dispose()
        }
      }),
      { numRuns: size.trees },
    )
  })

  test('4: a foreign await fails with its own code and is not retried; a step that nobody awaits runs', async () => {
    let tries = 0
    const foreign = await bedFor(async () => {
      tries++
      await new Promise(() => {})
      return null
    })
    const run = await foreign.start()
    await foreign.rest()
    expect((await foreign.outcome(run))?.settlement).toMatchObject({ error: { code: 'run/foreign-await' } })
    expect(tries).toBe(1)
    let ran = 0
    const unawaited = await bedFor(async (ctx) => {
      void ctx.step('s', async () => value(++ran), pure)
      return 'over'
    })
    const second = await unawaited.start()
    await unawaited.rest()
    expect((await unawaited.outcome(second))?.settlement).toEqual({ ok: 'over' })
    expect(ran).toBe(1)
  })

  test('15: now, random, Date and Math.random are the same on replay', async () => {
    const seen: string[] = []
    const bed = await bedFor(
      async (ctx) => {
        const before = [ctx.now(), ctx.random(), Math.random(), Date.now(), new Date().getTime()]
        await ctx.sleep('nap', 1500)
        seen.push(JSON.stringify([before, ctx.random()]))
        await ctx.sleep('nap', 1500)
        seen.push(JSON.stringify([before]))
        return null
      },
      { limits: { linger: 0 } },
    )
    const run = await bed.start()
    await bed.rest()
    expect((await bed.outcome(run))?.state).toBe('succeeded')
    expect(seen[0]).toBe(seen[1])
    expect(new Set(seen.slice(1).map((text) => text.slice(0, 60))).size).toBe(1)
  })

  test('18: 200 parallel steps: at most 64 at once, in the order asked for', async () => {
    let [inside, most] = [0, 0]
    const began: number[] = []
    const bed: Bed = await bedFor(async (ctx) => {
      const all = await Promise.all(
        Array.from({ length: 200 }, (_, n) =>
          ctx.step(
            `s${n}`,
            async () => {
              began.push(n)
              most = Math.max(most, ++inside)
              await bed.delay(5)
              inside--
              return value(n)
            },
            pure,
          ),
        ),
      )
      return all.reduce((a, b) => a + b, 0)
    })
    const run = await bed.start()
    await bed.rest()
    expect((await bed.outcome(run))?.settlement).toEqual({ ok: 19_900 })
    expect(most).toBe(64)
    expect(began).toEqual(began.toSorted((a, b) => a - b))
  })

  test('21: other arguments, another order, or a step gone under a waiting run: run/diverged, paused, never a wrong answer', async () => {
    for (const change of ['arguments', 'order', 'gone'] as const) {
      let version = 1
      const bed = await bedFor(
        async (ctx) => {
          const a = () =>
            ctx.step('same', () => value('a'), {
              ...pure,
              arguments: version === 2 && change === 'arguments' ? 'other' : 'a',
            })
          const b = () => ctx.step('same', () => value('b'), { ...pure, arguments: 'b' })
          const both =
            version === 2 && change === 'order'
              ? await Promise.all([b(), a()])
              : version === 2 && change === 'gone'
                ? []
                : await Promise.all([a(), b()])
          await ctx.sleep('nap', 1500)
          return both
        },
        { limits: { linger: 0 } },
      )
      const run = await bed.start()
      while ((await bed.rows(run)).length < 3) await bed.delay(20)
      version = 2
      await bed.rest()
      expect(await bed.outcome(run)).toBeUndefined()
      expect(await bed.engine.state(run)).toBe('paused')
    }
  })

  test('21: a foreign await beside an open step is refused before the effect that follows it', async () => {
    let effects = 0
    const foreign = Promise.withResolvers<void>() // somebody else's promise: no shim sees it
    const bed: Bed = await bedFor(async (ctx) => {
      const long = ctx.step(
        'long',
        async () => {
          await realTime(20)
          foreign.resolve()
          await realTime(80)
          return value(null)
        },
        pure,
      )
      await foreign.promise
      await ctx.step('pay', async () => value(++effects), effect)
      await long
      return null
    })
    const run = await bed.start()
    while ((await bed.outcome(run)) === undefined) {
      await bed.rest()
      await realTime(5)
    }
    expect((await bed.outcome(run))?.settlement).toMatchObject({ error: { code: 'run/foreign-await' } })
    expect(effects).toBe(0)
  })

  test('24: the log’s tail removed under a live segment: nothing is written over the hole', async () => {
    const bed: Bed = await bedFor(async (ctx) => {
      await ctx.step('a', () => value(1), pure)
      await ctx.step(
        'b',
        async () => {
          if (!cut) {
            cut = true
            await bed.cut(run, 1)
          }
          return value(2)
        },
        pure,
      )
      return 'over'
    })
    let cut = false
    const run = bed.runId()
    await bed.start(null, { run })
    await bed.rest()
    expect((await bed.rows(run)).map((row) => row.seq)).toEqual([0, 1, 2])
    expect((await bed.outcome(run))?.settlement).toEqual({ ok: 'over' })
  })
}
