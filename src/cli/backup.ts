import type { Command } from 'commander'
import { resolve } from 'node:path'
import { homePath } from '../server/embedded/home.ts'
import type { Say } from '../server/log.ts'
import { withDatabase } from '../server/backup/database-of-home.ts'
import { keyPath } from '../server/backup/manifest.ts'
import { writeBackup } from '../server/backup/write-backup.ts'
import { type DataOptions, perform, withData } from './command.ts'

interface BackupOptions extends DataOptions {
  readonly out: string
  /** False with `--without-key`. */
  readonly withoutKey?: boolean
}

/** `millrace backup`: the database and the master key, while the server runs or while it does not. */
export function backupCommand(program: Command): void {
  withData(program.command('backup').description('write the database and the master key to a new directory'))
    .requiredOption('--out <dir>', 'a new or empty directory')
    .option('--without-key', 'leave the master key out: you keep it elsewhere')
    .action((options: BackupOptions) =>
      perform(options, async (terminal) => {
        const home = homePath(options.data, process.env)
        const out = resolve(options.out)
        const key = options.withoutKey ? undefined : `${home}/master.key`
        const say: Say = (text, entry) => terminal.say(text, entry)
        const progress = (table: string): void => terminal.move(`writing ${table}`)
        const manifest = await withDatabase({ home, env: process.env, say, mustExist: true }, (ownerUrl) =>
          writeBackup({ ownerUrl, out, key, progress }),
        )
        const count = (of: 'rows' | 'bytes'): number => manifest.tables.reduce((sum, table) => sum + table[of], 0)
        terminal.json({
          out,
          made: manifest.made,
          rows: count('rows'),
          bytes: count('bytes'),
          key: manifest.key !== null,
        })
        terminal.print(
          `${count('rows')} rows in ${manifest.tables.length} tables, ${count('bytes')} bytes, are in ${out}.`,
        )
        if (manifest.key)
          terminal.say(
            `WARNING: ${keyPath(out)} opens everything in this backup. Move it to another place than the rest now: who has both can read all, and without it nobody can read anything.`,
          )
        else
          terminal.say(`The master key is not in it. Keep ${home}/master.key: without it nobody can read this backup.`)
      }),
    )
}
