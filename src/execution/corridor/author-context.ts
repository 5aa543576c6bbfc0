import { toMillis } from '../../core/duration.ts'
import type { Json } from '../../core/json.ts'
import type { Context } from '../../sdk/context.ts'
import type { AnyAction } from '../../sdk/resources.ts'
import { actStep } from '../steps/act.ts'
import { classifyStep } from '../steps/classify.ts'
import { decideStep } from '../steps/decide.ts'
import { embedStep } from '../steps/embed.ts'
import { extractStep } from '../steps/extract.ts'
import { generateStep } from '../steps/generate.ts'
import { retrieveStep } from '../steps/retrieve.ts'
import { reviewStep } from '../steps/review.ts'
import type { Undo } from '../steps/undo.ts'
import type { Corridor } from './corridor.ts'

/**
 * What a pipeline's code gets. The resources' types are the author's; behind this boundary values are JSON, checked against the resources'
 * own schemas, so each cast here gives back the type of the resource that was asked.
 */
export function authorContext(corridor: Corridor, undo: Undo): Context {
  return {
    classify: (classifier, text) => corridor.step(classifyStep, { classifier, text }) as never,
    decide: (rules, input) => corridor.step(decideStep, { rules: rules, input: input as Json }) as never,
    retrieve: (collection, text, { topK = 3 } = {}) =>
      corridor.step(retrieveStep, { collection: collection as never, text, topK }) as never,
    generate: (prompt, input, { key, patience } = {}) =>
      corridor.step(generateStep, { prompt: prompt, input: input as Json, patience }, key) as never,
    extract: ({ prompt }, text, { key, patience } = {}) =>
      corridor.step(extractStep, { prompt, text, patience }, key) as never,
    embed: (embedding, texts, { key, patience } = {}) =>
      corridor.step(embedStep, { embedding, texts, patience }, key) as never,
    act: (action, input, ...[gate]) =>
      actStep(corridor, undo, action as unknown as AnyAction, input as Json, gate as never) as never,
    review: (form, show, options) => reviewStep(corridor, form as never, show, options),
    sleep: (duration) => corridor.run.sleep(corridor.keyOf('sleep', 'timer', undefined), toMillis(duration)),
    each: (items, options, body) => each(corridor, undo, items, options, body),
    now: () => corridor.run.now(),
    random: () => corridor.run.random(),
  }
}

async function each<T, R>(
  corridor: Corridor,
  undo: Undo,
  items: readonly T[],
  { key, atOnce = 8 }: { readonly key: (item: T) => string; readonly atOnce?: number },
  body: (context: Context, item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length)
  const left = [...items.entries()]
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [i, item] = next
      results[i] = await body(authorContext(corridor.within(key(item)), undo), item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  return results
}
