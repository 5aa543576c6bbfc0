import { Command, CommanderError } from 'commander'
import { backupCommand } from './backup.ts'
import { exitCodes } from './command.ts'
import { deadLettersCommand } from './dead-letters.ts'
import { devCommand } from './dev.ts'
import { effectsCommand } from './effects.ts'
import { evalCommand } from './eval.ts'
import { doctorCommand } from './doctor.ts'
import { eventsCommand } from './events.ts'
import { lineageCommand } from './lineage.ts'
import { keysCommand, peopleCommand } from './people.ts'
import { pipelinesCommand } from './pipelines.ts'
import { restoreCommand } from './restore.ts'
import { reviewsCommand } from './reviews.ts'
import { runCommand } from './run.ts'
import { runsCommand } from './runs.ts'
import { serveCommand } from './serve.ts'
import { trainCommand } from './train.ts'

const program = new Command('millrace')
  .description('AI business automation that you can answer for')
  .version('0.1.0')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })

for (const add of [
  devCommand,
  serveCommand,
  runCommand,
  runsCommand,
  reviewsCommand,
  lineageCommand,
  deadLettersCommand,
  eventsCommand,
  pipelinesCommand,
  peopleCommand,
  keysCommand,
  effectsCommand,
  backupCommand,
  restoreCommand,
  trainCommand,
  evalCommand,
  doctorCommand,
])
  add(program)

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  // Help and version are not failures; commander has printed what is wrong with anything else.
  process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage
}
