import { expect, test } from 'vitest'
import type { Priority } from './admission.ts'
import { ManualClock } from './manual-clock.ts'
import { type Target, Targets } from './targets.ts'
import { ScriptedUpstream } from './testing.ts'
import { defaultLimits, Upstream } from './upstream.ts'

// What a target that hangs may take, in counts: sockets, places, memory in a queue; and what it may not take from its neighbour: anything.

const limits = { atOnce: 8, mostWaiting: 32, longestWait: 200_000 }

class World {
  readonly clock = new ManualClock()
  readonly upstream = new Upstream({ clock: this.clock })
  readonly #targets = new Targets(this.clock)
  readonly outcomes: Record<string, number> = {}

  target(name: string): Target {
    return this.#targets.of({ digest: name, name, keys: [], admission: limits })
  }

  /** A call as the gateway makes it, without money. */
  async call(name: string, url: string, priority: Priority = 2): Promise<string> {
    const outcome = await this.#outcome(name, url, priority)
    this.outcomes[`${name} ${outcome}`] = (this.outcomes[`${name} ${outcome}`] ?? 0) + 1
    return outcome
  }

  async #outcome(name: string, url: string, priority: Priority): Promise<string> {
    const passage = await this.target(name).pass({ priority })
    if (passage.kind === 'refusal') return passage.error.code
    const outcome = await this.upstream.send(
      {
        url: new URL(`${url}/v1/chat/completions`),
        headers: { 'content-type': 'application/json' },
        body: Buffer.from('{"model":"m"}'),
        accepts: ['application/json'],
      },
      defaultLimits,
    )
    if (outcome.kind === 'answered') await outcome.body.whole()
    passage.end(outcome.kind === 'failed' ? outcome.failure : 'well')
    return outcome.kind === 'failed' ? outcome.failure.kind : 'answered'
  }
}

test('a storm in one target takes its own places and no more; its neighbour answers everything meanwhile', async () => {
  const world = new World()
  const slow = await ScriptedUpstream.start({ does: 'hang', after: 'request' })
  const quick = await ScriptedUpstream.start()
  try {
    const stormed = Array.from({ length: 2000 }, (_, n) => world.call('slow', slow.url, n % 100 === 99 ? 0 : 3))
    await slow.until(() => slow.calls.length === limits.atOnce)
    expect(world.target('slow').health().admission).toMatchObject({
      running: limits.atOnce,
      waiting: limits.mostWaiting,
    })

    // The neighbour, while the storm stands: all answered, none shed, none waiting, and no more sockets than callers.
    for (let n = 0; n < 25; n++)
      expect(
        new Set(await Promise.all(Array.from({ length: limits.atOnce }, () => world.call('quick', quick.url)))),
      ).toEqual(new Set(['answered']))
    expect(world.target('quick').health().admission).toEqual({ running: 0, waiting: 0, shed: [0, 0, 0, 0] })
    expect(quick.calls.length).toBe(200)

    // What came first and what is urgent was kept, everything else was told at once to come back.
    expect(slow.openSockets).toBe(limits.atOnce)
    expect(world.outcomes['slow model/target-full']).toBe(2000 - limits.atOnce - limits.mostWaiting)
    expect(world.target('slow').health().admission.shed).toEqual([0, 0, 0, 1960])

    // The first ones time out and so do the next; then the breaker opens, and the others that waited go without being sent.
    world.clock.advance(defaultLimits.firstByte)
    await slow.until(() => slow.calls.length === 2 * limits.atOnce)
    world.clock.advance(defaultLimits.firstByte)
    await Promise.all(stormed)
    expect(world.target('slow').health().breaker).toMatchObject({ state: 'open', isPermitted: false })
    expect(slow.calls.length).toBe(2 * limits.atOnce)
    expect(world.outcomes['slow first-byte-timeout']).toBe(2 * limits.atOnce)
    expect(world.outcomes['slow model/target-resting']).toBe(limits.mostWaiting - limits.atOnce)
    expect(await world.call('slow', slow.url)).toBe('model/target-resting')
    await slow.until(() => slow.openSockets === 0)
    expect(world.target('slow').health().admission).toMatchObject({ running: 0, waiting: 0 })

    // It recovers: one probe, and it is called again.
    slow.otherwise = { does: 'answer' }
    world.clock.advance(world.target('slow').health().breaker.restsFor)
    expect(await world.call('slow', slow.url)).toBe('answered')
    expect(world.target('slow').health().breaker.state).toBe('closed')
  } finally {
    await world.upstream.close()
    await slow.close()
    await quick.close()
  }
})
