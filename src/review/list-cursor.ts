import { z } from 'zod'
import { MillraceError } from '../core/errors/millrace-error.ts'
import type { ItemState } from './item.ts'

/** Where a page ended. Opaque to who holds it; made and read here only. */
export interface ListPosition {
  readonly state: ItemState
  readonly priority: number
  /** Microseconds since 1970, exact; null: no due time. */
  readonly due: string | null
  readonly id: string
}

const position = z.tuple([
  z.enum(['open', 'decided', 'closed']),
  z.int().min(0).max(32_767),
  z
    .string()
    .regex(/^\d{1,16}$/)
    .nullable(),
  z.string().regex(/^rev_[0-9a-f]{32}$/),
])

export const encodeCursor = ({ state, priority, due, id }: ListPosition): string =>
  Buffer.from(JSON.stringify([state, priority, due, id])).toString('base64url')

/** Errors: `review/bad-cursor`, also for a cursor of a list of another state. */
export function decodeCursor(cursor: string, expected: ItemState): ListPosition {
  const parsed = position.safeParse(jsonOf(cursor))
  if (!parsed.success || parsed.data[0] !== expected) throw new MillraceError('review/bad-cursor', {})
  const [state, priority, due, id] = parsed.data
  return { state, priority, due, id }
}

function jsonOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return undefined
  }
}
