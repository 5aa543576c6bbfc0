import { setTimeout as realTime } from 'node:timers/promises' // no shim sees it
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { Json } from '../../../core/json.ts'
import { StepFailure } from '../failures.ts'
import { type RunContext, timedOut, type WaitOptions } from '../ports.ts'
import { type Bed, type BedOptions, effect, type MakeBed, pure, value } from './bed.ts'
import { runTree, tree } from './trees.ts'

/** The behaviours of docs/specs/engine.md, "Conformance", under their numbers; the same on every implementation. */
export function describeEngine(
  name: string,
  makeBed: MakeBed,
  size: { readonly trees: number; readonly waits: number },
): void {
  describe(name, () => {
    const beds: Bed[] = []
    afterEach(async () => {
      for (const bed of beds.splice(0)) await bed.dispose()
    })
    const bedFor = async (code: (context: RunContext) => Promise<Json>, options?: BedOptions): Promise<Bed> => {
      const bed = await makeBed(code, options)
      beds.push(bed)
      return bed
    }
    /** A decision that a test makes from outside. */
    const mailbox = (): {
      decision: Json | undefined
      closed: string[]
      wait: (until?: number) => WaitOptions<Json>
    } => {
      const box = {
        decision: undefined as Json | undefined,
        closed: [] as string[],
        wait: (until?: number): WaitOptions<Json> => ({
          kind: 'review',
          arguments: null,
          open: async () => undefined,
          read: async () => (box.decision === undefined ? undefined : { value: box.decision }),
          close: async (_bell, why) => {
            box.closed.push(why)
            return box.decision === undefined ? undefined : { value: box.decision }
          },
          ...(until !== undefined && { until }),
        }),
      }
      return box
    }

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

    test('5: cancelled inside an effect, it settles first, then what waits is told, then the undo runs, last first', async () => {
      const seen: string[] = []
      const bed: Bed = await bedFor(async (ctx) => {
        const undo: string[] = []
        try {
          await ctx.step('one', async () => value(seen.push('one')), effect)
          undo.push('undo one')
          await Promise.all([
            ctx
              .step(
                'two',
                async () => {
                  await bed.engine.cancel(run)
                  await bed.delay(600)
                  return value(seen.push('two landed'))
                },
                effect,
              )
              .then(() => undo.push('undo two')),
            ctx.sleep('long', 86_400_000).catch((error: Error) => {
              seen.push('sleep told')
              throw error
            }),
          ])
        } catch {
          await ctx.shield(async () => {
            for (const name of undo.toReversed()) await ctx.step(name, async () => value(seen.push(name)), effect)
          })
        }
        return null
      })
      const run = bed.runId()
      await bed.start(null, { run })
      await bed.rest()
      expect(seen).toEqual(['one', 'two landed', 'sleep told', 'undo two', 'undo one'])
      expect((await bed.outcome(run))?.state).toBe('cancelled')
    })

    test('5: cancelled inside a pure step, its signal aborts and the author is told', async () => {
      let aborted = false
      const bed: Bed = await bedFor((ctx) =>
        ctx.step(
          's',
          (signal) =>
            new Promise((_, reject) => {
              signal.addEventListener('abort', () => {
                aborted = true
                reject(new Error('aborted'))
              })
              void bed.engine.cancel(run)
            }),
          pure,
        ),
      )
      const run = bed.runId()
      await bed.start(null, { run })
      await bed.rest()
      expect(aborted).toBe(true)
      expect(await bed.outcome(run)).toMatchObject({
        state: 'cancelled',
        settlement: { error: { code: 'run/cancelled' } },
      })
    })

    test('6: cancelled twice, a crash in the compensation, the cancel swallowed: the compensation completes, the state is cancelled', async () => {
      let undone = 0
      let crashed = false
      const bed: Bed = await bedFor(async (ctx) => {
        try {
          await ctx.sleep('long', 86_400_000)
        } catch {
          await ctx.shield(() =>
            ctx.step(
              'undo',
              async () => {
                await bed.engine.cancel(run)
                if (!crashed) {
                  crashed = true
                  void bed.crash()
                  return new Promise<never>(() => {})
                }
                return value(++undone)
              },
              effect,
            ),
          )
        }
        return 'swallowed'
      })
      const run = bed.runId()
      await bed.start(null, { run })
      await bed.delay(100)
      await bed.engine.cancel(run)
      await bed.rest()
      expect(undone).toBe(1)
      expect(await bed.outcome(run)).toEqual({ state: 'cancelled', settlement: { ok: 'swallowed' } })
    })

    test('7: a wait after the cancellation is refused at once, and does not spin', async () => {
      let asked = 0
      const bed: Bed = await bedFor(async (ctx) => {
        await ctx.sleep('long', 86_400_000).catch(() => {})
        for (let i = 0; i < 3; i++) await ctx.sleep('again', 1000).catch(() => asked++)
        return asked
      })
      const run = await bed.start()
      await bed.delay(100)
      await bed.engine.cancel(run)
      await bed.rest()
      expect(await bed.outcome(run)).toEqual({ state: 'cancelled', settlement: { ok: 3 } })
      expect((await bed.rows(run)).map((row) => row.key)).toEqual(['long#0', '$cancel', '$end'])
    })

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

    test('10: terminal at once; backoff with retryAfter, and its count survives a crash; an author’s exception fails at once', async () => {
      let tries = 0
      const bed: Bed = await bedFor(async (ctx) => {
        const gone = await ctx
          .step(
            'no',
            async () => {
              throw new StepFailure('card/declined', 'Declined.', { terminal: true })
            },
            { ...pure, retry: { attempts: 5, first: 1, factor: 1, most: 1 } },
          )
          .catch((error: Error & { code?: string }) => error.code)
        const flaky = await ctx.step(
          'flaky',
          async (_signal, { attempt }) => {
            tries++
            if (attempt < 3) throw new StepFailure('busy', 'Busy.', { retryAfter: 1200 })
            return value(attempt)
          },
          { ...pure, retry: { attempts: 3, first: 1, factor: 1, most: 1 } },
        )
        if (gone !== 'card/declined') return 'wrong'
        throw new TypeError(`tries ${flaky}`)
      })
      const run = await bed.start()
      await bed.delay(600)
      await bed.crash()
      await bed.rest()
      expect(tries).toBe(3)
      expect(await bed.outcome(run)).toMatchObject({
        state: 'failed',
        settlement: { error: { code: 'run/exception', message: 'tries 3' } },
      })
    })

    test('10: paused, nothing goes on; resumed, it does', async () => {
      const bed = await bedFor(async (ctx) => {
        await ctx.sleep('nap', 300)
        return 'over'
      })
      const run = await bed.start()
      await bed.engine.pause(run)
      await bed.rest()
      await bed.delay(600)
      expect(await bed.outcome(run)).toBeUndefined()
      expect(await bed.engine.state(run)).toBe('paused')
      await bed.engine.resume(run)
      await bed.rest()
      expect((await bed.outcome(run))?.settlement).toEqual({ ok: 'over' })
    })

    test('10: a rejection that the author never handles fails its own run, and the process lives', async () => {
      const bed = await bedFor(async (ctx) => {
        void Promise.reject(new Error('forgotten'))
        await ctx.sleep('nap', 300)
        return 'over'
      })
      const run = await bed.start()
      await bed.rest()
      expect(await bed.outcome(run)).toMatchObject({ state: 'failed', settlement: { error: { message: 'forgotten' } } })
    })

    test('11: the worker is absent; runs go on when it returns', async () => {
      const bed = await bedFor((ctx) => ctx.step('s', () => value('done'), pure), { isAbsent: true })
      const runs = await Promise.all([1, 2, 3].map(() => bed.start()))
      await bed.delay(2000)
      await bed.crash()
      await bed.rest()
      for (const run of runs) expect((await bed.outcome(run))?.settlement).toEqual({ ok: 'done' })
    })

    test('12: a result over the limit is terminal and ran once; a timeout aborts, and no second body overlaps', async () => {
      let bodies = 0
      let [inside, most] = [0, 0]
      const bed: Bed = await bedFor(
        async (ctx) => {
          const retry = { attempts: 3, first: 1, factor: 1, most: 1 }
          const large = await ctx
            .step('large', async () => value('x'.repeat(++bodies * 5000)), { ...pure, retry })
            .catch((error: Error & { code?: string }) => error.code)
          const slow = await ctx
            .step(
              'slow',
              async (signal) => {
                most = Math.max(most, ++inside)
                await new Promise<void>((resolve) =>
                  signal.addEventListener('abort', () => void bed.delay(200).then(resolve)),
                )
                inside--
                throw new Error('aborted')
              },
              { ...pure, timeout: 200, retry: { ...retry, attempts: 2 } },
            )
            .catch((error: Error & { code?: string }) => error.code)
          return [large, slow] as Json
        },
        { limits: { result: 1000 } },
      )
      const run = await bed.start()
      await bed.rest()
      expect((await bed.outcome(run))?.settlement).toEqual({ ok: ['step/too-large', 'step/timeout'] })
      expect([bodies, most]).toEqual([1, 1])
    })

    test('12: a body that is deaf to its abort is given up, and others go on', async () => {
      const bed = await bedFor(
        async (ctx) => {
          const [deaf, fine] = await Promise.allSettled([
            ctx.step('deaf', () => new Promise<never>(() => {}), { ...pure, timeout: 100 }),
            ctx.step('fine', () => value('fine'), pure),
          ])
          return [deaf.status === 'rejected' ? (deaf.reason as { code: string }).code : 'settled', fine.status]
        },
        { limits: { unsettled: 200 } },
      )
      const run = await bed.start()
      await bed.rest()
      expect((await bed.outcome(run))?.settlement).toEqual({ ok: ['step/unsettled', 'fulfilled'] })
    })

    test('13: started twice, woken often, woken after the end: effects happen once', async () => {
      let effects = 0
      const bed = await bedFor((ctx) => ctx.step('pay', async () => value(++effects), effect))
      const run = bed.runId()
      const answers = await Promise.all([bed.start(null, { run }), bed.start(null, { run })])
      expect(answers).toEqual([run, run])
      await bed.rest()
      await bed.engine.ring({ run, key: 'x' })
      await bed.start(null, { run })
      await bed.rest()
      expect(effects).toBe(1)
      expect((await bed.rows(run)).map((row) => row.phase)).toEqual(['intent', 'end', 'end'])
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
      const bed: Bed = await bedFor(async (ctx) => {
        const long = ctx.step(
          'long',
          async () => {
            await realTime(80)
            return value(null)
          },
          pure,
        )
        await realTime(20)
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
  })
}
