import { MillraceError } from '../../../core/errors/millrace-error.ts'
import { tensorsIn } from '../open-inference.ts'
import { listOf, objectOf, objectsOf, parsed, textOf } from '../unknown-json.ts'
import type { Adapter, AnswerFacts } from './adapter.ts'
import { as, cross, Crossing, known, mapped, refused, type Rules } from './crossing.ts'

const sides = { from: 'open-inference', to: 'openai-embeddings' } as const
/** As of the models within the process. */
const output = 'embedding'

/** What becomes of each field. */
export const inferenceFields: Rules = {
  model: as('model'),
  model_version: known('the version that is asked'),
  id: known('the `id` of the answer'),
  inputs: mapped('`input`: one tensor of BYTES, `[n]` or `[n, 1]`', (value, { crossing, out, path }) => {
    const [input, ...more] = tensorsIn(value)
    const isColumn = input?.shape.length === 1 || (input?.shape.length === 2 && input.shape[1] === 1)
    const isText = input?.datatype === 'BYTES' && input.data.length > 0 && !input.data.includes('')
    if (more.length > 0 || !isColumn || !isText)
      return crossing.refuse(path, 'one tensor of texts is expected, BYTES of [n] or [n, 1], none empty')
    if (objectsOf(value).some((one) => one['parameters'] !== undefined && one['parameters'] !== null))
      return crossing.refuse(`${path}.0.parameters`, 'embeddings have no such parameters')
    out['input'] = input.data
    out['encoding_format'] = 'float'
  }),
  outputs: mapped('`embedding` alone', (value, { crossing, path }) => {
    const foreign = objectsOf(value).some((one) => one['name'] !== output || one['parameters'] !== undefined)
    if (foreign) crossing.refuse(path, 'there is one output, embedding, without parameters')
  }),
  parameters: refused('embeddings have no such parameters'),
}

/** A client of the Open Inference Protocol, and a provider of OpenAI's embeddings: texts go there, and come back as one tensor of vectors. */
export const inferenceOverEmbeddings: Adapter = {
  ...sides,
  request: ({ json }, mayDrop) => {
    const crossing = new Crossing({ ...sides, mayDrop })
    // Parameters that only asked for binary data are empty by now.
    const { parameters, outputs, ...rest } = json
    const hasParameters = Object.keys(objectOf(parameters) ?? {}).length > 0
    const fields = {
      ...rest,
      ...(outputs !== undefined && { outputs: bare(outputs) }),
      ...(hasParameters && { parameters }),
    }
    const body = cross(fields, inferenceFields, { crossing, path: '', out: {} })
    return { body: Buffer.from(JSON.stringify(body)), dropped: crossing.dropped }
  },
  answer: (body, facts) => ({ body: JSON.stringify(answerOf(body, facts)), dropped: [] }),
  stream: () => ({ carry: () => '', dropped: [] }), // no answer of either side is a stream
}

const bare = (outputs: unknown): unknown =>
  objectsOf(outputs).map(({ parameters, ...rest }) => {
    const isEmpty = Object.keys(objectOf(parameters) ?? {}).length === 0
    return isEmpty ? rest : { ...rest, parameters }
  })

function answerOf(body: Buffer, { asked, askedId }: AnswerFacts): object {
  const answer = objectOf(parsed(body.toString('utf8')))
  const vectors = objectsOf(answer?.['data'])
    .toSorted((a, b) => Number(a['index'] ?? 0) - Number(b['index'] ?? 0))
    .map(({ embedding }) => listOf(embedding))
  const width = vectors[0]?.length ?? 0
  const isWhole = vectors.every((one) => one.length === width && one.every((number) => Number.isFinite(number)))
  if (width === 0 || !isWhole)
    throw new MillraceError('model/malformed-answer', {
      dialect: sides.to,
      why: 'its data are no vectors of one length',
    })
  return {
    model_name: asked ?? textOf(answer?.['model']) ?? '',
    ...(askedId !== undefined && { id: askedId }),
    outputs: [{ name: output, datatype: 'FP32', shape: [vectors.length, width], data: vectors.flat() }],
  }
}
