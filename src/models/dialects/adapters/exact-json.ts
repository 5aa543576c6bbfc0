/**
 * JSON whose numbers keep their digits: an order's number above 2^53 in a tool's arguments would arrive as another order. A number that JavaScript
 * would write differently is held as its text (ECMAScript's `JSON.rawJSON`), and written as it came.
 */

// In the runtime since V8 11.4, and not yet in the compiler's library.
const { parse, rawJSON } = JSON as unknown as {
  readonly parse: (
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ) => unknown
  readonly rawJSON: (text: string) => unknown
}

/** Errors: SyntaxError, RangeError. */
const parseExactly = (text: string): unknown =>
  parse(text, (_, value, { source }) =>
    typeof value === 'number' && source !== undefined && losesDigits(value, source) ? rawJSON(source) : value,
  )

/** A number of up to 15 digits is kept by a double; `1.0` may become `1`. */
const losesDigits = (value: number, source: string): boolean =>
  !Number.isFinite(value) || (!Number.isSafeInteger(value) && source.replaceAll(/\D/g, '').length > 15)

/** The object in this text; undefined where there is none, or where it is nested deeper than the stack. */
export function exactObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = parseExactly(text)
    // As in `objectOf`.
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    return undefined
  }
}

/** Undefined where it is nested deeper than the stack. */
export function exactText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
