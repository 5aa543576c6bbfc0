import { MillraceError } from '../../../core/errors/millrace-error.ts'
import type { DialectName } from '../dialect.ts'
import { type JsonObject, objectOf, textOf } from '../unknown-json.ts'

/** Which fields a route lets go: all, or those named, by their path (`messages.*.name`) or their last word (`cache_control`). */
export type MayDrop = 'all' | ReadonlySet<string>

export type Draft = Record<string, unknown>

/** Where a value stands that is carried over, and the object that it goes into. */
export interface Place {
  readonly crossing: Crossing
  /** In the client's body, as `messages.0.content`. */
  readonly path: string
  readonly out: Draft
}

/**
 * What becomes of a field on the other side: `mapped` with what it becomes, `refused` whatever the route says, since the answer would be to another
 * question without it, or `droppable`: refused unless the route lets it go, and then named in the answer.
 */
export type Rule =
  | { readonly fate: 'mapped'; readonly says: string; readonly carry: (value: unknown, place: Place) => void }
  | { readonly fate: 'refused' | 'droppable'; readonly says: string }

export type Rules = Readonly<Record<string, Rule>>

/** Parts of a content list by their type: what each becomes, or why it is refused. */
export type Parts = Readonly<
  Record<string, { readonly as: string; readonly rules: Rules } | { readonly refused: string }>
>

/** Owns: what one request loses on its way to the other dialect. */
export class Crossing {
  readonly from: DialectName
  readonly to: DialectName
  readonly #mayDrop: MayDrop
  readonly #dropped = new Set<string>()

  constructor(o: { readonly from: DialectName; readonly to: DialectName; readonly mayDrop: MayDrop }) {
    this.from = o.from
    this.to = o.to
    this.#mayDrop = o.mayDrop
  }

  /** The paths that were dropped, each once, with `*` for a place in a list. */
  get dropped(): readonly string[] {
    return [...this.#dropped].toSorted()
  }

  refuse(path: string, why: string): never {
    throw new MillraceError('model/foreign-field', { field: path.slice(0, 200), from: this.from, to: this.to, why })
  }

  drop(path: string, why: string): void {
    const place = path.replaceAll(/\.\d+(?=\.|$)/g, '.*')
    const isAllowed =
      this.#mayDrop === 'all' || this.#mayDrop.has(place) || this.#mayDrop.has(place.slice(place.lastIndexOf('.') + 1))
    if (!isAllowed) this.refuse(path, why)
    this.#dropped.add(place.slice(0, 200))
  }

  /** An answer's field is gone whatever the route says: it is named, and nothing is refused. */
  lose(path: string): void {
    this.#dropped.add(path)
  }
}

export const mapped = (says: string, carry: (value: unknown, place: Place) => void): Rule => ({
  fate: 'mapped',
  says,
  carry,
})
export const refused = (says: string): Rule => ({ fate: 'refused', says })
export const droppable = (says: string): Rule => ({ fate: 'droppable', says })

/** Under another name, with the same value. */
export const as = (name: string): Rule => mapped(`\`${name}\``, (value, { out }) => void (out[name] = value))

/** Read elsewhere, or needed only to tell what the object is. */
export const known = (says: string): Rule => mapped(says, () => undefined)

/** One value means what the other dialect does anyway; any other has no counterpart. */
export const only = (same: (value: unknown) => boolean, says: string, otherwise: 'refused' | 'droppable'): Rule =>
  mapped(says, (value, { crossing, path }) => {
    if (same(value)) return
    if (otherwise === 'refused') crossing.refuse(path, says)
    crossing.drop(path, says)
  })

/** Carries every field of an object by its rule. `null` means the same as nothing in both dialects. */
export function cross(fields: JsonObject, rules: Rules, place: Place): Draft {
  const { crossing, path, out } = place
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue
    const at = path === '' ? key : `${path}.${key}`
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined
    if (rule === undefined) crossing.drop(at, 'the gateway does not know it')
    else if ('carry' in rule) rule.carry(value, { crossing, path: at, out })
    else if (rule.fate === 'refused') crossing.refuse(at, rule.says)
    else crossing.drop(at, rule.says)
  }
  return out
}

/** One part of a content list, by its type. */
export function crossPart(item: unknown, parts: Parts, { crossing, path }: Omit<Place, 'out'>): Draft {
  const part = objectOf(item) ?? crossing.refuse(path, 'it must be an object')
  const type = textOf(part['type']) ?? ''
  const rule = Object.hasOwn(parts, type) ? parts[type] : undefined
  if (rule === undefined) return crossing.refuse(`${path}.type`, 'it has no counterpart there')
  if ('refused' in rule) return crossing.refuse(`${path}.type`, rule.refused)
  return cross(part, rule.rules, { crossing, path, out: { type: rule.as } })
}

export const crossParts = (list: readonly unknown[], parts: Parts, { crossing, path }: Omit<Place, 'out'>): Draft[] =>
  list.map((item, i) => crossPart(item, parts, { crossing, path: `${path}.${i}` }))
