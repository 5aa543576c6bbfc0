import type { Command } from 'commander'
import { effectsView } from '../server/api/effects-routes.ts'
import { type DataOptions, performOnServer, withData } from './command.ts'
import { moment } from './moments.ts'

/** `millrace effects show | release`: what a restore holds. */
export function effectsCommand(program: Command): void {
  const effects = program
    .command('effects')
    .description(
      'what a restored server holds until it is released; single runs are held by --hold, see `runs release`',
    )
  withData(effects.command('show').description('whether effects are held, and since when')).action(
    (options: DataOptions) =>
      performOnServer(options, async (terminal, client) => {
        const { held } = await client.get('/effects', effectsView)
        terminal.json({ held: held ?? null })
        if (!held) return terminal.print('Nothing is held: runs go on by themselves.')
        terminal.print(`Held since ${moment(held.since)}, when a backup of ${moment(held.backupMade)} was restored.`)
        terminal.print('Look at what went out after that moment, then run `millrace effects release`.')
      }),
  )
  withData(effects.command('release').description('let runs start and go on, and replies be sent')).action(
    (options: DataOptions) =>
      performOnServer(options, async (terminal, client) => {
        await client.post('/effects/release', {}, effectsView)
        terminal.json({ held: null })
        terminal.print('Released: what waited goes on now.')
      }),
  )
}
