import { createHash } from 'node:crypto'

/**
 * Which arm a key belongs to, by weighted rendezvous hashing (Thaler and Ravishankar 1998; the weights as in "Weighted Distributed Hash Tables",
 * Schindelhauer and Schomaker 2005): the arm with the highest -weight / ln(u), u being the hash of key and arm in (0, 1).
 *
 * 1. The same key and weights give the same arm, in every process.
 * 2. An arm gets its weight's share of the keys.
 * 3. Another weight of one arm moves keys only to it or from it; an arm that goes loses its own keys alone. (A table of shares laid end to end
 *    moves keys between arms whose weights did not change.)
 * 4. An arm of weight zero gets none.
 */
export function armOf<A extends { readonly arm: string; readonly weight: number }>(
  space: string,
  key: string,
  arms: readonly A[],
): A | undefined {
  let best: A | undefined
  let highest = 0 // which an arm of weight zero does not pass
  for (const arm of arms) {
    const score = -arm.weight / Math.log(unit(space, arm.arm, key))
    if (score > highest || (score === highest && best !== undefined && arm.arm < best.arm)) {
      best = arm
      highest = score
    }
  }
  return best
}

/** A number in (0, 1) that follows from the texts. They are told apart by their lengths, so that no two triples meet. */
export function unit(space: string, name: string, key: string): number {
  const hash = createHash('sha256').update(`${space.length}.${name.length}.${space}${name}${key}`).digest()
  return (hash.readUIntBE(0, 6) + 1) / (2 ** 48 + 1)
}
