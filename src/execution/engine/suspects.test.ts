import { expect, test } from 'vitest'
import { mintId, type RunId } from '../../core/ids.ts'
import { seededRandom } from '../../core/random.ts'
import { AttemptLost } from './failures.ts'
import { Suspects } from './suspects.ts'
import { VirtualClock } from './virtual-clock.ts'

// Who is driven alone, and for how long the others wait (E7).

function bed() {
  const clock = new VirtualClock()
  const random = seededRandom('suspects')
  const [unclaimed, begun]: [RunId[], RunId[]] = [[], []]
  const suspects = new Suspects({ clock, unclaim: async (run) => void unclaimed.push(run) })
  const ask = (over = new AbortController().signal) => {
    const run = mintId('run', clock.today(), random)
    const turn = suspects.turn(run, over).then((end) => (begun.push(run), end))
    turn.catch(() => {})
    return { run, turn }
  }
  return { clock, suspects, unclaimed, begun, ask }
}
const ms = (clock: VirtualClock, n: number) => {
  const until = clock.now() + n
  clock.after(n, () => {})
  return clock.settleUntil(() => clock.now() >= until)
}

test('one at a time, first come first served; the next begins when one has ended', async () => {
  const { clock, begun, ask, unclaimed } = bed()
  const [a, b, c] = [ask(), ask(), ask()]
  await ms(clock, 1)
  expect(begun).toEqual([a.run])
  const end = await a.turn
  end()
  await ms(clock, 1)
  expect(begun).toEqual([a.run, b.run])
  ;(await b.turn)()
  ;(await c.turn)()
  expect(unclaimed).toEqual([])
})

test('one that takes long holds the others up for 30 s, and then loses its claim: a death would tell nothing', async () => {
  const { clock, begun, ask, unclaimed } = bed()
  const slow = ask()
  const next = ask()
  await ms(clock, 29_000)
  expect(begun).toEqual([slow.run])
  await ms(clock, 2000)
  expect([begun, unclaimed]).toEqual([[slow.run, next.run], [slow.run]])
})

test('one that takes long and that nobody waits for keeps its claim, until somebody comes', async () => {
  const { clock, begun, ask, unclaimed } = bed()
  const slow = ask()
  await ms(clock, 40_000)
  expect(unclaimed).toEqual([])
  const late = ask()
  await ms(clock, 1)
  expect([begun, unclaimed]).toEqual([[slow.run, late.run], [slow.run]])
})

test('whose attempt is over leaves the queue, also one that is over already; a process that goes down refuses the rest', async () => {
  const { clock, suspects, begun, ask } = bed()
  const first = ask()
  const over = new AbortController()
  const gone = ask(over.signal)
  const rest = ask()
  over.abort()
  await expect(gone.turn).rejects.toBeInstanceOf(AttemptLost)
  await expect(ask(over.signal).turn).rejects.toBeInstanceOf(AttemptLost)
  suspects.refuseAll()
  await expect(rest.turn).rejects.toBeInstanceOf(AttemptLost)
  ;(await first.turn)()
  await ms(clock, 1)
  expect(begun).toEqual([first.run])
})
