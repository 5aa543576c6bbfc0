import { type Command, Option } from 'commander'
import { homePath } from '../server/embedded/home.ts'
import type { Say } from '../server/log.ts'
import { type DataOptions, perform, wholeNumber, withData } from './command.ts'
import { forever, withMillrace } from './lifecycle.ts'

/** Of the API, unless another is given. */
export const defaultPort = 4400

export interface ServeOptions extends DataOptions {
  readonly config?: string
  readonly port?: number
  readonly host?: string
  readonly send?: boolean
  readonly log?: 'text' | 'json'
}

export const withServer = (command: Command): Command =>
  withData(command)
    .option('--config <file>', 'the project file (default millrace.config.ts)')
    .option('--port <number>', `of the API; 0 is any free one (default ${defaultPort})`, wholeNumber(0, 65_535))
    .option(
      '--send',
      'send replies through the mail server of MILLRACE_SMTP_URL (else they go to the outbox directory)',
    )

/** Options of what runs until a signal. */
export const withLog = (command: Command): Command =>
  withServer(command)
    .addOption(
      new Option('--host <address>', 'that the API listens on (default 127.0.0.1: this machine alone)').env(
        'MILLRACE_HOST',
      ),
    )
    .addOption(
      new Option('--log <form>', 'of standard error: sentences, or JSON lines')
        .choices(['text', 'json'])
        .env('MILLRACE_LOG'),
    )

/** `millrace serve`: runs the project until a signal. */
export function serveCommand(program: Command): void {
  withLog(program.command('serve').description('run the project, and serve the API until SIGINT or SIGTERM')).action(
    (options: ServeOptions) =>
      perform({ log: process.stderr.isTTY ? 'text' : 'json', ...options }, async (terminal) => {
        const { config, data, host, port = defaultPort, send } = options
        const say: Say = (text, entry) => terminal.say(text, entry)
        await withMillrace(
          { home: homePath(data, process.env), config, host, port, env: process.env, say, send },
          terminal,
          async ({ home, url }) => {
            terminal.print(`ready ${url}`)
            if (terminal.isLog) terminal.say('', { event: 'server-started', url })
            terminal.json({ event: 'ready', url, home })
            await forever()
          },
        )
      }),
  )
}
