/** A longer line matches no rule: no mail program writes one, and the patterns stay cheap. */
export const longest = 300
export const quoted: RegExp = /^\s*>/

export const test = (pattern: RegExp, line: string): boolean => line.length <= longest && pattern.test(line)
export const unquote = (line: string): string => line.replace(/^[\s>]*>\s?/, '')
export const isBlank = (line: string | undefined): boolean => line === undefined || line.trim() === ''

/** Some lines as one, without their quote marks. */
export const joined = (lines: readonly string[], i: number, count: number): string =>
  lines
    .slice(i, i + count)
    .map((line) => unquote(line).trim())
    .join(' ')

/** Whether what follows is quoted, empty lines aside. */
export function isQuotedAfter(lines: readonly string[], i: number): boolean {
  for (let next = i; next < Math.min(lines.length, i + 20); next++) {
    const line = lines[next] ?? ''
    if (!isBlank(line)) return quoted.test(line)
  }
  return false
}
