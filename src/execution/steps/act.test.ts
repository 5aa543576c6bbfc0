import { expect, test } from 'vitest'
import { z } from 'zod'
import { mainTenant, type PersonId, type RunId } from '../../core/ids.ts'
import { digestOf } from '../../core/json.ts'
import { action, event, pipeline } from '../../sdk/index.ts'
import type { CorridorPorts, Hold } from '../corridor/ports.ts'
import { MemoryEngine } from '../engine/memory-engine.ts'
import { Pipelines } from '../pipelines/registry.ts'

const person = 'per_00000000000000000000000000000000' as PersonId
const pay = action({
  name: 'pay',
  input: z.object({ amount: z.number() }),
  output: z.object({}),
  undo: 'irreversible',
  ifUnknown: 'token-is-idempotent',
  run: async () => ({}),
})
const pays = pipeline({ name: 'pays', on: event('asked', z.object({})) }, async (ctx) => {
  const first = await ctx.act(pay, { amount: 1 })
  await ctx.sleep('1h')
  return [first.outcome, (await ctx.act(pay, { amount: 2 })).outcome]
})

/** A run in memory of which the test says what holds it. */
async function started(find: () => Promise<Hold | undefined>) {
  const paid: unknown[] = []
  const unused = (): never => {
    throw new Error('not asked for here')
  }
  const ports: CorridorPorts = {
    policy: { decide: async () => ({ allowed: true, policy: { name: 'p', digest: digestOf('p') }, reason: '' }) },
    classifiers: { classify: unused },
    generators: { generate: unused },
    embedders: { embed: unused },
    knowledge: { search: unused },
    people: { ask: unused, answer: unused, close: unused },
    connectors: { get: unused },
    holds: { find },
    systems: {
      run: async (_action, { input }, effect) => {
        paid.push(input)
        return effect()
      },
    },
    measure: { step() {} },
  }
  const pipelines = new Pipelines([pays], ports, pays.digest)
  const memory = new MemoryEngine((run) => pipelines.handlerOf(run), { hasRealBodies: true })
  await memory.serve()
  const run = memory.runId()
  await memory.engine.start({ tenant: mainTenant, run, pipeline: pays.name, digest: pays.digest, input: {} })
  await memory.settle()
  const keys = (): readonly string[] => (memory.log.runs.get(run)?.rows ?? []).map((row) => `${row.key} ${row.phase}`)
  const outcome = async (): Promise<unknown> => (await memory.log.outcome(run))?.outcome?.settlement
  return { memory, run, paid, keys, outcome }
}

test('a hold that cannot be read for a moment is asked for again: neither a failed run, nor taken for none', async () => {
  let outages = 2
  const { outcome, paid, keys } = await started(async () => {
    if (outages-- > 0) throw new Error('the connection was reset')
    return { run: 'run_0' as RunId, releasedBy: undefined }
  })
  expect([paid, await outcome()]).toEqual([[], undefined])
  expect(keys()).toEqual(['/gate:pay#0 try1', '/gate:pay#0 try2', '/gate:pay#0 end', '/gate:hold-pay#0 open'])
})

test('a hold that can never be read fails the run, and lets nothing through', async () => {
  const { outcome, paid } = await started(() => Promise.reject(new Error('the table is gone')))
  expect([paid, await outcome()]).toMatchObject([[], { error: { message: expect.stringContaining('gone') } }])
})

test('what a gate has recorded stays: it is not asked again, and what it let through is not held later', async () => {
  const answers: (Hold | undefined)[] = [undefined] // of the first gate; from then on it is held
  let releasedBy: PersonId | undefined
  const { memory, paid, keys, outcome, run } = await started(async () =>
    answers.length > 0 ? answers.pop() : { run: 'run_0' as RunId, releasedBy },
  )
  const atHold = '/gate:hold-pay#0 open'
  expect([paid, keys().at(-1)]).toEqual([[{ amount: 1 }], atHold])
  memory.crash()
  await memory.settle()
  await memory.engine.ring({ run, key: '' }) // a bell is no release
  await memory.settle()
  expect([paid.length, keys().at(-1), await outcome()]).toEqual([1, atHold, undefined])
  releasedBy = person
  await memory.engine.ring({ run, key: '' })
  memory.crash()
  await memory.settle()
  expect([paid, await outcome()]).toEqual([[{ amount: 1 }, { amount: 2 }], { ok: ['done', 'done'] }])
})
