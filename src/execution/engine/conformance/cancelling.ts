import { expect, test } from 'vitest'
import { type Bed, effect, mailbox, pure, type Suite, value } from './bed.ts'

/** What a cancel, a kill and a pause do (5-7, 10). */
export function cancelling({ bedFor }: Suite): void {
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

  test('5: cancelled while a wait is being opened, what was opened is closed, and nobody is asked in vain', async () => {
    const box = mailbox()
    const bed: Bed = await bedFor(
      (ctx) =>
        ctx.wait('ask', {
          ...box.wait(),
          open: async () => {
            await bed.engine.cancel(run)
            await bed.delay(400)
            box.closed.push('opened')
            return undefined
          },
        }) as Promise<null>,
    )
    const run = bed.runId()
    await bed.start(null, { run })
    await bed.rest()
    expect((await bed.outcome(run))?.state).toBe('cancelled')
    expect(box.closed.slice(0, 2)).toEqual(['opened', 'cancelled'])
  })

  test('a kill undoes nothing, ends with a record of the number of rows (L6), and is heard while a body runs', async () => {
    const seen: string[] = []
    const bed: Bed = await bedFor(async (ctx) => {
      try {
        await ctx.step('pay', async () => value(seen.push('paid')), effect)
        await ctx.sleep('long', 86_400_000)
      } finally {
        seen.push('the code went on')
      }
      return null
    })
    const run = bed.runId()
    await bed.start(null, { run })
    await bed.delay(300)
    expect(await bed.engine.kill(run)).toBe(true)
    await bed.rest()
    expect(seen).toEqual(['paid'])
    expect(await bed.outcome(run)).toMatchObject({ state: 'killed', settlement: { error: { code: 'run/killed' } } })
    expect((await bed.rows(run)).map((row) => `${row.seq} ${row.key}`)).toEqual([
      '0 pay#0',
      '1 pay#0',
      '2 long#0',
      '3 $end',
    ])
    expect(await bed.engine.kill(run)).toBe(false)
    expect(await bed.engine.state(run)).toBe('finished')
  })

  test('paused during an effect, it lands first, and is not repeated after the resume (E19)', async () => {
    let landed = 0
    const once = { ...effect, effect: { ifUnknown: { kind: 'ask-a-human' }, action: effect.effect.action } } as const
    const bed: Bed = await bedFor((ctx) =>
      ctx.step(
        'pay',
        async () => {
          await bed.engine.pause(run)
          await bed.delay(300)
          return value(++landed)
        },
        once,
      ),
    )
    const run = bed.runId()
    await bed.start(null, { run })
    await bed.rest()
    await bed.delay(600)
    expect(await bed.engine.state(run)).toBe('paused')
    await bed.engine.resume(run)
    await bed.rest()
    expect((await bed.outcome(run))?.settlement).toEqual({ ok: 1 })
  })

  test('a run that no longer fits its code can be cancelled: it ends, and says why nothing was undone', async () => {
    let version = 1
    const bed = await bedFor(
      async (ctx) => {
        await ctx.step('a', () => value(1), { ...pure, arguments: version })
        await ctx.sleep('nap', 86_400_000)
        return null
      },
      { limits: { linger: 0 } },
    )
    const run = await bed.start()
    await bed.delay(400)
    version = 2
    await bed.engine.ring({ run, key: 'nap#0' })
    await bed.delay(400)
    await bed.rest()
    expect(await bed.engine.state(run)).toBe('paused')
    await bed.engine.cancel(run)
    await bed.rest()
    expect(await bed.outcome(run)).toMatchObject({
      state: 'cancelled',
      settlement: { error: { code: 'run/diverged' } },
    })
  })
}
