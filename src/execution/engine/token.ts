import { canonicalJson, sha256 } from '../../core/json.ts'
import type { RunId } from '../../core/ids.ts'
import type { Token } from './ports.ts'

/**
 * The idempotency token of a step (E2). The root stays the same over retry and replay, and so does the token; only an explicit, audited redo
 * raises the generation.
 */
export const tokenOf = (root: RunId, stepKey: string, generation = 0): Token =>
  sha256(canonicalJson([root, stepKey, generation]))

/**
 * What stands for an author's own key in a step's key: 64 bits of a hash over the run's root, since the key may be a person's address and step
 * keys stay when the person is erased.
 */
export const hashOfAuthorsKey = (root: RunId, key: string): string => sha256(`${root}/${key}`).slice(0, 16)

/** `scope/kind:resource[:hash of the author's key]` (E2); the context adds `#ordinal`. */
export function stepKey(parts: {
  readonly scope: string
  readonly kind: string
  readonly resource: string
  readonly authorKey: string | undefined
}): string {
  const own = parts.authorKey === undefined ? '' : `:${parts.authorKey}`
  return `${parts.scope}/${parts.kind}:${parts.resource}${own}`
}
