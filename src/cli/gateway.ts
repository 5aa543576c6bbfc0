import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { dataClasses } from '../sdk/models.ts'
import { readOwnerKey } from '../server/owner.ts'
import { perform, wholeNumber } from './command.ts'
import {
  type GatewayOptions,
  gatewayProject,
  keyOption,
  namedOptions,
  priceOption,
  routeOption,
  usualBudget,
  usualCache,
  usualPrice,
} from './gateway-project.ts'
import { withMillrace } from './lifecycle.ts'

interface Options extends GatewayOptions {
  readonly port?: number
  readonly host?: string
  readonly data?: string
}

/** `millrace gateway`: the model gateway alone, for trying it and for tests. Standard output is one line of JSON: its address and its key. */
export function gatewayCommand(program: Command): void {
  program
    .command('gateway')
    .description('run the model gateway alone, with a database of its own, until a signal or its parent’s end')
    .requiredOption('--route <name=url/model[,fallback]>', 'a route and where it leads; may be repeated', routeOption)
    .option('--port <number>', 'of the gateway; 0, unless said, is any free one', wholeNumber(0, 65_535))
    .option('--host <address>', 'that it listens on (default 127.0.0.1: this machine alone)')
    .option(
      '--budget <name=cap>',
      `what calls may cost in US dollars, each budget below the one before (default ${usualBudget.name}=${usualBudget.value})`,
      namedOptions,
    )
    .option(
      '--price <[model=]input/output>',
      `US dollars per million tokens (default of a model that has no known price ${usualPrice.input}/${usualPrice.output})`,
      priceOption,
    )
    .option('--key-env <[route=]variable>', 'the environment’s variable that holds a provider’s key', keyOption)
    .addOption(
      new Option('--data-class <class>', 'what the calls’ data may be (default internal)').choices([...dataClasses]),
    )
    .option(
      '--cache <duration>',
      `how long an answer stands for the same question; off: none does (default ${usualCache})`,
    )
    .option('--data <dir>', 'keep the data here (default a temporary directory, removed at the end)')
    .action((options: Options) =>
      perform({ json: true }, async (terminal) => {
        const project = gatewayProject(options)
        setFlagsFromString(`--heap-growing-percent=${heapGrowth}`)
        const home = options.data === undefined ? mkdtempSync(join(tmpdir(), 'millrace-gateway-')) : undefined
        const parent = process.ppid
        try {
          await withMillrace(
            {
              home: home ?? resolve(options.data ?? ''),
              gatewayAlone: project,
              port: options.port ?? 0,
              host: options.host,
              env: process.env,
              say: (text, entry) => terminal.say(text, entry),
            },
            terminal,
            async (millrace, over) => {
              const key = readOwnerKey(millrace.home)
              if (key === undefined) throw new MillraceError('api/no-key', {})
              terminal.json({ url: millrace.url, key })
              while (process.ppid === parent && !over.aborted) await sleep(lookEvery)
            },
          )
        } finally {
          if (home !== undefined) rmSync(home, { recursive: true, force: true })
        }
      }),
    )
}

/** A test that was killed must leave nothing running: how often its process is looked for. */
const lookEvery = 500

/** What an event leaves behind is collected before the heap has doubled: 1,000 streams took 510 MB, and by V8's own rule 690. */
const heapGrowth = 30
