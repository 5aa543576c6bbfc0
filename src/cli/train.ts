import type { Command } from 'commander'
import { bundledEncoder } from '../models/bundled.ts'
import { Encoder } from '../models/encoder.ts'
import { requireFree, writeModel } from '../models/directory/write-model.ts'
import { readLabelledTexts } from '../models/training/csv-rows.ts'
import { train } from '../models/training/train.ts'
import { perform, wholeNumber } from './command.ts'

interface TrainOptions {
  readonly csv: string
  readonly out: string
  readonly seed: number
  readonly json?: boolean
}

/** `millrace train`: fits a classifier head to labelled texts and writes a versioned model directory with its card. */
export function trainCommand(program: Command): void {
  program
    .command('train')
    .description('train a classifier on a CSV file with the columns text, and label or category')
    .requiredOption('--csv <file>', 'labelled texts; rows labelled out_of_scope fit the threshold only')
    .requiredOption('--out <dir>', 'the model directory to write')
    .option('--seed <n>', 'the same seed and texts give the same model', wholeNumber(0, 2 ** 31 - 1), 1)
    .option('--json', 'print JSON on standard output')
    .action((options: TrainOptions) =>
      perform(options, async (terminal) => {
        await requireFree(options.out)
        const data = await readLabelledTexts(options.csv)
        const encoder = await Encoder.open(bundledEncoder)
        try {
          terminal.say(`training on ${data.rows.length} texts`)
          const trained = await train(data, encoder, {
            seed: options.seed,
            progress: (stage, share) => terminal.move(`${stage} ${Math.round(share * 100)} %`),
          })
          const { name, digest, labels, threshold, training } = await writeModel(options.out, trained)
          const { validation } = training
          terminal.json({ out: options.out, name, digest, labels: labels.length, threshold, ...training })
          if (validation.lowerBound === null)
            terminal.say(
              `No threshold reaches 98 % on the ${validation.n} validation texts with 95 % confidence: this model accepts nothing by itself. Give it more texts.`,
            )
          terminal.print(`${name} ${digest.slice(0, 12)}: ${labels.length} labels, ${training.examples} texts`)
          terminal.table(
            ['on validation texts', ''],
            [
              ['texts', String(validation.n)],
              ['accuracy', percent(validation.accuracy)],
              ['macro-F1', percent(validation.macroF1)],
              ['expected calibration error', percent(validation.ece)],
              ['threshold', threshold.toFixed(4)],
              ['accepted at the threshold', percent(validation.atThreshold.coverage)],
              ['of these right', percent(validation.atThreshold.accuracy)],
              ['out-of-scope texts accepted', percent(validation.outOfScopeAccepted)],
            ],
          )
          terminal.print(`The card is ${options.out}/README.md.`)
        } finally {
          await encoder.close()
        }
      }),
    )
}

const percent = (share: number | null): string => (share === null ? '-' : `${(share * 100).toFixed(1)} %`)
