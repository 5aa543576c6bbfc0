import { expect, test } from 'vitest'
import { Admission, type Priority } from './admission.ts'
import { Breakers } from './breakers.ts'
import { verdictOn } from './breaker.ts'
import { ManualClock } from './manual-clock.ts'
import { ScriptedUpstream } from './testing.ts'
import { defaultLimits, Upstream } from './upstream.ts'

// What a target that hangs may take, in counts: sockets, places, memory in a queue; and what it may not take from its neighbour: anything.

const limits = { atOnce: 8, mostWaiting: 32, longestWait: 200_000 }

class World {
  readonly clock = new ManualClock()
  readonly upstream = new Upstream({ clock: this.clock })
  readonly breakers = new Breakers(this.clock)
  readonly #admissions = new Map<string, Admission>()
  readonly outcomes: Record<string, number> = {}

  admission(target: string): Admission {
    const known = this.#admissions.get(target) ?? new Admission(this.clock, limits)
    this.#admissions.set(target, known)
    return known
  }

  /** A call as the gateway makes it, without money. */
  async call(target: string, url: string, priority: Priority = 2): Promise<string> {
    const outcome = await this.#outcome(target, url, priority)
    this.outcomes[`${target} ${outcome}`] = (this.outcomes[`${target} ${outcome}`] ?? 0) + 1
    return outcome
  }

  async #outcome(target: string, url: string, priority: Priority): Promise<string> {
    if (!this.breakers.of(target).health().isPermitted) return 'resting'
    const slot = await this.admission(target).enter(priority)
    if (slot.kind === 'shed') return slot.why
    try {
      const permit = this.breakers.of(target).permit()
      if ('restsFor' in permit) return 'resting'
      const outcome = await this.upstream.send(
        {
          url: new URL(`${url}/v1/chat/completions`),
          headers: { 'content-type': 'application/json' },
          body: Buffer.from('{"model":"m"}'),
          accepts: ['application/json'],
        },
        defaultLimits,
      )
      permit.report(verdictOn(outcome.kind === 'failed' ? outcome.failure : undefined))
      if (outcome.kind === 'failed') return outcome.failure.kind
      await outcome.body.whole()
      return 'answered'
    } finally {
      slot.leave()
    }
  }
}

test('a storm in one target takes its own places and no more; its neighbour answers everything meanwhile', async () => {
  const world = new World()
  const slow = await ScriptedUpstream.start({ does: 'hang', after: 'request' })
  const quick = await ScriptedUpstream.start()
  try {
    const stormed = Array.from({ length: 2000 }, (_, n) => world.call('slow', slow.url, n % 100 === 99 ? 0 : 3))
    await slow.until(() => slow.calls.length === limits.atOnce)
    expect(world.admission('slow').health()).toMatchObject({ running: limits.atOnce, waiting: limits.mostWaiting })

    // The neighbour, while the storm stands: all answered, none shed, none waiting, and no more sockets than callers.
    for (let n = 0; n < 25; n++)
      expect(
        new Set(await Promise.all(Array.from({ length: limits.atOnce }, () => world.call('quick', quick.url)))),
      ).toEqual(new Set(['answered']))
    expect(world.admission('quick').health()).toEqual({ running: 0, waiting: 0, shed: [0, 0, 0, 0] })
    expect(quick.calls.length).toBe(200)

    // What came first and what is urgent was kept, everything else was told at once to come back.
    expect(slow.openSockets).toBe(limits.atOnce)
    expect(world.outcomes['slow full']).toBe(2000 - limits.atOnce - limits.mostWaiting - 20)
    expect(world.outcomes['slow displaced']).toBe(20)
    expect(world.admission('slow').health().shed).toEqual([0, 0, 0, 1960])

    // The first ones time out and so do the next; then the breaker opens, and the others that waited go without being sent.
    world.clock.advance(defaultLimits.firstByte)
    await slow.until(() => slow.calls.length === 2 * limits.atOnce)
    world.clock.advance(defaultLimits.firstByte)
    await Promise.all(stormed)
    expect(world.breakers.health()).toMatchObject({ slow: { state: 'open', isPermitted: false } })
    expect(slow.calls.length).toBe(2 * limits.atOnce)
    expect(world.outcomes['slow first-byte-timeout']).toBe(2 * limits.atOnce)
    expect(world.outcomes['slow resting']).toBe(limits.mostWaiting - limits.atOnce)
    expect(await world.call('slow', slow.url)).toBe('resting')
    await slow.until(() => slow.openSockets === 0)
    expect(world.admission('slow').health()).toMatchObject({ running: 0, waiting: 0 })

    // It recovers: one probe, and it is called again.
    slow.otherwise = { does: 'answer' }
    world.clock.advance(world.breakers.of('slow').health().restsFor)
    expect(await world.call('slow', slow.url)).toBe('answered')
    expect(world.breakers.of('slow').health().state).toBe('closed')
  } finally {
    await world.upstream.close()
    await slow.close()
    await quick.close()
  }
})
