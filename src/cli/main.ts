import { CommanderError } from 'commander'
import { exitCodes } from './command.ts'
import { makeProgram } from './program.ts'

try {
  await makeProgram().parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  // Help and version are not failures; commander has printed what is wrong with anything else.
  process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage
}
