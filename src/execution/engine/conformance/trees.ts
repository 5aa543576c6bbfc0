import fc from 'fast-check'
import type { Json } from '../../../core/json.ts'
import { type RunContext } from '../ports.ts'
import { StepFailure } from '../failures.ts'
import { type Bed, pure } from './bed.ts'

/** A pipeline's shape: what a property draws at random. */
export type Tree =
  | { readonly type: 'step'; readonly ms: number; readonly fails: boolean }
  | { readonly type: 'sleep'; readonly ms: number }
  | { readonly type: 'all' | 'race' | 'allSettled' | 'sequence'; readonly of: readonly Tree[] }

export const tree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree; leaf: Tree; node: Tree }>((tie) => ({
  tree: fc.oneof({ maxDepth: 3 }, tie('leaf'), tie('node')),
  leaf: fc.oneof(
    fc.record({ type: fc.constant('step' as const), ms: fc.integer({ min: 0, max: 20 }), fails: fc.boolean() }),
    fc.record({ type: fc.constant('sleep' as const), ms: fc.integer({ min: 0, max: 30 }) }),
  ),
  node: fc.record({
    type: fc.constantFrom('all' as const, 'race' as const, 'allSettled' as const, 'sequence' as const),
    of: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
  }),
})).tree

/** Runs a shape over native promises, as an author would write it. Counts bodies by their place in the tree. */
export function runTree(
  ctx: RunContext,
  shape: Tree,
  bed: Bed,
  bodies: Map<string, number>,
  place = 't',
): Promise<Json> {
  if (shape.type === 'sleep') return ctx.sleep(place, shape.ms).then(() => place)
  if (shape.type === 'step') {
    return ctx.step(
      place,
      async () => {
        bodies.set(place, (bodies.get(place) ?? 0) + 1)
        if (shape.ms > 0) await bed.delay(shape.ms)
        if (shape.fails) throw new StepFailure('tree/failed', place, { terminal: true })
        return { value: place }
      },
      pure,
    )
  }
  const begin = (i: number): Promise<Json> =>
    runTree(ctx, shape.of[i] ?? { type: 'sleep', ms: 0 }, bed, bodies, `${place}.${i}`)
  if (shape.type === 'sequence')
    return shape.of.reduce<Promise<Json>>((before, _, i) => before.then(() => begin(i)), Promise.resolve(null))
  const all = shape.of.map((_, i) => begin(i))
  if (shape.type === 'all') return Promise.all(all)
  if (shape.type === 'race') return Promise.race(all)
  return Promise.allSettled(all).then((settled) => settled.map((one) => one.status))
}
