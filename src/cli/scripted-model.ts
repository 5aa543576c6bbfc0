import { once } from 'node:events'
import type { Command } from 'commander'
import { ScriptedModel, scriptedName } from '../models/providers/scripted-model.ts'
import { perform, wholeNumber } from './command.ts'

/** `millrace scripted-model`: stands in for a language model in demonstrations, and says so. */
export function scriptedModelCommand(program: Command): void {
  program
    .command('scripted-model')
    .description('serve a scripted stand-in for a language model, for demonstrations: rules, and no model')
    .option('--port <number>', 'on this machine alone; 0 is any free one (default 4480)', wholeNumber(0, 65_535))
    .option('--invent', 'put inventions into its drafts, to see that they are caught')
    .option('--json', 'print JSON on standard output')
    .action((options: { readonly port?: number; readonly invent?: true; readonly json?: true }) =>
      perform(options, async (terminal) => {
        const model = await ScriptedModel.start({ port: options.port ?? 4480, doesInvent: options.invent ?? false })
        const environment = { MILLRACE_LLM_URL: model.url, MILLRACE_LLM_MODEL: scriptedName }
        terminal.print(`${scriptedName} answers at ${model.url}, by rules and without a model. For Millrace:`)
        for (const [name, value] of Object.entries(environment)) terminal.print(`  export ${name}=${value}`)
        terminal.json({ url: model.url, model: scriptedName, environment })
        await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
        await model.close()
      }),
    )
}
