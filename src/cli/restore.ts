import type { Command } from 'commander'
import { join, resolve } from 'node:path'
import { systemClock } from '../core/clock.ts'
import { systemRandom } from '../core/random.ts'
import { withDatabase } from '../server/backup/database-of-home.ts'
import { prepareRestore, restoreBackup } from '../server/backup/restore-backup.ts'
import { homePath } from '../server/embedded/home.ts'
import type { Say } from '../server/log.ts'
import { type DataOptions, perform, withData } from './command.ts'

interface RestoreOptions extends DataOptions {
  readonly from: string
  readonly key?: string
}

/** `millrace restore`: a backup into an empty data directory, where everything is held until it is released. */
export function restoreCommand(program: Command): void {
  withData(program.command('restore').description('load a backup into an empty data directory; effects stay held'))
    .requiredOption('--from <dir>', 'the backup')
    .option('--key <file>', 'the master key, where the backup does not hold it')
    .action((options: RestoreOptions) =>
      perform(options, async (terminal) => {
        const home = homePath(options.data, process.env)
        const request = {
          from: resolve(options.from),
          key: options.key,
          masterKey: join(home, 'master.key'),
          clock: systemClock,
          random: systemRandom,
          progress: (table: string) => terminal.move(`loading ${table}`),
        }
        const say: Say = (text, entry) => terminal.say(text, entry)
        terminal.say('reading the backup through')
        const verified = await prepareRestore(request)
        await withDatabase({ home, env: process.env, say, mustExist: false }, (ownerUrl) =>
          restoreBackup(ownerUrl, verified, request),
        )
        const { made, tables } = verified.manifest
        const rows = tables.reduce((sum, table) => sum + table.rows, 0)
        terminal.json({ home, made, rows, held: true })
        terminal.print(`The backup of ${made} is in ${home}: ${rows} rows.`)
        terminal.print(
          'Nothing runs and nothing is sent there until you start the server and run `millrace effects release`.',
        )
      }),
    )
}
