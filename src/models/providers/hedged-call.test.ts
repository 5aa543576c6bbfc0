import { expect, test } from 'vitest'
import type { Answered, Failed } from './exchange.ts'
import { ManualClock } from './manual-clock.ts'
import type { Raced } from './race.ts'
import { type Passage, Targets } from './targets.ts'
import { ScriptedUpstream } from './testing.ts'
import { defaultLimits, Upstream } from './upstream.ts'

// The parts as the gateway puts them together: a passage and a reservation before every attempt, and each attempt settled.

interface Attempt {
  readonly passage: Passage
  readonly outcome: Answered | Failed
}

class Gateway {
  readonly clock = new ManualClock()
  readonly upstream = new Upstream({ clock: this.clock })
  readonly target = new Targets(this.clock).of({ digest: 'm', name: 'm@1', keys: [] })
  reserved = 0
  settled = 0
  readonly #scripted: ScriptedUpstream

  constructor(scripted: ScriptedUpstream) {
    this.#scripted = scripted
  }

  /** Reserves, or says no. */
  async reserve(isHedge: boolean): Promise<Passage | undefined> {
    const passage = await this.target.pass({ priority: 1, isHedge })
    if (passage.kind === 'refusal') return undefined
    this.reserved++
    return passage
  }

  async attempt(passage: Passage, signal: AbortSignal): Promise<Attempt> {
    const url = new URL(`${this.#scripted.url}/v1/chat/completions`)
    const request = { url, headers: {}, body: Buffer.from('{"model":"m"}'), accepts: ['application/json'] }
    return { passage, outcome: await this.upstream.send(request, defaultLimits, signal) }
  }

  async settle({ passage, outcome }: Attempt): Promise<void> {
    if (outcome.kind === 'answered') await outcome.body.return()
    passage.end(outcome.kind === 'failed' ? outcome.failure : 'well')
    this.settled++
  }

  async call(): Promise<Raced<Attempt>> {
    const passage = await this.reserve(false)
    if (!passage) throw new Error('there is a place')
    const raced = await this.target.hedging.run<Attempt, Passage>({
      hasTools: false,
      first: (signal) => this.attempt(passage, signal),
      permit: () => this.reserve(true),
      second: (reservation, signal) => this.attempt(reservation, signal),
      release: (reservation) => reservation.end('unsent'),
      isAnswer: ({ outcome }) => outcome.kind === 'answered',
      lose: (attempt) => void this.settle(attempt),
    })
    const { outcome } = raced.outcome
    if (outcome.kind === 'answered') await outcome.body.whole()
    await this.settle(raced.outcome)
    return raced
  }
}

test('a call that is slower than the P95 is answered by its second attempt; the first frees its socket, and both are settled', async () => {
  const scripted = await ScriptedUpstream.start({ does: 'answer', held: 'headers' })
  const gateway = new Gateway(scripted)
  try {
    for (let n = 1; n <= 50; n++) {
      const call = gateway.call()
      await scripted.until(() => scripted.calls.length === n)
      expect(gateway.reserved).toBe(n)
      gateway.clock.advance(20)
      scripted.calls.at(-1)?.release()
      expect((await call).isHedged).toBe(false)
    }
    scripted.next({ does: 'answer', held: 'headers' }, { does: 'answer' })
    const call = gateway.call()
    await scripted.until(() => scripted.calls.length === 51)
    gateway.clock.advance(25)
    expect(await call).toMatchObject({ by: 'second', isHedged: true, outcome: { outcome: { kind: 'answered' } } })
    await scripted.until(() => scripted.calls[50]?.state === 'left' && scripted.calls[51]?.state === 'whole')
    await expect.poll(() => gateway.settled).toBe(52)
    expect([gateway.reserved, scripted.calls.length]).toEqual([52, 52])
    expect(gateway.target.health()).toMatchObject({
      admission: { running: 0, waiting: 0 },
      breaker: { state: 'closed' },
    })
    expect(gateway.clock.timers).toBe(0)
  } finally {
    await gateway.upstream.close()
    await scripted.close()
  }
})
