import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { systemRandom } from '../core/random.ts'
import { ModelPlane, type Route } from './model-plane.ts'
import { copyOf, temporaryDirectory } from './testing.ts'

const root = resolve(import.meta.dirname, '../..')
const open = (routes: Record<string, Route>, encoder = './models/mini-en'): Promise<ModelPlane> =>
  ModelPlane.open({ routes, root, encoders: { 'mini-en': encoder }, clock: systemClock, random: systemRandom })
const refusal = async (opening: Promise<ModelPlane>): Promise<unknown> => {
  try {
    await (await opening).close()
    return 'opened'
  } catch (error) {
    return isMillraceError(error) ? error.code : error
  }
}

let plane: ModelPlane
beforeAll(async () => {
  plane = await open({ intent: { classifier: './models/support-intent' }, draft: { template: true } })
})
afterAll(() => plane.close())

const manifest = JSON.parse(readFileSync(join(root, 'models/support-intent/model.json'), 'utf8')) as {
  labels: string[]
}
const { signal } = new AbortController()
const classify = (
  text: string,
  labels: readonly string[] = manifest.labels,
): ReturnType<typeof plane.classifiers.classify> =>
  plane.classifiers.classify({ route: 'intent', labels, text, signal })

test.each([
  'I still have not received my new card, where is it?',
  'Card?\n\nGood morning,\n\nI hope you are well. I ordered my new card two weeks ago and it still has not arrived. I am\ntravelling next month.\n\nKind regards,\nAna Silva',
  'HELLO\n\nMY NEW CARD STILL HAS NOT ARRIVED. WHEN WILL IT COME?',
])('a message is understood, however it is written: %j', async (text) => {
  const answer = await classify(text)
  expect(['card_arrival', 'card_delivery_estimate']).toContain(answer.label)
  expect(answer.top[0]).toEqual({ label: answer.label, confidence: answer.confidence })
  expect(answer.top).toHaveLength(5)
  expect(text.slice(answer.part.start, answer.part.end)).toMatch(/card/i)
  expect(answer.accepted).toBe(answer.confidence >= answer.threshold)
})

test.each(['', '  \n', '???', 'Would you sponsor our village fete in June?', 'x'.repeat(100_000)])(
  'what is no question to a bank stays below the threshold',
  async (text) => expect((await classify(text)).accepted).toBe(false),
)

test('a model that could answer what the step does not know is refused before it answers', async () => {
  await expect(classify('hello', ['card_arrival'])).rejects.toMatchObject({ code: 'model/foreign-label' })
})

test('a vector does not depend on what else is asked at the same time', async () => {
  const encoder = plane.encoder('mini-en')
  const alone = await encoder.embed('where is my refund?')
  const [again] = await Promise.all([
    encoder.embed('where is my refund?'),
    classify('where is my card?'),
    encoder.embed('x'),
  ])
  expect(again).toEqual(alone)
  expect(encoder.digest).toMatch(/^[0-9a-f]{64}$/)
})

test('a route that is not there, or leads elsewhere, is named', async () => {
  const asked = { labels: [], text: 'x', signal }
  await expect(plane.classifiers.classify({ route: 'none', ...asked })).rejects.toMatchObject({
    code: 'model/no-such-route',
  })
  await expect(plane.classifiers.classify({ route: 'draft', ...asked })).rejects.toMatchObject({
    code: 'model/wrong-route',
  })
  expect(() => plane.encoder('mini-de')).toThrow('mini-de')
})

test('a changed, missing or foreign file is refused with its own code, and nothing is served', async () => {
  using directory = temporaryDirectory()
  const head = join(directory.path, 'support-intent')
  const encoder = join(directory.path, 'mini-en')
  const damage = async (what: () => void, routes: Record<string, Route> = {}): Promise<unknown> => {
    copyOf(join(root, 'models/support-intent'), head)
    copyOf(join(root, 'models/mini-en'), encoder)
    what()
    const code = await refusal(open(routes, encoder))
    rmSync(head, { recursive: true })
    rmSync(encoder, { recursive: true })
    return code
  }
  const intent = { intent: { classifier: head } }
  const edit = (path: string, from: string, to: string): void =>
    writeFileSync(path, readFileSync(path, 'utf8').replace(from, to))
  expect(await damage(() => appendFileSync(join(head, 'weights.bin'), 'x'), intent)).toBe('model/wrong-digest')
  expect(await damage(() => rmSync(join(head, 'weights.bin')), intent)).toBe('model/missing-file')
  expect(await damage(() => edit(join(head, 'model.json'), '"threshold": 0.', '"threshold": 0.0'), intent)).toBe(
    'model/bad-manifest',
  )
  expect(await damage(() => writeFileSync(join(head, 'model.json'), '{'), intent)).toBe('model/bad-manifest')
  expect(await damage(() => appendFileSync(join(encoder, 'tokenizer.json'), ' '))).toBe('model/wrong-digest')
  expect(await damage(() => rmSync(join(encoder, 'model.onnx')))).toBe('model/missing-file')
  expect(await refusal(open({ intent: { classifier: './models/nothing-here' } }))).toBe('model/missing-file')
})

test('after close everything is refused, and nothing hangs', async () => {
  const closing = await open({})
  const [waited] = await Promise.allSettled([closing.encoder('mini-en').embed('x'.repeat(500)), closing.close()])
  expect(waited).toMatchObject({ status: 'rejected', reason: { code: 'model/closed' } })
  await expect(closing.encoder('mini-en').embed('y')).rejects.toMatchObject({ code: 'model/closed' })
})
