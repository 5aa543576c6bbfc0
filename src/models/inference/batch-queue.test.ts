import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import { type Asked, BatchQueue, type Urgency } from './batch-queue.ts'
import type { Batch } from './protocol.ts'

/** A model that answers a text's length and first character, when it is told to. */
function heldModel(): {
  queue: BatchQueue
  batches: string[][]
  release: () => void
  fail: (error: Error) => void
} {
  const batches: string[][] = []
  const held: { resolve: () => void; reject: (error: Error) => void }[] = []
  const queue = new BatchQueue({
    name: 'held',
    mostWaiting: 40,
    run: (texts) => {
      batches.push([...texts])
      const rows = Float32Array.from(texts.flatMap((text) => [text.length, text.codePointAt(0) ?? 0]))
      const batch: Batch = { rows, tokens: Uint32Array.from(texts, (text) => text.length) }
      return new Promise((resolve, reject) => held.push({ resolve: () => resolve(batch), reject }))
    },
  })
  return { queue, batches, release: () => held.shift()?.resolve(), fail: (error) => held.shift()?.reject(error) }
}

const asked = (length: number, first: number): Asked => ({ row: Float32Array.of(length, first), tokens: length })
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('every text gets its own row, whatever it was batched with', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ minLength: 1, maxLength: 80 }), { minLength: 1, maxLength: 39 }),
      async (texts) => {
        const { queue, batches, release } = heldModel()
        const rows = Promise.all(texts.map((text) => queue.ask({ text })))
        for (let i = 0; i < texts.length + 1; i++) {
          await turn()
          release()
        }
        expect(await rows).toEqual(texts.map((text) => asked(text.length, text.codePointAt(0) ?? 0)))
        expect(batches.flat().length).toBe(texts.length)
        expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(8)
      },
    ),
  )
})

test('a batch holds the oldest text and those of its length; a lonely text is not kept waiting', async () => {
  const { queue, batches, release } = heldModel()
  const all = ['a', 'x'.repeat(300), 'b', 'y'.repeat(310), 'c'].map((text) => queue.ask({ text }))
  await turn()
  expect(batches).toEqual([
    ['a', 'b', 'c'],
    ['x'.repeat(300), 'y'.repeat(310)],
  ])
  release()
  release()
  await Promise.all(all)
})

test('the batches of a group are the same whatever else waits: its rows, and so a decision, would change with the traffic', async () => {
  const texts = fc.array(fc.string({ minLength: 1, maxLength: 80 }), { minLength: 2, maxLength: 9 })
  const batchesOf = async (group: readonly string[], before: readonly string[], after: readonly string[]) => {
    const { queue, batches, release } = heldModel()
    const key = {}
    const all = Promise.all([
      ...before.map((text) => queue.ask({ text })),
      ...group.map((text) => queue.ask({ text: `g${text}`, group: key })),
      ...after.map((text) => queue.ask({ text, group: {} })),
    ])
    for (let i = 0; i < 40; i++) {
      await turn()
      release()
    }
    await all
    return batches.filter((batch) => batch[0]?.startsWith('g'))
  }
  const other = fc.array(fc.nat().map(String), { maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(texts, other, other, async (group, before, after) => {
      expect(await batchesOf(group, before, after)).toEqual(await batchesOf(group, [], []))
    }),
    { numRuns: 40 },
  )
})

test('a text that is asked alone shares no batch, since its vector would depend on the others', async () => {
  const { queue, batches, release } = heldModel()
  const all = [queue.ask({ text: 'a' }), queue.ask({ text: 'b', group: {} }), queue.ask({ text: 'c' })]
  await turn()
  release()
  release()
  await Promise.all(all)
  expect(batches).toEqual([['a', 'c'], ['b']])
})

test('an aborted text is not computed, and its caller hears the reason at once', async () => {
  const { queue, batches, release } = heldModel()
  const first = [queue.ask({ text: 'a' }), queue.ask({ text: 'b'.repeat(100) })]
  await turn() // both places are taken
  const controller = new AbortController()
  const aborted = queue.ask({ text: 'c', signal: controller.signal })
  const reason = new Error('no longer wanted')
  controller.abort(reason)
  await expect(aborted).rejects.toBe(reason)
  release()
  release()
  await Promise.all(first)
  await turn()
  expect(batches.flat()).not.toContain('c')
  await expect(queue.ask({ text: 'd', signal: controller.signal })).rejects.toBe(reason)
})

test('a full queue refuses instead of growing', async () => {
  const { queue, release } = heldModel()
  const texts = Array.from({ length: 40 }, (_, i) => queue.ask({ text: `${i}` }))
  const refused = await queue.ask({ text: 'one too many' }).catch((error: unknown) => error)
  expect(isMillraceError(refused, 'model/overloaded')).toBe(true)
  for (let i = 0; i < 8; i++) {
    await turn()
    release()
  }
  await Promise.all(texts)
})

test('a failed batch fails its own texts, and the next one runs', async () => {
  const { queue, release, fail } = heldModel()
  const [bad, good] = [queue.ask({ text: 'a' }), queue.ask({ text: 'b'.repeat(100) })]
  await turn()
  fail(new Error('broken'))
  release()
  await expect(bad).rejects.toThrow('broken')
  expect(await good).toEqual(asked(100, 98))
})

test('what is urgent goes first, and yet nothing waits for ever behind it', async () => {
  const { queue, batches, release } = heldModel()
  const ask = (name: string, priority: Urgency): Promise<Asked> => queue.ask({ text: name, group: {}, priority })
  const all = [ask('first', 1), ask('second', 1)]
  await turn() // both places are taken
  all.push(ask('low', 3), ...Array.from({ length: 12 }, (_, i) => ask(`urgent ${i}`, 0)))
  for (let i = 0; i < 15; i++) {
    await turn()
    release()
  }
  await Promise.all(all)
  const order = batches.map(([text]) => text)
  expect(order.slice(0, 4)).toEqual(['first', 'second', 'urgent 0', 'urgent 1'])
  expect(order.indexOf('low')).toBe(7) // the eighth batch, with urgent ones still waiting
})

test('a full queue lets go of the least urgent, the newest of them, and not of what came last', async () => {
  const { queue, release } = heldModel()
  const low = Array.from({ length: 40 }, (_, i) => queue.ask({ text: `${i}`, priority: 3 }))
  const urgent = queue.ask({ text: 'now', priority: 0 })
  const late = queue.ask({ text: 'later', priority: 3 })
  late.catch(() => undefined)
  await expect(low.at(-1)).rejects.toMatchObject({ code: 'model/overloaded' })
  await expect(late).rejects.toMatchObject({ code: 'model/overloaded' })
  for (let i = 0; i < 8; i++) {
    await turn()
    release()
  }
  expect(await urgent).toEqual(asked(3, 110))
  await Promise.all(low.slice(0, -1))
})
