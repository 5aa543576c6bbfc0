import type { Command } from 'commander'
import { homePath } from '../server/embedded/home.ts'
import type { Say } from '../server/log.ts'
import type { Client } from './client.ts'
import { perform } from './command.ts'
import { ownClient, withAnyMillrace } from './lifecycle.ts'
import { type MailLine, MailboxRun } from './mailbox-run.ts'
import { type ServeOptions, withServer } from './serve.ts'
import { oneLine } from './terminal.ts'

interface RunOptions extends ServeOptions {
  readonly mailbox: string
  readonly hold?: boolean
}

/** `millrace run PIPELINE --mailbox DIR`: every mail below a directory through a pipeline, a line for each. */
export function runCommand(program: Command): void {
  withServer(
    program
      .command('run')
      .description(
        'send every .eml file below a directory through a pipeline; wait until only people or a release are waited for',
      )
      .argument('<pipeline>', 'support-triage')
      .requiredOption('--mailbox <dir>', 'the directory; it is never written to')
      .option(
        '--hold',
        'decide everything and send nothing, until `runs release`; what was sent in before stays as it is',
      ),
  ).action((pipeline: string, options: RunOptions) =>
    perform(options, async (terminal) => {
      const { config, data, hold = false, mailbox, port = 0, send } = options
      const say: Say = (text, entry) => terminal.say(text, entry)
      const home = homePath(data, process.env)
      const counts = new Map<string, number>()
      const line = (one: MailLine): void => {
        counts.set(one.outcome, (counts.get(one.outcome) ?? 0) + 1)
        terminal.json(one)
        terminal.print(textOf(one))
      }
      const progress = (done: number, all: number): void => terminal.move(`${done} of ${all} messages`)
      const client = (): Client => ownClient(home)
      await withAnyMillrace({ home, config, port, env: process.env, say, send }, terminal, (over) =>
        new MailboxRun({ client, pipeline, directory: mailbox, hold, line, progress, ...(over && { over }) }).perform(),
      )
      terminal.say(
        [...counts.entries()].map(([outcome, count]) => `${count} ${outcome}`).join(', ') ||
          `there is no .eml file below ${mailbox}`,
      )
      if (counts.has('held')) terminal.say('what is held goes on after `millrace runs release --all`')
    }),
  )
}

const textOf = ({ confidence, file, intent, outcome, team, why }: MailLine): string => {
  const read = intent === null ? '-' : `${intent} ${Math.round((confidence ?? 0) * 100)}%`
  return oneLine(`${file}  ${outcome}  ${team ?? '-'}  ${read}  ${why.join(', ')}`)
}
