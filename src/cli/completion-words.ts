import type { Command, Option } from 'commander'

/** What may stand at a place of the command line. */
export interface Word {
  readonly word: string
  readonly about: string
}

/** A command, by the words that lead to it: `reviews list`; empty for `millrace` itself. */
export interface Place {
  readonly path: string
  readonly commands: readonly Word[]
  readonly options: readonly Word[]
  /** Options that take a value; with the values, where only some are allowed. */
  readonly valued: readonly { readonly option: string; readonly values: readonly string[] }[]
  /** Values of the arguments, where only some are allowed. */
  readonly values: readonly string[]
}

/** Every command of the program, itself first. */
export function wordsOf(program: Command, path = ''): readonly Place[] {
  const help = program.createHelp()
  const commands = help.visibleCommands(program)
  const options = help.visibleOptions(program)
  const place: Place = {
    path,
    commands: commands.map((command) => ({ word: command.name(), about: command.description() })),
    options: options.flatMap((option) => flagsOf(option).map((word) => ({ word, about: option.description }))),
    valued: options
      .filter((option) => option.required || option.optional)
      .flatMap((option) => flagsOf(option).map((word) => ({ option: word, values: option.argChoices ?? [] }))),
    values: program.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
  }
  const below = program.commands.flatMap((command) => wordsOf(command, `${path} ${command.name()}`.trim()))
  return [place, ...below]
}

const flagsOf = ({ long, short }: Option): readonly string[] =>
  [long, short].filter((flag) => flag !== undefined && flag !== null)
