import type { JsonObject } from '../dialects/unknown-json.ts'

/** OpenAI takes 10 levels and 5,000 properties, Anthropic fewer; a schema with descriptions has several values for each property. */
const mostDepth = 64
const mostValues = 20_000
const mostText = 512 * 1024

/** Why a schema is not compiled at all. A list of what is left to see, not recursion: nesting is the client's to choose. */
export function whyTooMuch(schema: JsonObject): string | undefined {
  const left: { readonly value: unknown; readonly depth: number }[] = [{ value: schema, depth: 0 }]
  let values = 0
  let text = 0
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { depth, value } = next
    if (++values > mostValues) return `it has more than ${mostValues} values`
    if (typeof value === 'string') text += value.length
    if (text > mostText) return `it has more than ${mostText} characters`
    if (typeof value !== 'object' || value === null) continue
    if (depth === mostDepth) return `it is nested more than ${mostDepth} levels deep`
    for (const [key, inner] of Object.entries(value)) {
      // ajv's own keyword: whatever it is set to, its check would answer with a promise, which nobody awaits.
      if (key === '$async') return '$async is no keyword of JSON Schema'
      text += key.length
      left.push({ value: inner, depth: depth + 1 })
    }
  }
  return undefined
}
