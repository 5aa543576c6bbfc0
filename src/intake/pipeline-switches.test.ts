import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { mainTenant, mintId, type PersonId } from '../core/ids.ts'
import { systemRandom } from '../core/random.ts'
import { testDatabase } from '../store/testing.ts'
import { PipelineSwitches } from './pipeline-switches.ts'

let database: Awaited<ReturnType<typeof testDatabase>>
let switches: PipelineSwitches
const audited: string[] = []
const actor: PersonId = mintId('per', systemClock.today(), systemRandom)
const set = (pipeline: string, isPaused: boolean) => switches.set({ tenant: mainTenant, pipeline, isPaused, actor })

beforeAll(async () => {
  database = await testDatabase()
  const append = async (_: unknown, entries: readonly { action: string; object: string }[]) =>
    void audited.push(...entries.map(({ action, object }) => `${action} ${object}`))
  switches = new PipelineSwitches({ pool: database.pool, audit: { append } })
})
afterAll(() => database.drop())

test('each change is audited once, and what changes nothing is not', async () => {
  expect([await set('a', false), await set('a', true), await set('a', true), await set('a', false)]).toEqual([
    false,
    true,
    false,
    true,
  ])
  expect(audited).toEqual(['pipelines/paused a', 'pipelines/resumed a'])
})

test('one pipeline is paused, the others are not', async () => {
  await set('b', true)
  expect(await switches.states(mainTenant, ['a', 'b', 'c'])).toEqual([
    { pipeline: 'a', isPaused: false, pending: 0 },
    { pipeline: 'b', isPaused: true, pending: 0 },
    { pipeline: 'c', isPaused: false, pending: 0 },
  ])
})
