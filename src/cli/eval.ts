import type { Command } from 'commander'
import { systemClock } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { bundledEncoder } from '../models/bundled.ts'
import { Classifier } from '../models/classifier.ts'
import { Encoder } from '../models/encoder.ts'
import { evaluate, type Evaluation } from '../models/evaluate.ts'
import { readLabelledTexts } from '../models/training/csv-rows.ts'
import { perform } from './command.ts'
import type { Terminal } from './terminal.ts'

interface EvalOptions {
  readonly model: string
  readonly csv: string
  readonly json?: boolean
}

/** `millrace eval`: measures a classifier on labelled texts, and names what it confuses. */
export function evalCommand(program: Command): void {
  program
    .command('eval')
    .description('measure a model on a CSV file with the columns text, and label or category')
    .requiredOption('--model <dir>', 'the model directory')
    .requiredOption('--csv <file>', 'labelled texts; rows labelled out_of_scope belong to no label')
    .option('--json', 'print JSON on standard output')
    .action((options: EvalOptions) =>
      perform(options, async (terminal) => {
        const data = await readLabelledTexts(options.csv)
        const encoder = await Encoder.open(bundledEncoder)
        try {
          const classifier = await Classifier.open(options.model, (name) => {
            if (name === encoder.name) return encoder
            throw new MillraceError('model/no-such-encoder', { encoder: name, known: encoder.name })
          })
          const evaluation = await evaluate(classifier, data, {
            now: () => systemClock.now(),
            progress: (share) => terminal.move(`classifying ${Math.round(share * 100)} %`),
          })
          terminal.json(evaluation)
          print(terminal, evaluation)
        } finally {
          await encoder.close()
        }
      }),
    )
}

const percent = (share: number | null): string => (share === null ? '-' : `${(share * 100).toFixed(1)} %`)

function print(terminal: Terminal, { atThreshold, ...found }: Evaluation): void {
  terminal.table(
    ['measure', ''],
    [
      ['texts', String(found.n)],
      ['accuracy', percent(found.accuracy)],
      ['macro-F1', percent(found.macroF1)],
      ['expected calibration error', percent(found.ece)],
      ['threshold', atThreshold.threshold.toFixed(4)],
      ['accepted at the threshold', percent(atThreshold.coverage)],
      ['of these right', percent(atThreshold.accuracy)],
      ...(found.aurocOutOfScope === undefined ? [] : [['AUROC out of scope', found.aurocOutOfScope.toFixed(3)]]),
      ['texts a second', found.textsPerSecond.toFixed(0)],
    ],
  )
  terminal.print()
  terminal.table(
    ['threshold', 'coverage', 'accuracy'],
    found.coverage.map((point) => [String(point.threshold), percent(point.coverage), percent(point.accuracy)]),
  )
  if (found.confused.length === 0) return
  terminal.print()
  terminal.table(
    ['label', 'taken for', 'times'],
    found.confused.map(({ label, predicted, count }) => [label, predicted, count]),
  )
}
