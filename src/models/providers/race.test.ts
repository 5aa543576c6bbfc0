import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Hedging } from './hedging.ts'
import { ManualClock } from './manual-clock.ts'
import { race, type Race, type Raced } from './race.ts'

type Outcome = 'answer' | 'failure' | 'aborted'
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A race whose every step is taken by hand, with a note of what was reserved, started, aborted, released and lost. */
class Table {
  readonly clock = new ManualClock()
  readonly notes: string[] = []
  readonly first = Promise.withResolvers<Outcome>()
  readonly second = Promise.withResolvers<Outcome>()
  readonly permission = Promise.withResolvers<string | undefined>()
  readonly caller = new AbortController()
  /** Attempts that take their time to end when they are aborted. */
  isDeaf = false

  get race(): Race<Outcome, string> {
    const attempt = (which: 'first' | 'second', signal: AbortSignal): Promise<Outcome> => {
      this.notes.push(`${which} started`)
      signal.addEventListener('abort', () => {
        this.notes.push(`${which} aborted`)
        if (!this.isDeaf) this[which].resolve('aborted')
      })
      return this[which].promise
    }
    return {
      clock: this.clock,
      after: 100,
      signal: this.caller.signal,
      first: (signal) => attempt('first', signal),
      permit: () => {
        this.notes.push('asked')
        return this.permission.promise
      },
      second: (reservation, signal) => {
        this.notes.push(`used ${reservation}`)
        return attempt('second', signal)
      },
      release: (reservation) => void this.notes.push(`released ${reservation}`),
      isAnswer: (outcome) => outcome === 'answer',
      lose: (outcome, which) => void this.notes.push(`${which} lost: ${outcome}`),
    }
  }

  begin(): { result: Raced<Outcome> | undefined } {
    const seen: { result: Raced<Outcome> | undefined } = { result: undefined }
    void race(this.race).then((result) => (seen.result = result))
    return seen
  }

  async late(): Promise<void> {
    this.clock.advance(100)
    await turn()
  }

  async permitted(reservation: string | undefined = 'r'): Promise<void> {
    this.permission.resolve(reservation)
    await turn()
  }
}

test('an attempt that is quick is alone, and leaves no timer', async () => {
  const table = new Table()
  const seen = table.begin()
  table.first.resolve('answer')
  await turn()
  expect(seen.result).toEqual({ outcome: 'answer', by: 'first', isHedged: false })
  expect([table.notes, table.clock.timers]).toEqual([['first started'], 0])
})

test('the second starts only with its reservation; when it answers, the first is aborted and settled', async () => {
  const table = new Table()
  const seen = table.begin()
  await table.late()
  expect(table.notes).toEqual(['first started', 'asked'])
  await table.permitted()
  table.second.resolve('answer')
  await turn()
  expect(seen.result).toEqual({ outcome: 'answer', by: 'second', isHedged: true })
  expect(table.notes.slice(2)).toEqual(['used r', 'second started', 'first aborted', 'first lost: aborted'])
})

test('the first answers after all: the second is aborted and settled', async () => {
  const table = new Table()
  const seen = table.begin()
  await table.late()
  await table.permitted()
  table.first.resolve('answer')
  await turn()
  expect(seen.result).toEqual({ outcome: 'answer', by: 'first', isHedged: true })
  expect(table.notes.slice(4)).toEqual(['second aborted', 'second lost: aborted'])
})

test.each(['answer', 'failure'] as const)(
  'an %s of the first while the reservation is made: it is given back, nothing is started',
  async (outcome) => {
    const table = new Table()
    const seen = table.begin()
    await table.late()
    table.first.resolve(outcome)
    await turn()
    expect(seen.result).toEqual({ outcome, by: 'first', isHedged: false })
    await table.permitted()
    expect(table.notes).toEqual(['first started', 'asked', 'released r'])
  },
)

test('no budget, or no database to reserve in: the first goes on alone', async () => {
  const [poor, down] = [new Table(), new Table()]
  const seen = [poor.begin(), down.begin()]
  await poor.late()
  await down.late()
  poor.permission.resolve(undefined)
  down.permission.reject(new Error('the database is down'))
  await turn()
  for (const table of [poor, down]) table.first.resolve('answer')
  await turn()
  expect(seen.map(({ result }) => result?.isHedged)).toEqual([false, false])
  expect([poor.notes, down.notes]).toEqual([
    ['first started', 'asked'],
    ['first started', 'asked'],
  ])
})

test('one fails: the other is waited for; both fail: the first one’s failure is told', async () => {
  const [one, both] = [new Table(), new Table()]
  const seen = [one.begin(), both.begin()]
  for (const table of [one, both]) {
    await table.late()
    await table.permitted()
    table.first.resolve('failure')
    await turn()
  }
  expect(seen.map(({ result }) => result)).toEqual([undefined, undefined])
  one.second.resolve('answer')
  both.second.resolve('failure')
  await turn()
  expect(seen[0]?.result).toEqual({ outcome: 'answer', by: 'second', isHedged: true })
  expect(seen[1]?.result).toEqual({ outcome: 'failure', by: 'first', isHedged: true })
  expect(one.notes.at(-1)).toBe('first lost: failure')
  expect(both.notes.at(-1)).toBe('second lost: failure')
})

test('a caller that leaves ends both, and one that leaves while the reservation is made starts no second', async () => {
  const [two, early] = [new Table(), new Table()]
  early.isDeaf = true
  two.begin()
  early.begin()
  await two.late()
  await two.permitted()
  two.caller.abort()
  await early.late()
  early.caller.abort()
  await early.permitted()
  await turn()
  expect(two.notes.slice(4)).toEqual(['first aborted', 'second aborted', 'second lost: aborted'])
  expect(early.notes).toEqual(['first started', 'asked', 'first aborted', 'released r'])
})

test('in whatever order things happen, each reservation is used or given back, and each attempt is the outcome or lost', async () => {
  type Event = 'late' | 'permit' | 'deny' | 'first answers' | 'first fails' | 'second answers' | 'second fails' | 'left'
  const events = fc.shuffledSubarray<Event>([
    'late',
    'permit',
    'deny',
    'first answers',
    'first fails',
    'second answers',
    'second fails',
    'left',
  ])
  await fc.assert(
    fc.asyncProperty(events, async (events) => {
      const table = new Table()
      const seen = table.begin()
      const happen = async (event: Event): Promise<void> => {
        if (event === 'late') table.clock.advance(100)
        if (event === 'permit') table.permission.resolve('r')
        if (event === 'deny') table.permission.resolve(undefined)
        if (event === 'left') table.caller.abort()
        if (event.startsWith('first')) table.first.resolve(event === 'first answers' ? 'answer' : 'failure')
        if (event.startsWith('second')) table.second.resolve(event === 'second answers' ? 'answer' : 'failure')
        await turn()
      }
      for (const event of [...events, 'permit', 'first fails', 'second fails'] as const) await happen(event)
      const count = (note: string): number => table.notes.filter((one) => one.startsWith(note)).length
      const reserved =
        count('asked') > 0 && (events.find((event) => event === 'permit' || event === 'deny') ?? 'permit') === 'permit'
      expect(count('used') + count('released')).toBe(reserved ? 1 : 0)
      expect(count('second started')).toBe(count('used'))
      expect(seen.result?.isHedged).toBe(count('used') === 1)
      expect(count('first lost') + count('second lost')).toBe(count('used'))
      expect(count(`${seen.result?.by ?? 'nobody'} lost`)).toBe(0)
      expect(table.clock.timers).toBe(0)
    }),
  )
})

/** Calls of a target, each taking so long; what is slow is hedged by an attempt that takes 10 ms. */
async function serve(hedging: Hedging, clock: ManualClock, took: number, hasTools = false): Promise<Raced<Outcome>> {
  const answerAfter = (ms: number, signal: AbortSignal): Promise<Outcome> =>
    new Promise((resolve) => {
      const cancel = clock.after(ms, () => resolve('answer'))
      signal.addEventListener('abort', () => {
        cancel()
        resolve('aborted')
      })
    })
  const seen: { raced?: Raced<Outcome> } = {}
  void hedging
    .run<Outcome, string>({
      hasTools,
      first: (signal) => answerAfter(took, signal),
      permit: async () => 'r',
      second: (_, signal) => answerAfter(10, signal),
      release: () => {},
      isAnswer: (outcome) => outcome === 'answer',
      lose: () => {},
    })
    .then((result) => (seen.raced = result))
  for (let waited = 0; !seen.raced && waited <= took; waited++) {
    clock.advance(1)
    await turn()
  }
  if (!seen.raced) throw new Error('it has to end')
  return seen.raced
}

test('a call is hedged at the observed P95, once enough is known, and never with tools', async () => {
  const clock = new ManualClock()
  const hedging = new Hedging(clock)
  for (let n = 0; n < 50; n++) {
    expect(hedging.slowAfter).toBeUndefined()
    await serve(hedging, clock, n === 7 ? 60 : 20)
  }
  expect(Math.round(hedging.slowAfter ?? 0)).toBe(20)
  expect((await serve(hedging, clock, 80, true)).isHedged).toBe(false)
  expect(await serve(hedging, clock, 80)).toEqual({ outcome: 'answer', by: 'second', isHedged: true })
})

test('when everything is slow, second attempts stay within their share instead of doubling the load', async () => {
  const clock = new ManualClock()
  const hedging = new Hedging(clock)
  for (let n = 0; n < 60; n++) await serve(hedging, clock, 5)
  let hedged = 0
  for (let n = 0; n < 200; n++) if ((await serve(hedging, clock, 40)).isHedged) hedged++
  expect(hedged).toBeGreaterThan(0)
  expect(hedged).toBeLessThanOrEqual(260 * 0.05)
})

test('latency of long ago decides nothing: after two quiet windows it is forgotten', async () => {
  const clock = new ManualClock()
  const hedging = new Hedging(clock)
  for (let n = 0; n < 60; n++) await serve(hedging, clock, 20)
  clock.advance(300_000)
  expect(Math.round(hedging.slowAfter ?? 0)).toBe(20)
  clock.advance(600_000)
  expect(hedging.slowAfter).toBeUndefined()
})
