import { expect, test } from 'vitest'
import { GroupCommit, type GroupCommitOptions } from './group-commit.ts'

/** Notes each batch, and holds it until it is let go. */
function held(options: Pick<GroupCommitOptions<string, string>, 'most' | 'patience'>) {
  const batches: string[][] = []
  const gates: (() => void)[] = []
  const queue = new GroupCommit<string, string>({
    ...options,
    lane: (item) => item.slice(0, 1),
    async send(items) {
      batches.push([...items])
      await new Promise<void>((resolve) => gates.push(resolve))
      return items.map((item) => (item.endsWith('!') ? new Error(item) : item))
    },
  })
  const letGo = async (): Promise<void> => {
    while (gates.length === 0) await new Promise(setImmediate)
    gates.shift()?.()
  }
  return { queue, batches, letGo }
}

test('a busy tenant does not fill the batches of the others, and each keeps its own order (E16)', async () => {
  const { queue, batches, letGo } = held({ most: 4 })
  const first = queue.add('a0')
  await letGo()
  await first
  const rest = ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'b2'].map((item) => queue.add(item))
  await letGo()
  await letGo()
  await Promise.all(rest)
  expect(batches).toEqual([['a0'], ['a1', 'b1', 'a2', 'b2'], ['a3', 'a4', 'a5']])
})

test('one batch is in flight, and an item’s error is its own', async () => {
  const { queue, batches, letGo } = held({ most: 100 })
  const first = queue.add('a')
  while (batches.length === 0) await new Promise(setImmediate)
  const later = Promise.allSettled([queue.add('b!'), queue.add('c')])
  for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate)
  expect(batches).toEqual([['a']])
  await letGo()
  await letGo()
  expect(await first).toBe('a')
  expect((await later).map((one) => one.status)).toEqual(['rejected', 'fulfilled'])
})

test('what is patient goes along with what is not, and by itself when its time is over', async () => {
  const over: (() => void)[] = []
  const patience = {
    isPatient: (item: string) => item.startsWith('p'),
    wait: (then: () => void) => void over.push(then),
  }
  const { queue, batches, letGo } = held({ most: 100, patience })
  const first = queue.add('p1')
  for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate)
  expect(batches).toEqual([])
  const second = queue.add('a')
  const third = (async () => (await second, queue.add('p2')))()
  await letGo()
  expect(await Promise.all([first, second])).toEqual(['p1', 'a'])
  for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate)
  expect(batches.map((batch) => batch.toSorted())).toEqual([['a', 'p1']])
  for (const then of over.splice(0)) then()
  await letGo()
  expect(await third).toBe('p2')
  expect(batches.length).toBe(2)
})

test('what came patient while a batch was in flight does not wait for ever', async () => {
  const over: (() => void)[] = []
  const patience = {
    isPatient: (item: string) => item.startsWith('p'),
    wait: (then: () => void) => void over.push(then),
  }
  const { queue, letGo } = held({ most: 100, patience })
  const first = queue.add('a')
  for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate)
  const late = queue.add('p')
  await letGo()
  await first
  while (over.length === 0) await new Promise(setImmediate)
  for (const then of over.splice(0)) then()
  await letGo()
  expect(await late).toBe('p')
})
