import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, inject, test } from 'vitest'
import type { Json } from '../../../core/json.ts'
import { startEngines } from '../../../server/embedded/engines.ts'
import { openHome } from '../../../server/embedded/home.ts'
import type { RunContext } from '../ports.ts'
import { effect, type Mailbox, mailbox, pure, value } from './bed.ts'
import { makeRestateBed, type RestateBed } from './restate-bed.ts'

// What the engine forgets, the log knows (14, 17, 20 of docs/specs/engine.md), on Postgres and Restate.

const ends: (() => Promise<unknown> | undefined)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const until = async (isSo: () => Promise<boolean> | boolean): Promise<void> => {
  while (!(await isSo())) await sleep(10)
}

test('14: while many runs wait, the engine holds no invocation of them, and the worker no segment', async () => {
  const bed = await makeRestateBed(async (ctx) => {
    if (ctx.run.input === 'wait') await ctx.wait('ask', mailbox().wait())
    return 'new'
  })
  ends.push(() => bed.dispose())
  const runs = await Promise.all(Array.from({ length: 200 }, () => bed.start('wait')))
  await bed.rest()
  await until(async () => (await bed.invocations()).length === 0) // Restate forgets a little after the answer
  const fresh = await bed.start('go')
  await until(async () => (await bed.outcome(fresh)) !== undefined)
  expect(await Promise.all(runs.map((run) => bed.engine.state(run)))).toEqual(runs.map(() => 'waiting'))
})

/** A run that passes every phase; `at` is told when a body of it begins. */
type Phase = 'before the effect' | 'in the effect' | 'backing off' | 'asleep' | 'asking' | 'in the last step'

function passingAll(at: (phase: Phase) => Promise<void>, box: Mailbox, tokens: Set<string>) {
  let tries = 0
  return async (ctx: RunContext): Promise<Json> => {
    await ctx.step('begin', () => at('before the effect').then(() => value(1)), pure)
    const pay = (_signal: AbortSignal, { token }: { token: string }) =>
      at('in the effect').then(() => value(tokens.add(token).size))
    await ctx.step('pay', pay, effect)
    const busy = () => (tries++ === 0 ? Promise.reject(new Error('busy')) : value(2))
    await ctx.step('busy', busy, { ...pure, retry: { attempts: 3, first: 1500, factor: 1, most: 1500 } })
    await ctx.sleep('nap', 1500)
    const said = await ctx.wait('ask', { ...box.wait(), open: () => at('asking').then(() => undefined) })
    await ctx.step('end', () => at('in the last step').then(() => value(3)), pure)
    return said as Json
  }
}

/** Where nothing of the run is under way, it is known by its last row. */
const parkedAt: Partial<Record<Phase, string>> = { 'backing off': 'busy#0 try1', asleep: 'nap#0 open' }

test.each<Phase>(['before the effect', 'in the effect', 'backing off', 'asleep', 'asking', 'in the last step'])(
  '20: every invocation is killed in the engine %s: the run ends, and each step of it once',
  async (phase) => {
    const box = mailbox()
    box.decision = 'yes'
    const tokens = new Set<string>()
    let killed = 0
    const strike = async (): Promise<void> => void (killed += await bed.killInvocations())
    const bed: RestateBed = await makeRestateBed(
      passingAll(
        async (at) => {
          if (at !== phase || killed > 0) return
          await strike()
          await new Promise(() => {}) // what this attempt does counts no more
        },
        box,
        tokens,
      ),
      { limits: { linger: 0 } },
    )
    ends.push(() => bed.dispose())
    const run = await bed.start()
    const parked = parkedAt[phase]
    if (parked !== undefined) {
      await until(async () => (await bed.lastRow(run)) === parked && (await bed.engine.state(run)) !== 'running')
      await until(async () => (await bed.invocations()).length > 0) // the delayed wake
      await strike()
    }
    await until(() => killed > 0)
    let passed = 0
    await until(async () => {
      await bed.later(1000) // what the sweeper waits for comes to pass
      passed++
      await sleep(30)
      return (await bed.outcome(run)) !== undefined
    })
    expect(passed).toBeLessThan(200) // and not the ten minutes after which a load counts as lost
    expect((await bed.outcome(run))?.settlement).toEqual({ ok: 'yes' })
    expect(tokens.size).toBe(1)
    const settled = (await bed.rows(run)).filter((row) => row.phase === 'end').map((row) => row.key)
    expect(settled).toEqual(['begin#0', 'pay#0', 'busy#0', 'nap#0', 'ask#0', 'end#0', '$end'])
  },
)

test('17: the engine is wiped while runs sleep, ask, back off, are in an effect and begin: all end, effects once', async () => {
  const home = openHome(mkdtempSync(join(tmpdir(), 'millrace-wiped-')))
  ends.push(async () => {
    home.close()
    rmSync(home.path, { recursive: true, force: true })
  })
  const startEngine = async () => {
    const [url, none] = [inject('postgresOwnerUrl'), undefined]
    const env = { ...process.env, DATABASE_URL: url, DATABASE_APP_URL: url, RESTATE_URL: none, RESTATE_ADMIN_URL: none }
    const quiet = { say() {}, changed() {}, giveUp: (error: Error) => console.error(error.message) }
    return startEngines({ home, env, durable: false, ...quiet })
  }
  let engines = await startEngine()
  ends.push(() => engines.stop())
  const box = mailbox()
  const tokens = new Set<string>()
  let letGo = (): void => {}
  const wiped = new Promise<void>((resolve) => (letGo = resolve))
  let live = 0
  const bed = await makeRestateBed(
    async (ctx) => {
      const kind = ctx.run.input as 'nap' | 'ask' | 'busy' | 'pay' | 'go'
      if (kind === 'nap') await ctx.sleep('nap', 4000)
      if (kind === 'ask') await ctx.wait('ask', box.wait())
      if (kind === 'busy')
        await ctx.step('busy', (_s, { attempt }) => (attempt < 2 ? Promise.reject(new Error('busy')) : value(1)), {
          ...pure,
          retry: { attempts: 3, first: 4000, factor: 1, most: 4000 },
        })
      const pay = async (_signal: AbortSignal, { token }: { token: string }) => {
        live++
        if (kind === 'pay') await wiped
        return value(tokens.add(token).size)
      }
      return ctx.step('pay', pay, effect)
    },
    { limits: { linger: 0 }, restate: { ...engines.restate, identityKey: engines.restate.identityKey } },
  )
  ends.push(() => bed.dispose())
  const some = (kind: string, n: number) => Promise.all(Array.from({ length: n }, () => bed.start(kind)))
  const before = await Promise.all([some('nap', 10), some('ask', 10), some('busy', 10), some('pay', 10)])
  await until(() => live === 10)
  const [, asking, busy] = before
  const areAt = async (runs: typeof asking, last: string): Promise<boolean> =>
    (await Promise.all(runs.map((run) => bed.lastRow(run)))).every((row) => row === last)
  await until(async () => (await areAt(asking, 'ask#0 open')) && areAt(busy, 'busy#0 try1'))

  await engines.stop('restate')
  rmSync(home.file('restate'), { recursive: true, force: true })
  const during = await some('go', 10) // their wakes reach nobody
  engines = await startEngine()
  await bed.register()
  letGo()
  box.decision = 'yes'
  for (const run of asking) await bed.engine.ring({ run, key: 'ask#0' })
  const runs = [...before.flat(), ...during]
  await until(async () => {
    await bed.later(1000)
    return (await Promise.all(runs.map((run) => bed.outcome(run)))).every((outcome) => outcome !== undefined)
  })
  const outcomes = await Promise.all(runs.map((run) => bed.outcome(run)))
  expect(outcomes.filter((outcome) => outcome?.state !== 'succeeded')).toEqual([])
  expect(tokens.size).toBe(runs.length)
}, 120_000)
