import type { KeyObject } from 'node:crypto'
import { canonicalJson, digestOf, type Json, sha256 } from '../core/json.ts'
import type { Random } from '../core/random.ts'
import { seal, unseal } from '../core/seal.ts'
import type { ItemForm, ItemKind, Versioned } from './item.ts'

/** What a person decides on, as it lies sealed in an item's body. */
export type ItemContent = {
  readonly kind: ItemKind
  readonly form: ItemForm
  readonly shows: Json
  /** Of `approve`. */
  readonly proposed?: Json | undefined
  readonly action?: Versioned | undefined
  readonly why: readonly string[]
}
/** What a decision says beside its columns, sealed: `value` is absent from a rejection. */
export type DecisionContent = {
  readonly value?: Json | undefined
  readonly edited: boolean
  readonly note?: string | undefined
}

/** SHA-256 of everything that decides: a decision that names another was made on something else (W5). */
export const shownDigestOf = (content: ItemContent): string => sha256(shownBytesOf(content))

/** The bytes behind the digest. */
export const shownBytesOf = ({ kind, form, shows, proposed, action, why }: ItemContent): string =>
  canonicalJson({
    kind,
    form: { name: form.name, digest: form.digest },
    shows,
    proposed: proposed ?? null,
    action: action ? { name: action.name, digest: action.digest } : null,
    why,
  })

/** The authority that an approval gives: exactly this action with exactly these arguments (W5). The step computes the same. */
export const authorityOf = (action: Versioned, value: Json): string => digestOf([action.digest, value])

export const sealItem = (key: KeyObject, content: ItemContent, random: Random): Buffer =>
  seal(key, content as unknown as Json, random).body // JSON by its type: `undefined` fields are left out

export const openItem = (key: KeyObject, body: Uint8Array): ItemContent => unseal(key, body) as unknown as ItemContent // sealed by `sealItem`

export const sealDecision = (key: KeyObject, content: DecisionContent, random: Random): Buffer =>
  seal(key, content, random).body

export const openDecision = (key: KeyObject, body: Uint8Array): DecisionContent =>
  unseal(key, body) as unknown as DecisionContent // sealed by `sealDecision`

export const sealFirstLine = (key: KeyObject, line: string, random: Random): Buffer => seal(key, line, random).body

export const openFirstLine = (key: KeyObject, head: Uint8Array): string => unseal(key, head) as string // sealed by `sealFirstLine`
