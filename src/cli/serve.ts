import type { Command } from 'commander'
import { homePath } from '../server/embedded/home.ts'
import { type DataOptions, perform, wholeNumber, withData } from './command.ts'
import { forever, withMillrace } from './lifecycle.ts'

/** Of the API, unless another is given. */
export const defaultPort = 4400

export interface ServeOptions extends DataOptions {
  readonly config?: string
  readonly port?: number
  readonly send?: boolean
}

export const withServer = (command: Command): Command =>
  withData(command)
    .option('--config <file>', 'the project file (default millrace.config.ts)')
    .option(
      '--port <number>',
      `of the API on 127.0.0.1; 0 is any free one (default ${defaultPort})`,
      wholeNumber(0, 65_535),
    )
    .option(
      '--send',
      'send replies through the mail server of MILLRACE_SMTP_URL (else they go to the outbox directory)',
    )

/** `millrace serve`: runs the project until a signal. */
export function serveCommand(program: Command): void {
  withServer(program.command('serve').description('run the project, and serve the API until SIGINT or SIGTERM')).action(
    (options: ServeOptions) =>
      perform(options, async (terminal) => {
        const { config, data, port = defaultPort, send } = options
        const say = (text: string): void => terminal.say(text)
        await withMillrace(
          { home: homePath(data, process.env), config, port, env: process.env, say, send },
          terminal,
          async ({ home, url }) => {
            terminal.print(`ready ${url}`)
            terminal.json({ event: 'ready', url, home })
            await forever()
          },
        )
      }),
  )
}
