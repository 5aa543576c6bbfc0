import type { Command } from 'commander'
import { z } from 'zod'
import { letterDetail, letterView } from '../server/api/dead-letter-routes.ts'
import { type DataOptions, performOnServer, wholeNumber, withData } from './command.ts'
import { oneLine } from './terminal.ts'

/** `millrace dead-letters list | show | replay`. */
export function deadLettersCommand(program: Command): void {
  const letters = program.command('dead-letters').description('what came in and cannot be processed')
  withData(letters.command('list').description('the newest first'))
    .option('--limit <number>', 'at most', wholeNumber(1, 200), 50)
    .option('--after <letter>', 'the last one of the page before')
    .action((options: DataOptions & { readonly limit: number; readonly after?: string }) =>
      performOnServer(options, async (terminal, client) => {
        const { after, limit } = options
        const query = new URLSearchParams({ limit: String(limit), ...(after !== undefined && { after }) })
        const page = z.object({ letters: z.array(letterView), next: z.string().optional() })
        const found = await client.get(`/dead-letters?${query.toString()}`, page)
        terminal.json(found)
        if (found.letters.length === 0) return terminal.print('There are no dead letters.')
        terminal.table(
          ['letter', 'when', 'pipeline', 'code'],
          found.letters.map((one) => [one.id, new Date(one.created).toISOString(), one.pipeline, one.code]),
        )
        if (found.next) terminal.print(`more: --after ${found.next}`)
      }),
    )
  withData(letters.command('show').description('why, and what it is').argument('<letter>', 'evt_…')).action(
    (letter: string, options: DataOptions) =>
      performOnServer(options, async (terminal, client) => {
        const found = await client.get(`/dead-letters/${encodeURIComponent(letter)}`, letterDetail)
        terminal.json(found)
        terminal.print(`${found.code}: ${oneLine(found.message)}`)
        terminal.print(`${found.pipeline}, ${found.source}, ${found.event}, ${found.attempts} attempts`)
        terminal.print()
        const text =
          found.bytes === undefined
            ? JSON.stringify(found.content, null, 2)
            : Buffer.from(found.bytes, 'base64').toString('utf8')
        for (const line of text.slice(0, 20_000).split('\n')) terminal.print(oneLine(line))
      }),
  )
  withData(letters.command('replay').description('send it to its pipeline again').argument('<letter>', 'evt_…')).action(
    (letter: string, options: DataOptions) =>
      performOnServer(options, async (terminal, client) => {
        const { run } = await client.post(
          `/dead-letters/${encodeURIComponent(letter)}/replay`,
          {},
          z.object({ run: z.string() }),
        )
        terminal.json({ run })
        terminal.print(`It is in the inbox again, as ${run}.`)
      }),
  )
}
