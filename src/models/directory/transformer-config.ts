import { z } from 'zod'
import type { OutputUse, Pooling } from '../inference/protocol.ts'

/** The JSON files of a model in the usual layout, as far as they are there and are read. */
export interface TransformerFiles {
  readonly 'config.json': unknown
  readonly 'tokenizer_config.json'?: unknown
  readonly 'sentence_bert_config.json'?: unknown
  readonly 'modules.json'?: unknown
  readonly '1_Pooling/config.json'?: unknown
}

/** What the directory says of its model. */
export interface TransformerConfig {
  readonly pieces: number
  readonly longest: number
  readonly padding: number
  readonly use: OutputUse
  /** By position; empty: it is an encoder. */
  readonly labels: readonly string[]
}

/** What a file says that cannot be used. */
export class ConfigMisfit extends Error {
  readonly file: string
  constructor(file: string, why: string) {
    super(why)
    this.file = file
  }
}

/** Where nobody says: what BERT and its like take. */
const usualLongest = 512
/** Attention costs the square of it. */
const mostLongest = 8192
const mostLabels = 10_000

const config = z.looseObject({
  vocab_size: z.int().min(1).max(10_000_000),
  max_position_embeddings: z.int().min(3).optional(),
  model_type: z.string().optional(),
  pad_token_id: z.int().min(0).nullish(),
  architectures: z.array(z.string()).nullish(),
  id2label: z.record(z.string(), z.string().min(1)).optional(),
  problem_type: z.string().nullish(),
})
const tokenizerConfig = z.looseObject({ model_max_length: z.number().nullish() })
const sentenceConfig = z.looseObject({ max_seq_length: z.int().min(3).nullish() })
const modules = z.array(z.looseObject({ type: z.string() }))
const poolingConfig = z.record(z.string(), z.unknown())

/** Models whose positions are counted from behind the padding's id: two of them are no text's. */
const shifted: ReadonlySet<string> = new Set(['roberta', 'xlm-roberta', 'camembert', 'mpnet', 'longformer'])

/** Errors: `ConfigMisfit`. */
export function transformerConfig(
  files: TransformerFiles,
  wish: { readonly pooling?: Pooling | undefined; readonly isUnit?: boolean | undefined } = {},
): TransformerConfig {
  const main = read(config, files, 'config.json')
  const { architectures, max_position_embeddings: positions, model_type: type, vocab_size: pieces } = main
  const unfit = architectures?.find((one) =>
    /For(?:TokenClassification|QuestionAnswering|CausalLM|Conditional)/.test(one),
  )
  if (unfit !== undefined)
    throw new ConfigMisfit(
      'config.json',
      `its architecture is ${unfit.slice(0, 80)}, which answers neither a vector nor a label for a text`,
    )
  const told = [
    positions === undefined ? undefined : positions - (shifted.has(type ?? '') ? 2 : 0),
    read(tokenizerConfig, files, 'tokenizer_config.json').model_max_length, // 1e30 where nobody set it
    read(sentenceConfig, files, 'sentence_bert_config.json').max_seq_length,
  ].filter((one) => typeof one === 'number')
  const isClassifier = architectures?.some((one) => one.endsWith('ForSequenceClassification')) ?? false
  const labels = isClassifier ? labelsOf(main.id2label) : []
  return {
    pieces,
    longest: Math.min(mostLongest, ...(told.length > 0 ? told : [usualLongest])),
    padding: main.pad_token_id ?? 0,
    labels,
    use: isClassifier
      ? {
          kind: 'labels',
          count: labels.length,
          by: labels.length === 1 || main.problem_type === 'multi_label_classification' ? 'sigmoid' : 'softmax',
        }
      : vectorsOf(files, wish),
  }
}

function labelsOf(named: Readonly<Record<string, string>> | undefined): string[] {
  const count = Object.keys(named ?? {}).length
  if (!named || count === 0) throw new ConfigMisfit('config.json', 'id2label: a classifier needs its labels')
  if (count > mostLabels) throw new ConfigMisfit('config.json', `id2label: more than ${mostLabels} labels`)
  return Array.from({ length: count }, (_, i) => {
    const label = named[String(i)]
    if (label === undefined) throw new ConfigMisfit('config.json', `id2label: the label ${i} is missing`)
    return label
  })
}

/** As the sentence-transformers library would pool; without its files by the mean, of the length one. */
function vectorsOf(
  files: TransformerFiles,
  wish: { readonly pooling?: Pooling | undefined; readonly isUnit?: boolean | undefined },
): OutputUse {
  const list = files['modules.json'] === undefined ? undefined : read(modules, files, 'modules.json')
  const kinds = list?.map(({ type }) => type.split('.').at(-1) ?? '') ?? []
  const lacks = kinds.find((kind) => !['Transformer', 'Pooling', 'Normalize'].includes(kind))
  return {
    kind: 'vector',
    pooling: wish.pooling ?? poolingOf(files),
    isUnit: wish.isUnit ?? (list === undefined || kinds.includes('Normalize')),
    ...(lacks !== undefined && { lacks: lacks.slice(0, 60) }),
  }
}

const poolings: Readonly<Record<string, Pooling>> = {
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_cls_token: 'cls',
  pooling_mode_max_tokens: 'max',
}

function poolingOf(files: TransformerFiles): Pooling {
  const modes = Object.entries(read(poolingConfig, files, '1_Pooling/config.json'))
    .filter(([name, isOn]) => name.startsWith('pooling_mode_') && isOn === true)
    .map(([name]) => name)
  const [first] = modes
  if (first === undefined) return 'mean'
  const known = poolings[first]
  if (known === undefined || modes.length > 1)
    throw new ConfigMisfit(
      '1_Pooling/config.json',
      `it pools by ${modes.join(' and ').slice(0, 200)}; one of mean, cls and max is known here`,
    )
  return known
}

function read<T>(schema: z.ZodType<T>, files: TransformerFiles, name: keyof TransformerFiles): T {
  const checked = schema.safeParse(files[name] ?? {})
  if (checked.success) return checked.data
  const [issue] = checked.error.issues
  throw new ConfigMisfit(name, `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'another shape is expected'}`)
}
