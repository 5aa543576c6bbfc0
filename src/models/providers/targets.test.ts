import { expect, test } from 'vitest'
import { defaultBreakerLimits } from './breaker.ts'
import type { Failure } from './failure.ts'
import { ManualClock } from './manual-clock.ts'
import { type Passage, type Target, type TargetFacts, Targets } from './targets.ts'

const environment: Record<string, string | undefined> = { KEY: 'a', TWO: 'b,c' }
const admission = { atOnce: 2, mostWaiting: 2, longestWait: 1000 }
const facts = (digest: string, over: Partial<TargetFacts> = {}): TargetFacts => ({
  digest,
  name: `${digest}@1`,
  keys: ['env:KEY'],
  admission,
  ...over,
})
const status = (code: number): Failure => ({ kind: 'status', isSent: true, status: code })

function world(): { clock: ManualClock; targets: Targets } {
  const clock = new ManualClock()
  return { clock, targets: new Targets(clock, () => environment) }
}

async function passed(target: Target): Promise<Passage> {
  const passage = await target.pass({ priority: 1 })
  if (passage.kind === 'refusal') throw passage.error
  return passage
}
async function codeOf(target: Target, isHedge = false): Promise<string> {
  const passage = await target.pass({ priority: 1, isHedge })
  if (passage.kind === 'passage') passage.end('unsent')
  return passage.kind === 'refusal' ? passage.error.code : 'passage'
}
async function fail(target: Target, times: number): Promise<void> {
  for (let n = 0; n < times; n++) (await passed(target)).end({ kind: 'first-byte-timeout', limit: 1, isSent: true })
}

test('a target that fails is passed over, and no other, of the same provider and key or not', async () => {
  const { clock, targets } = world()
  const [slow, quick] = [targets.of(facts('slow')), targets.of(facts('quick'))]
  await fail(slow, defaultBreakerLimits.fewest)
  expect(targets.illnesses()).toEqual({ slow: 'breaker-open' })
  expect([await codeOf(slow), await codeOf(quick)]).toEqual(['model/target-resting', 'passage'])
  clock.advance(defaultBreakerLimits.rest)
  expect(targets.illnesses()).toEqual({})
  const probe = await passed(slow)
  expect(targets.illnesses()).toEqual({ slow: 'breaker-open' })
  probe.answered() // its stream goes on
  expect([targets.illnesses(), slow.health().admission.running]).toEqual([{}, 1])
  probe.end('well')
  expect(slow.health().admission.running).toBe(0)
})

test('whatever stops an attempt before it is sent gives its place back', async () => {
  const { targets } = world()
  const [keyless, resting] = [targets.of(facts('none', { keys: ['env:NOBODY'] })), targets.of(facts('rest'))]
  ;(await passed(resting)).end(status(429))
  for (let n = 0; n < 5; n++)
    expect([await codeOf(keyless), await codeOf(resting)]).toEqual(['model/no-key', 'model/keys-resting'])
  const unreserved = targets.of(facts('poor'))
  for (let n = 0; n < 30; n++) (await passed(unreserved)).end('unsent')
  for (const target of [keyless, resting, unreserved])
    expect(target.health().admission).toMatchObject({ running: 0, waiting: 0 })
  expect(unreserved.health().breaker.state).toBe('closed')
})

test('a key that was refused while others waited for a place: they are told, and leave their places', async () => {
  const { targets } = world()
  const target = targets.of(facts('m', { admission: { ...admission, atOnce: 1 } }))
  const first = await passed(target)
  const waiting = [codeOf(target), codeOf(target)]
  await expect.poll(() => target.health().admission.waiting).toBe(2)
  first.end(status(429))
  expect(await Promise.all(waiting)).toEqual(['model/keys-resting', 'model/keys-resting'])
  expect(target.health().admission).toMatchObject({ running: 0, waiting: 0 })
})

test('a passage that is ended twice gives one place back', async () => {
  const { targets } = world()
  const target = targets.of(facts('m'))
  const [one, two] = [await passed(target), await passed(target)]
  one.end('well')
  one.end('well')
  expect(target.health().admission.running).toBe(1)
  two.end('well')
})

test('a hedge does not queue, and a caller that leaves the queue is told so', async () => {
  const { targets } = world()
  const target = targets.of(facts('m'))
  const places = [await passed(target), await passed(target)]
  expect(await codeOf(target, true)).toBe('model/target-full')
  const caller = new AbortController()
  const waiting = target.pass({ priority: 1, signal: caller.signal })
  caller.abort()
  expect(await waiting).toMatchObject({ error: { code: 'model/upstream-aborted' } })
  for (const place of places) place.end('well')
})

test('keys rest one by one; a target is passed over when all do, and is back as soon as a source has a new one', async () => {
  const { clock, targets } = world()
  const target = targets.of(facts('m', { keys: ['env:TWO'] }))
  ;(await passed(target)).end(status(401))
  expect(targets.illnesses()).toEqual({})
  ;(await passed(target)).end(status(401))
  expect(targets.illnesses()).toEqual({ m: 'cooling-down' })
  await target.keyring.freshen()
  environment['TWO'] = 'd'
  clock.advance(2000)
  // Nobody picks from a target that is passed over: looking at it reads its sources again.
  await expect.poll(() => targets.illnesses()).toEqual({})
  const passage = await passed(target)
  expect(passage.key?.reveal()).toBe('d')
})

test('what is known of a target stays while its facts do, and is forgotten when no route names it', async () => {
  const { targets } = world()
  const target = targets.of(facts('m'))
  expect(targets.of(facts('m'))).toBe(target)
  expect(targets.of(facts('m', { keys: ['env:TWO'] }))).not.toBe(target)
  targets.of(facts('n'))
  targets.keepOnly(new Set(['n']))
  expect(Object.keys(targets.health())).toEqual(['n'])
})
