import { createSecretKey } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../../core/clock.ts'
import { mintId } from '../../../core/ids.ts'
import type { Json } from '../../../core/json.ts'
import { systemRandom } from '../../../core/random.ts'
import { openPool } from '../../../store/pool.ts'
import { createEngine } from '../engine.ts'
import { StepFailure } from '../failures.ts'
import { PostgresLog } from '../log-postgres.ts'
import type { RunContext } from '../ports.ts'
import { RestateScheduler } from '../scheduler-restate.ts'
import { pure, value } from './bed.ts'
import type { WorkerSettings } from './process-bed.ts'

/** A worker in a process of its own, for what only a dying process shows. It says its process's id when it serves. */
const settings = JSON.parse(process.argv[2] ?? '') as WorkerSettings // what `ProcessBed` gives
const { appUrl, life, book } = settings
const key = createSecretKey(Buffer.from(settings.key, 'hex'))
const keys = { unwrap: () => key, get: () => Promise.resolve(key) }
const pool = openPool({ url: appUrl, max: 8, name: 'worker' })
const loadPool = openPool({ url: appUrl, max: 2, name: 'worker loads' })
const note = (ctx: RunContext, what: string): void => appendFileSync(book, `${ctx.run.run} ${what}\n`)

const live = new Set<string>()
const codes: Readonly<Record<string, (ctx: RunContext) => Promise<Json>>> = {
  /** Ends its process: in the first lives together with all others, later as soon as it is driven, if it is alone. */
  poison: (ctx) =>
    ctx.step(
      'boom',
      async () => {
        note(ctx, 'boom')
        const until = performance.now() + (life <= 2 ? 1000 : 100)
        while (live.size < 40 && performance.now() < until) await sleep(5)
        process.kill(process.pid, 'SIGKILL')
        return new Promise<never>(() => {})
      },
      pure,
    ),
  /** Is in the middle of its body when the poison strikes. */
  innocent: (ctx) =>
    ctx.step(
      'work',
      async () => {
        live.add(ctx.run.run)
        await sleep(life <= 2 ? 2000 : 200)
        live.delete(ctx.run.run)
        return value('fine')
      },
      pure,
    ),
  flaky: (ctx) =>
    ctx.step(
      'busy',
      async (_signal, { attempt }) => {
        note(ctx, `attempt ${attempt}`)
        throw new StepFailure('busy', 'Busy.', { retryAfter: 1500 })
      },
      { ...pure, retry: { attempts: 3, first: 1, factor: 1, most: 1 } },
    ),
  two: async (ctx) => {
    await ctx.step('first', async () => (note(ctx, 'first'), value(1)), pure)
    await ctx.sleep('nap', 300)
    return ctx.step('second', async () => (note(ctx, 'second'), value('over')), pure)
  },
}

const id = mintId('pro', systemClock.today(), systemRandom)
const engine = createEngine({
  log: new PostgresLog({ pool, loadPool, keys, random: systemRandom, clock: systemClock }),
  scheduler: new RestateScheduler(settings.restate),
  clock: systemClock,
  random: systemRandom,
  process: id,
  isWatched: true,
})
const serving = await engine.serve((run) => codes[JSON.stringify(run.input).slice(1, -1)])
process.once('SIGTERM', () => {
  void serving[Symbol.asyncDispose]().then(() => process.exit(0))
})
process.stdout.write(`${id}\n`)
