import { Command, CommanderError } from 'commander'
import { vi } from 'vitest'
import { exitCodes } from './command.ts'

/** What a command wrote, and with which code the process would end. */
export interface Written {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
}

/** Runs `work` with both streams caught; they are no terminals unless said. */
export async function captured(work: () => unknown, options: { readonly isTTY?: boolean } = {}): Promise<Written> {
  const streams = [process.stdout, process.stderr] as const
  const texts = ['', '']
  const wasTTY = streams.map((stream) => stream.isTTY)
  const spies = streams.map((stream, n) =>
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      texts[n] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
      return true
    }),
  )
  const codeBefore = process.exitCode
  process.exitCode = undefined
  for (const stream of streams) stream.isTTY = options.isTTY ?? false
  try {
    await work()
    return { stdout: texts[0] ?? '', stderr: texts[1] ?? '', code: exitCode() }
  } finally {
    process.exitCode = codeBefore
    for (const spy of spies) spy.mockRestore()
    for (const [n, stream] of streams.entries()) stream.isTTY = wasTTY[n] ?? false
  }
}

const exitCode = (): number => Number(process.exitCode ?? 0)

/** Runs the command line as `main` does, with the given commands alone. */
export function runCli(
  commands: readonly ((program: Command) => void)[],
  args: readonly string[],
  options: { readonly isTTY?: boolean } = {},
): Promise<Written> {
  const program = new Command('millrace').exitOverride()
  for (const add of commands) add(program)
  return captured(async () => {
    try {
      await program.parseAsync([...args], { from: 'user' })
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error
      process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage
    }
  }, options)
}
