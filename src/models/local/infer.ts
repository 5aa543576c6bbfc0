import { MillraceError } from '../../core/errors/millrace-error.ts'
import { noUsage } from '../cost/usage.ts'
import type { ModelRequest } from '../dialects/dialect.ts'
import { tensorsIn } from '../dialects/open-inference.ts'
import type { Said } from '../dialects/said.ts'
import type { Tensor, TensorShape } from '../dialects/tensor.ts'
import { objectOf, objectsOf, textOf } from '../dialects/unknown-json.ts'
import { largest } from '../head/softmax.ts'
import type { ModelVersion } from '../routes/model-version.ts'
import type { LocalAnswer } from './local-answer.ts'
import type { LocalModels, Manner } from './local-models.ts'

const dialect = 'open-inference'
/** As of OpenAI's embeddings. */
const mostTexts = 2048

/** What a model within this process takes and gives in tensors; `-1`: as many as there are texts. */
export interface LocalTensors {
  readonly inputs: readonly TensorShape[]
  readonly outputs: readonly TensorShape[]
}

export function tensorsOf({
  labels,
  width,
}: {
  readonly labels: readonly string[]
  readonly width: number
}): LocalTensors {
  const inputs = [{ name: 'text', datatype: 'BYTES', shape: [-1] }] as const
  if (labels.length === 0) return { inputs, outputs: [{ name: 'embedding', datatype: 'FP32', shape: [-1, width] }] }
  return {
    inputs,
    outputs: [
      { name: 'label', datatype: 'BYTES', shape: [-1] },
      { name: 'probability', datatype: 'FP32', shape: [-1] },
      { name: 'labels', datatype: 'BYTES', shape: [labels.length] },
      { name: 'scores', datatype: 'FP32', shape: [-1, labels.length] },
    ],
  }
}

/**
 * The Open Inference Protocol by a model within this process: texts in one tensor, and for each a vector or the labels' probabilities. `label` and
 * `probability` are of the most likely one, `scores` of all in the order of `labels`. Errors: `model/bad-body`, `model/refused-field`, and those of
 * `LocalModels.embed`.
 */
export async function inferLocally(
  models: Pick<LocalModels, 'classify' | 'describe' | 'embed'>,
  model: ModelVersion,
  { json }: Pick<ModelRequest, 'json'>,
  manner: Manner,
): Promise<LocalAnswer> {
  const texts = textsIn(json)
  refuseParameters(json)
  const described = await models.describe(model)
  const wanted = wantedOf(json, tensorsOf(described).outputs)
  const { said, tensors, tokens } =
    described.labels.length > 0
      ? await labelled(models, model, texts, manner)
      : await embedded(models, model, texts, manner)
  const id = textOf(json['id'])
  const body = JSON.stringify({
    model_name: json['model'],
    model_version: model.digest.slice(0, 12),
    ...(id !== undefined && { id }),
    outputs: tensors.filter(({ name }) => wanted.has(name)),
  })
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(body),
    usage: { ...noUsage, input: tokens },
    said,
  }
}

interface Inferred {
  readonly tensors: readonly Tensor[]
  readonly tokens: number
  readonly said?: Said
}

async function embedded(
  models: Pick<LocalModels, 'embed'>,
  model: ModelVersion,
  texts: readonly string[],
  manner: Manner,
): Promise<Inferred> {
  const { tokens, vectors } = await models.embed(model, texts, manner)
  const shape = [vectors.length, vectors[0]?.length ?? 0]
  return { tensors: [{ name: 'embedding', datatype: 'FP32', shape, data: flat(vectors) }], tokens }
}

async function labelled(
  models: Pick<LocalModels, 'classify'>,
  model: ModelVersion,
  texts: readonly string[],
  manner: Manner,
): Promise<Inferred> {
  const { labels, probabilities: rows, tokens } = await models.classify(model, texts, manner)
  const best = rows.map(largest)
  const label = best.map((at) => labels[at] ?? '')
  const probability = rows.map((row, i) => row[best[i] ?? 0] ?? 0)
  const tensors: readonly Tensor[] = [
    { name: 'label', datatype: 'BYTES', shape: [rows.length], data: label },
    { name: 'probability', datatype: 'FP32', shape: [rows.length], data: probability },
    { name: 'labels', datatype: 'BYTES', shape: [labels.length], data: labels },
    { name: 'scores', datatype: 'FP32', shape: [rows.length, labels.length], data: flat(rows) },
  ]
  // Of several texts the least sure counts: a cascade asks for all of them again, or for none.
  const confidence = Math.min(...probability)
  return { tensors, tokens, said: { text: label.join('\n'), refusal: '', calls: [], finish: 'stop', confidence } }
}

const flat = (rows: readonly Float32Array[]): number[] => rows.flatMap((row) => [...row])

const refuse = (field: string, why: string): never => {
  throw new MillraceError('model/bad-body', { dialect, field, why })
}

function textsIn(json: ModelRequest['json']): readonly string[] {
  const [input, ...more] = tensorsIn(json['inputs'])
  if (!input || more.length > 0) return refuse('inputs', 'one tensor of texts is expected')
  const { data, datatype, name, shape } = input
  if (name !== 'text') return refuse('inputs.0.name', 'the model’s input is called text')
  if (datatype !== 'BYTES') return refuse('inputs.0.datatype', 'texts are BYTES')
  if (shape.length > 2 || shape.length === 0 || (shape.length === 2 && shape[1] !== 1))
    return refuse('inputs.0.shape', 'it is [n] or [n, 1], a text each')
  if (data.length === 0 || data.length > mostTexts)
    return refuse('inputs.0.shape', `1 to ${mostTexts} texts are expected`)
  return data.map((one) => textOf(one) || refuse('inputs.0.data', 'no text may be empty'))
}

/** What a model here does not know would not be done: it is not passed over. */
function refuseParameters(json: ModelRequest['json']): void {
  const holders = [json, ...objectsOf(json['inputs']), ...objectsOf(json['outputs'])]
  const [name] = holders.flatMap((holder) => Object.keys(objectOf(holder['parameters']) ?? {}))
  if (name !== undefined)
    throw new MillraceError('model/refused-field', {
      dialect,
      field: `parameters.${name.slice(0, 60)}`,
      why: 'models within the process have no parameters',
    })
}

function wantedOf(json: ModelRequest['json'], outputs: readonly TensorShape[]): ReadonlySet<string> {
  const known = new Set(outputs.map(({ name }) => name))
  const asked = objectsOf(json['outputs']).map(({ name }) => textOf(name) ?? '')
  const foreign = asked.find((name) => !known.has(name))
  if (foreign !== undefined)
    return refuse('outputs', `the model has no ${foreign.slice(0, 60)}; it has ${[...known].join(', ')}`)
  return asked.length > 0 ? new Set(asked) : known
}
