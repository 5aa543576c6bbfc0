import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/**
 * Owns: what a command prints. Results go to standard output: text for people, or with `--json` one document or JSON lines. Everything else
 * goes to standard error. Neither has colour or a moving line where it is not a terminal.
 */
export class Terminal {
  readonly isJson: boolean
  #hasMovingLine = false

  constructor(options: { isJson: boolean }) {
    this.isJson = options.isJson
    // `npm start | head -1`: the reader has what it wanted.
    process.stdout.on('error', (error) => process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1))
  }

  /** A line of the result, for people. */
  print(text = ''): void {
    if (!this.isJson) process.stdout.write(`${text}\n`)
  }

  /** A document of the result, for programs. */
  json(value: unknown): void {
    if (this.isJson) process.stdout.write(`${JSON.stringify(value)}\n`)
  }

  /** What happens meanwhile. */
  say(text: string): void {
    this.#clear()
    process.stderr.write(`${this.style('dim', text, process.stderr)}\n`)
  }

  /** A line that replaces the one before; nothing where standard error is not a terminal. */
  move(text: string): void {
    if (!process.stderr.isTTY) return
    this.#clear()
    process.stderr.write(text)
    this.#hasMovingLine = true
  }

  /** A failure, for people. */
  fail(text: string): void {
    this.#clear()
    process.stderr.write(`${this.style('red', text, process.stderr)}\n`)
  }

  style(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
    return styleText(style, text, { stream, validateStream: true })
  }

  /** Rows under a heading, as wide as what stands in them; numbers to the right. Nothing for programs. */
  table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
    const all = [headings, ...rows].map((row) => row.map((cell) => oneLine(String(cell))))
    const widths = headings.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
    const isNumber = headings.map(
      (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'),
    )
    for (const [n, row] of all.entries()) {
      const cells = row.map((cell, i) => (isNumber[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      const text = cells.join('  ').trimEnd()
      this.print(n === 0 ? this.style('bold', text) : text)
    }
  }

  #clear(): void {
    if (this.#hasMovingLine) process.stderr.write('\r\u001b[K')
    this.#hasMovingLine = false
  }
}

/** Mail is hostile: nothing of it may move the cursor, change colours or reverse the line. */
export const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
