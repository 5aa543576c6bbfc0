import { Argument, type Command } from 'commander'
import { bashScript, fishScript, zshScript } from './completion-scripts.ts'
import { wordsOf } from './completion-words.ts'

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const
type Shell = keyof typeof scripts

/** `millrace completion bash | zsh | fish`: a script that completes what exists, made from the commands themselves. */
export function completionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a completion script: source <(millrace completion bash)')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(Object.keys(scripts)))
    .action((shell: Shell) => void process.stdout.write(scripts[shell](wordsOf(program))))
}
