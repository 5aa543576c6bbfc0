import type { Clock } from '../core/clock.ts'
import { isMillraceError } from '../core/errors/millrace-error.ts'

/**
 * One thing that happened, for programs: minted ids, codes, names of the project, numbers. Never a message's text, an address or a secret:
 * no field takes the words of an error that is not of the dictionary.
 */
export interface LogEntry {
  /** Noun, then verb in the past: `engine-ended`. */
  readonly event: string
  /** `info` unless said. */
  readonly level?: 'info' | 'warn' | 'error'
  readonly run?: string
  /** Of the error dictionary, of Postgres (SQLSTATE), or of the system (ECONNREFUSED). */
  readonly code?: string
  readonly [detail: string]: string | number | boolean | readonly string[] | undefined
}

/** Tells what happens: a sentence for people at a terminal (empty: not worth one), and the entry for programs. */
export type Say = (sentence: string, entry: LogEntry) => void

/**
 * A line of the log. Rejected: pino, whose transports, formats and child loggers nobody wants here: one `JSON.stringify` is all, the lines go to
 * standard error, and whoever runs the server (systemd, a container) keeps, ships and rotates them.
 */
export function logLine({ event, level = 'info', ...rest }: LogEntry, clock: Clock): string {
  return `${JSON.stringify({ time: new Date(clock.today()).toISOString(), level, event, ...rest })}\n`
}

/** What may be told of any error: its code or class, and where it was thrown, not its words. */
export function traceOf(error: unknown): { readonly code: string; readonly at: readonly string[] } {
  if (!(error instanceof Error)) return { code: codeOf(error), at: [] }
  const { message, stack = '' } = error
  const behind = stack.indexOf(message) // a message that was changed later is not in it: then no line of it is known to be a frame
  const frames = behind < 0 ? [] : stack.slice(behind + message.length).split('\n')
  const at = frames.map((line) => line.trim()).filter((line) => line.startsWith('at '))
  return { code: codeOf(error), at: at.slice(0, 12).map((line) => line.slice(3)) }
}

function codeOf(error: unknown): string {
  if (isMillraceError(error)) return error.code
  if (!(error instanceof Error)) return typeof error
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
