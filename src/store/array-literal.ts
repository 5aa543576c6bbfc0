/**
 * A Postgres array in its text form (https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO), of texts, numbers, booleans and nulls.
 * The driver's own conversion runs two regular expressions over every element, and took a tenth of the time of a batch's process.
 */
export function arrayLiteral(values: readonly (string | number | boolean | null | undefined)[]): string {
  let text = '{'
  for (const value of values) {
    if (text.length > 1) text += ','
    if (value === null || value === undefined) text += 'NULL'
    else if (typeof value === 'string') text += quoted(value)
    else text += String(value)
  }
  return `${text}}`
}

const quoted = (text: string): string =>
  text.includes('"') || text.includes('\\') ? `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"` : `"${text}"`
