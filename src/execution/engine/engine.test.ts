import { expect, test } from 'vitest'
import { mainTenant, mintId } from '../../core/ids.ts'
import type { Json } from '../../core/json.ts'
import { pure, value } from './conformance/bed.ts'
import { createEngine } from './engine.ts'
import { MemoryLog } from './log-memory.ts'
import type { RunContext } from './ports.ts'
import { MemoryScheduler } from './scheduler-memory.ts'
import { VirtualClock } from './virtual-clock.ts'
import { seededRandom } from '../../core/random.ts'

/** An engine whose process is asked to end. */
async function served(code: (context: RunContext) => Promise<Json>) {
  const clock = new VirtualClock()
  const log = new MemoryLog(clock, () => clock.moved())
  const random = seededRandom('engine')
  const retired: string[] = []
  const warned: string[] = []
  const engine = createEngine({
    log,
    clock,
    random,
    scheduler: new MemoryScheduler(clock),
    process: mintId('pro', clock.today(), random),
    limits: { drain: 5000, unsettled: 1000, rows: 20 },
    housekeeping: false,
    retire: (_run, step) => void retired.push(step),
    warn: (_run, message) => void warned.push(message),
  })
  const serving = await engine.serve(() => code)
  const run = mintId('run', clock.today(), random)
  await engine.start({ tenant: mainTenant, run, pipeline: 'p', digest: 'd', input: null })
  const keys = (): string[] => (log.runs.get(run)?.rows ?? []).map((row) => `${row.key} ${row.phase}`)
  return { clock, engine, serving, run, keys, retired, warned }
}

test('a process that is asked to end lets what is under way land, begins nothing more, and the run stays open', async () => {
  const begun: string[] = []
  const { clock, engine, serving, run, keys } = await served(async (ctx) => {
    await ctx.step('first', () => (begun.push('first'), clock.delay(2000).then(() => value(1))), pure)
    await ctx.step('second', () => (begun.push('second'), value(2)), pure)
    return null
  })
  await clock.settleUntil(() => begun.length === 1)
  const ended = serving[Symbol.asyncDispose]()
  await clock.settle()
  await ended
  expect(keys()).toEqual(['first#0 end'])
  expect(begun).toEqual(['first'])
  expect(await engine.state(run)).toBe('waiting')
})

test('a body that does not end holds a process up for the bound, and no longer', async () => {
  let hasBegun = false
  const { clock, serving, keys } = await served(async (ctx) => {
    await ctx.step('deaf', () => ((hasBegun = true), new Promise<never>(() => {})), pure)
    return null
  })
  await clock.settleUntil(() => hasBegun)
  const since = clock.now()
  let endedAt = 0
  const ended = serving[Symbol.asyncDispose]().then(() => (endedAt = clock.now()))
  await clock.settleUntil(() => endedAt > 0)
  await ended
  expect(endedAt - since).toBe(5000)
  expect(keys()).toEqual([])
})

test('a body that is deaf to its abort names its step, so that its process can be replaced (E8)', async () => {
  const { clock, retired } = await served(async (ctx) => {
    await ctx.step('deaf', () => new Promise<never>(() => {}), { ...pure, timeout: 100 }).catch(() => null)
    return null
  })
  await clock.settle()
  expect(retired).toEqual(['deaf#0'])
})

test('between two attempts a run is backing off', async () => {
  const { engine, run } = await served(async (ctx) =>
    ctx.step('busy', () => Promise.reject(new Error('busy')), {
      ...pure,
      retry: { attempts: 3, first: 60_000, factor: 1, most: 60_000 },
    }),
  )
  while ((await engine.state(run)) !== 'backing-off') await new Promise(setImmediate)
})

test('half of the length that a run may have is told once, also over a wake that reads it all again (E24)', async () => {
  const { clock, engine, run, warned } = await served(async (ctx) => {
    for (let n = 0; n < 12; n++) await ctx.step('one', () => value(n), pure)
    await ctx.sleep('nap', 20_000)
    return null
  })
  await clock.settle()
  expect(await engine.state(run)).toBe('finished')
  expect(warned).toEqual([expect.stringContaining(`Run ${run} has half of the 20 rows`)])
})
