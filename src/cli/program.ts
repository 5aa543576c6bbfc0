import { Command } from 'commander'
import { backupCommand } from './backup.ts'
import { budgetsCommand } from './budgets.ts'
import { completionCommand } from './completion.ts'
import { callsCommand } from './calls.ts'
import { costCommand } from './cost.ts'
import { deadLettersCommand } from './dead-letters.ts'
import { devCommand } from './dev.ts'
import { doctorCommand } from './doctor.ts'
import { effectsCommand } from './effects.ts'
import { evalCommand } from './eval.ts'
import { eventsCommand } from './events.ts'
import { gatewayCommand } from './gateway.ts'
import { keysCommand } from './keys.ts'
import { lineageCommand } from './lineage.ts'
import { modelsCommand, routesCommand } from './model-routes.ts'
import { peopleCommand } from './people.ts'
import { pipelinesCommand } from './pipelines.ts'
import { restoreCommand } from './restore.ts'
import { reviewsCommand } from './reviews.ts'
import { runCommand } from './run.ts'
import { runsCommand } from './runs.ts'
import { scriptedModelCommand } from './scripted-model.ts'
import { serveCommand } from './serve.ts'
import { trainCommand } from './train.ts'

const commands = [
  devCommand,
  serveCommand,
  gatewayCommand,
  runCommand,
  runsCommand,
  reviewsCommand,
  lineageCommand,
  deadLettersCommand,
  eventsCommand,
  pipelinesCommand,
  modelsCommand,
  callsCommand,
  routesCommand,
  scriptedModelCommand,
  budgetsCommand,
  costCommand,
  peopleCommand,
  keysCommand,
  effectsCommand,
  backupCommand,
  restoreCommand,
  trainCommand,
  evalCommand,
  doctorCommand,
  completionCommand,
]

/** The `millrace` command with everything that it can do. It throws a `CommanderError` where commander would end the process. */
export function makeProgram(): Command {
  const program = new Command('millrace')
    .description('AI business automation that you can answer for')
    .version('0.1.0')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
  for (const add of commands) add(program)
  return program
}
