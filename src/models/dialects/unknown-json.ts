/** Looks at JSON of unknown shape: what is not as asked for is absent. Nothing is copied. */

export type JsonObject = Readonly<Record<string, unknown>>

export const objectOf = (value: unknown): JsonObject | undefined =>
  // An object of parsed JSON that is no list has only string keys.
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

export const objectsOf = (value: unknown): readonly JsonObject[] =>
  listOf(value)
    .map(objectOf)
    .filter((item) => item !== undefined)

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Text that says something. */
export const wordOf = (value: unknown): string | undefined => (value === '' ? undefined : textOf(value))

/** A number of tokens: whole, zero or more. */
export const tokensOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined

/** The JSON in this text; undefined where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
