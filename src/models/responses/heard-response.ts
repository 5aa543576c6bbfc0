import { membersOf } from '../dialects/json-members.ts'
import type { SseFrame } from '../dialects/sse.ts'
import { objectOf, parsed, textOf } from '../dialects/unknown-json.ts'
import { memberText } from './conversation.ts'

const ends: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete'])

/** The whole response in the last event of its stream, as JSON text; undefined of any other block. Of the client's dialect, after every adapter. */
export function responseIn({ data, event }: SseFrame): string | undefined {
  if (data === undefined || (event !== undefined && !ends.has(event))) return undefined
  if (!ends.has(textOf(objectOf(parsed(data))?.['type']) ?? event ?? '')) return undefined
  const text = Buffer.from(data)
  return memberText(text, membersOf(text), 'response')
}
