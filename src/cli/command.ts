import { Command, InvalidArgumentError } from 'commander'
import { isMillraceError } from '../core/errors/millrace-error.ts'
import { Client, ServerProblem } from './client.ts'
import { Terminal } from './terminal.ts'

/** Exit codes of every command (README): 0 done, 1 failed, 2 wrong usage, 75 another server holds the data directory, 130 interrupted. */
export const exitCodes = { failed: 1, usage: 2, taken: 75, interrupted: 130 } as const

/** Options of every command that works on a data directory. */
export interface DataOptions {
  readonly data?: string
  readonly json?: boolean
}

export const withData = (command: Command): Command =>
  command
    .option('--data <dir>', 'the data directory (MILLRACE_HOME; default .millrace)')
    .option('--json', 'print JSON on standard output')

/** Runs a command's work; a failure is one clear error, never a stack trace. With `--json` it is a JSON line on standard error too. */
export async function perform(
  options: { readonly json?: boolean | undefined; readonly log?: 'text' | 'json' | undefined },
  work: (terminal: Terminal) => Promise<void>,
): Promise<void> {
  const terminal = new Terminal({ isJson: options.json ?? false, isLog: options.log === 'json' })
  try {
    await work(terminal)
  } catch (error) {
    report(terminal, error)
  }
}

function report(terminal: Terminal, error: unknown): void {
  process.exitCode = isMillraceError(error, 'server/already-running') ? exitCodes.taken : exitCodes.failed
  const isKnown = isMillraceError(error) || error instanceof ServerProblem
  const code = isKnown ? error.code : 'cli/failed'
  const message = error instanceof Error ? error.message : String(error)
  if (terminal.isJson) process.stderr.write(`${JSON.stringify({ error: { code, message } })}\n`)
  else if (terminal.isLog)
    terminal.say(message, { event: 'command-failed', level: 'error', code, ...(isKnown && { message }) })
  else terminal.fail(`${code}: ${message}`)
  if (!isKnown && process.env['MILLRACE_DEBUG'] && error instanceof Error)
    process.stderr.write(`${error.stack ?? ''}\n`)
}

/** Runs a command against the server that holds the data directory. */
export const performOnServer = (
  options: DataOptions,
  work: (terminal: Terminal, client: Client) => Promise<void>,
): Promise<void> => perform(options, (terminal) => work(terminal, Client.find(options.data, process.env)))

/** A whole number of an option. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const number = Number(text)
    if (!/^\d+$/.test(text) || number < least || number > most)
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
    return number
  }
