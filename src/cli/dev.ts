import type { Command } from 'commander'
import { codePath } from '../server/api/session-routes.ts'
import { homePath } from '../server/embedded/home.ts'
import type { Say } from '../server/log.ts'
import type { Millrace } from '../server/millrace.ts'
import { perform } from './command.ts'
import { Demo } from './demo.ts'
import { forever, withMillrace } from './lifecycle.ts'
import { defaultPort, type ServeOptions, withLog } from './serve.ts'
import type { Terminal } from './terminal.ts'

interface DevOptions extends ServeOptions {
  readonly demo?: boolean
  readonly again?: boolean
  readonly exit?: boolean
}

/** `millrace dev`: `serve` for a developer's machine; with `--demo` it first shows what the project does with its sample mailbox. */
export function devCommand(program: Command): void {
  withLog(program.command('dev').description('run the project on this machine'))
    .option('--demo', 'triage the sample mailbox first, or print what came of it before')
    .option('--again', 'triage it anew')
    .option('--exit', 'end after the demonstration')
    .action((options: DevOptions) =>
      perform(options, async (terminal) => {
        const { again = false, config, data, demo, exit, host, port = defaultPort, send } = options
        const say: Say = (text, entry) => terminal.say(text, entry)
        const server = { home: homePath(data, process.env), config, host, port, env: process.env, say, send }
        await withMillrace(server, terminal, async (millrace, over) => {
          if (demo) await new Demo(millrace, terminal).show({ again, over })
          const { home, url } = millrace
          terminal.print(`ready ${url}`)
          terminal.json({ event: 'ready', url, home })
          await invite(millrace, terminal)
          if (!exit) await forever()
        })
      }),
    )
}

/** A link for the first admin, while nobody can sign in. It is not in the log's JSON: logs are kept longer than ten minutes. */
async function invite({ planes, url }: Millrace, terminal: Terminal): Promise<void> {
  const { owner, sessions } = planes
  if (await sessions.hasPasswords(owner.tenant)) return
  const code = await sessions.makeCode({ tenant: owner.tenant, person: owner.id, actor: undefined })
  terminal.print(
    `sign in as ${owner.email ?? owner.name} within ten minutes, and set a password: ${url}${codePath(code)}`,
  )
}
