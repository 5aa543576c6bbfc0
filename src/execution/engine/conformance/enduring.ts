import { expect, test } from 'vitest'
import { effect, pure, type Suite, value } from './bed.ts'

/** What bounds a run as a whole (E24). */
export function enduring({ bedFor }: Suite): void {
  test('E24: a run that loops ends with run/too-long, and its $end is written', async () => {
    const bed = await bedFor(
      async (ctx) => {
        for (;;) await ctx.step('again', () => value(1), pure)
      },
      { limits: { rows: 20 } },
    )
    const run = await bed.start()
    await bed.rest()
    expect(await bed.outcome(run)).toMatchObject({
      state: 'failed',
      settlement: { error: { code: 'run/too-long' } },
    })
    const rows = await bed.rows(run)
    expect(rows).toHaveLength(20)
    expect(rows.at(-1)?.key).toBe('$end')
  })

  test('E24: a run whose results are too much to read ends so too, and an effect that has begun gets its row', async () => {
    const bed = await bedFor(
      async (ctx) => {
        const paid = ctx.step('pay', () => bed.delay(200).then(() => value('paid')), effect)
        for (let n = 0; n < 50; n++) await ctx.step('text', () => value('x'.repeat(1000)), pure)
        return paid
      },
      { limits: { inline: 5000 } },
    )
    const run = await bed.start()
    await bed.rest()
    expect(await bed.outcome(run)).toMatchObject({ settlement: { error: { code: 'run/too-long' } } })
    const rows = await bed.rows(run)
    expect(rows.filter((row) => row.key === 'pay#0').map((row) => row.phase)).toEqual(['intent', 'end'])
    expect(rows.length).toBeLessThan(15)
  })
}
