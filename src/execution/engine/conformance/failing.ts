import { expect, test } from 'vitest'
import type { Json } from '../../../core/json.ts'
import { StepFailure } from '../failures.ts'
import { type Bed, effect, pure, type Suite, value } from './bed.ts'

/** What goes wrong, and whom it touches (10-13, 19). */
export function failing({ bedFor }: Suite): void {
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

  test('12: an effect that times out or throws may have landed: it goes to ifUnknown, and is not repeated (E2)', async () => {
    let bodies = 0
    const once = { ...effect, timeout: 200, retry: { attempts: 3, first: 1, factor: 1, most: 1 } }
    const asks = { ...once, effect: { ifUnknown: { kind: 'ask-a-human' }, action: effect.effect.action } } as const
    const codeOf = (error: Error & { code?: string }): string => error.code ?? ''
    const bed: Bed = await bedFor(async (ctx) => {
      const threw = await ctx
        .step(
          'threw',
          async () => {
            bodies++
            throw new Error('the connection broke')
          },
          asks,
        )
        .catch(codeOf)
      const late = await ctx
        .step(
          'late',
          (signal) => {
            bodies++
            return new Promise<never>((_, reject) =>
              signal.addEventListener('abort', () => reject(new Error('aborted'))),
            )
          },
          asks,
        )
        .catch(codeOf)
      const looks = { kind: 'lookup', find: async () => (bodies < 4 ? undefined : { value: 'found' }) } as const
      const found = await ctx.step(
        'looked',
        async () => {
          bodies++
          throw new Error('the connection broke')
        },
        { ...once, effect: { ifUnknown: looks, action: effect.effect.action } },
      )
      return [threw, late, found] as Json
    })
    const run = await bed.start()
    await bed.rest()
    expect((await bed.outcome(run))?.settlement).toEqual({
      ok: ['step/outcome-unknown', 'step/outcome-unknown', 'found'],
    })
    expect(bodies).toBe(4)
    const looked = (await bed.rows(run)).filter((row) => row.key === 'looked#0').map((row) => row.phase)
    expect(looked).toEqual(['intent', 'intent', 'end']) // each attempt under an intent of its own
  })

  test('19: three writers on one run: one dense log, each step settled once, effects under one token', async () => {
    const tokens = new Map<string, Set<string>>()
    const bed: Bed = await bedFor(async (ctx) => {
      for (const n of [0, 1, 2, 3]) {
        await ctx.step(
          `pay${n}`,
          async (_signal, { token }) => {
            tokens.set(`pay${n}`, (tokens.get(`pay${n}`) ?? new Set()).add(token))
            await bed.delay(5)
            return value(n)
          },
          effect,
        )
      }
      return 'over'
    })
    const run = await bed.start()
    await Promise.all([bed.rival(run), bed.rival(run), bed.rest()])
    await bed.rest()
    const rows = await bed.rows(run)
    expect(rows.map((row) => row.seq)).toEqual(rows.map((_, i) => i))
    for (const n of [0, 1, 2, 3])
      expect(rows.filter((row) => row.key === `pay${n}#0` && row.phase === 'end')).toHaveLength(1)
    for (const seen of tokens.values()) expect(seen.size).toBe(1)
    expect((await bed.outcome(run))?.settlement).toEqual({ ok: 'over' })
  })
}
