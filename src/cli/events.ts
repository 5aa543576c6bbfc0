import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { z } from 'zod'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { eventTypes } from '../intake/cloud-events.ts'
import { type DataOptions, performOnServer, withData } from './command.ts'
import { queryOf } from './query.ts'

const accepted = z.object({
  accepted: z.array(z.object({ source: z.string(), id: z.string(), run: z.string(), isDuplicate: z.boolean() })),
})

/** `millrace events send FILE`: a CloudEvent, or an array of them. */
export function eventsCommand(program: Command): void {
  withData(
    program
      .command('events')
      .description('what comes in')
      .command('send')
      .description('send a CloudEvent, or a JSON array of them; all are accepted or none')
      .argument('<file>', 'JSON; - is standard input')
      .option('--pipeline <name>', 'unless one pipeline alone takes the type')
      .option('--hold', 'decide everything and change nothing outside, until `runs release`'),
  ).action((file: string, options: DataOptions & { readonly pipeline?: string; readonly hold?: boolean }) =>
    performOnServer(options, async (terminal, client) => {
      const bytes = read(file)
      const type = /^\s*\[/.test(bytes.subarray(0, 200).toString('latin1')) ? eventTypes.batch : eventTypes.structured
      const { hold, pipeline } = options
      const query = queryOf({ pipeline, hold })
      const answer = await client.postBytes(`/events${query}`, { type, bytes: new Uint8Array(bytes) }, accepted)
      terminal.json(answer)
      for (const { id, isDuplicate, run } of answer.accepted)
        terminal.print(`${run}  ${id}${isDuplicate ? '  (known from before)' : ''}`)
    }),
  )
}

function read(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file)
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    throw new MillraceError('cli/file', { path: file, why }, { cause })
  }
}
