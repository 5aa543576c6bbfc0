import { type JsonObject, listOf, objectOf } from './unknown-json.ts'

/** Every message, item and part of a conversation, whatever its dialect nests. A list of what is left to see, not recursion: nesting is the client's to choose. */
export function partsIn(list: unknown): JsonObject[] {
  const seen: JsonObject[] = []
  const left: unknown[] = [...listOf(list)]
  while (left.length > 0) {
    const part = objectOf(left.pop())
    if (part === undefined) continue
    seen.push(part)
    for (const inner of [part['content'], part['output']]) {
      if (Array.isArray(inner)) for (const item of inner) left.push(item)
      else if (typeof inner === 'object') left.push(inner)
    }
  }
  return seen
}
