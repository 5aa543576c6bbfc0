import { styleText } from 'node:util'
import { systemClock } from '../core/clock.ts'
import { type LogEntry, logLine } from '../server/log.ts'

type Style = Parameters<typeof styleText>[0]

/** `npm start | head -1`: the reader has what it wanted. */
const endWithReader = (error: Error): void => process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1)

/**
 * Owns: what a command prints. Results go to standard output: text for people, or with `--json` one document or JSON lines. Everything else
 * goes to standard error. Neither has colour or a moving line where it is not a terminal.
 *
 * Nothing that is printed moves the cursor or turns the line round, wherever it came from: mail is hostile, and so may a server be. What a
 * command did not make harmless itself is escaped here (`visible`); on a terminal the colours of `style` pass.
 */
export class Terminal {
  readonly isJson: boolean
  /** Standard error is a log: one JSON line for each thing, and nothing else. */
  readonly isLog: boolean
  #hasMovingLine = false

  constructor(options: { isJson: boolean; isLog?: boolean }) {
    this.isJson = options.isJson
    this.isLog = options.isLog ?? false
    if (!process.stdout.listeners('error').includes(endWithReader)) process.stdout.on('error', endWithReader)
  }

  /** A line of the result, for people. */
  print(text = ''): void {
    if (!this.isJson) process.stdout.write(`${printable(text, process.stdout)}\n`)
  }

  /** A document of the result, for programs: what a terminal would act on is escaped, which JSON allows. */
  json(value: unknown): void {
    if (this.isJson) process.stdout.write(`${visible(JSON.stringify(value))}\n`)
  }

  /** What happens meanwhile: a sentence for people, or in a log the entry. */
  say(text: string, entry: LogEntry = { event: 'command-noted', text }): void {
    if (this.isLog) return void process.stderr.write(logLine(entry, systemClock))
    if (text === '') return
    this.#clear()
    process.stderr.write(`${this.style('dim', printable(text, process.stderr), process.stderr)}\n`)
  }

  /** A line that replaces the one before; nothing where standard error is not a terminal. */
  move(text: string): void {
    if (!process.stderr.isTTY || this.isLog) return
    this.#clear()
    process.stderr.write(printable(text, process.stderr).replaceAll('\n', ' '))
    this.#hasMovingLine = true
  }

  /** A failure, for people. */
  fail(text: string): void {
    this.#clear()
    process.stderr.write(`${this.style('red', printable(text, process.stderr), process.stderr)}\n`)
  }

  style(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
    return styleText(style, text, { stream, validateStream: true })
  }

  /** Rows under a heading, as wide as what stands in them; numbers to the right. Nothing for programs. */
  table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
    const all = [headings, ...rows].map((row) => row.map((cell) => oneLine(String(cell))))
    const widths = headings.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
    const isNumber = headings.map(
      (_, column) =>
        rows.some((row) => typeof row[column] === 'number') &&
        rows.every((row) => typeof row[column] === 'number' || row[column] === ''),
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

const escape = '\u001b'
const colour = new RegExp(`(${escape}\\[\\d{1,3}m)`)
const actsOnTerminal = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Mail is hostile: nothing of it may move the cursor, change colours or reverse the line. */
export const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()

/** Text of several lines with everything that a terminal would act on as `\u001b`. JSON stays the same JSON. */
export const visible = (text: string): string =>
  text.replaceAll(actsOnTerminal, (found) => (found === '\n' ? found : found === '\t' ? '  ' : escaped(found)))

/** By UTF-16 unit, as JSON escapes. */
const escaped = (text: string): string =>
  Array.from({ length: text.length }, (_, n) => `\\u${text.charCodeAt(n).toString(16).padStart(4, '0')}`).join('')

/** Everything but the colours that `style` makes, and those only where it makes them. */
const printable = (text: string, stream: NodeJS.WriteStream): string =>
  stream.isTTY
    ? text
        .split(colour)
        .map((part, n) => (n % 2 === 1 ? part : visible(part)))
        .join('')
    : visible(text)
