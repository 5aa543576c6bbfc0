import { z } from 'zod'
import { MillraceError } from '../../../core/errors/millrace-error.ts'
import { outputsIn } from '../open-inference.ts'
import type { Tensor } from '../tensor.ts'
import { parsed } from '../unknown-json.ts'
import type { Adapter, AnswerFacts, StreamAdapter } from './adapter.ts'
import { as, cross, Crossing, known, mapped, only, type Rules } from './crossing.ts'

/** How a server's model takes texts and gives vectors. */
export interface TensorNames {
  /** As answers name it. */
  readonly model: string
  readonly input: string
  readonly output: string
  /** Numbers in a vector, where it is known. */
  readonly width?: number | undefined
  /** Texts stand in a column, `[n, 1]`: so servers that make batches by themselves want them. */
  readonly isColumn: boolean
}

const sides = { from: 'openai-embeddings', to: 'open-inference' } as const

const texts = z.union([
  z
    .string()
    .min(1)
    .transform((text) => [text]),
  z.array(z.string().min(1)).min(1).max(2048),
])

/** A client of OpenAI's embeddings, and a server that speaks the Open Inference Protocol: a tensor of texts goes there, and vectors come back. */
export const embeddingsOverInference = (names: TensorNames): Adapter => ({
  ...sides,
  request: (request, mayDrop) => {
    const crossing = new Crossing({ ...sides, mayDrop })
    const body = cross(request.json, embeddingFields(names), { crossing, path: '', out: {} })
    return { body: Buffer.from(JSON.stringify(body)), dropped: crossing.dropped }
  },
  answer: (body, facts) => ({ body: JSON.stringify(answerOf(body, names, facts)), dropped: [] }),
  stream: neverStreamed,
})

/** What becomes of each field. */
export const embeddingFields = ({ input, isColumn, output, width }: TensorNames): Rules => ({
  model: as('model'),
  input: mapped('a tensor of BYTES, a text each, and the output that is wanted', (value, { crossing, out, path }) => {
    const { success, data } = texts.safeParse(value)
    if (!success)
      return crossing.refuse(path, 'a text, or up to 2048, none empty: numbers of tokens are another model’s')
    const shape = isColumn ? [data.length, 1] : [data.length]
    out['inputs'] = [{ name: input, shape, datatype: 'BYTES', data }]
    out['outputs'] = [{ name: output }]
  }),
  dimensions: only(
    (value) => value === width,
    'the declared `width`, and no other: the protocol cannot ask for one',
    'refused',
  ),
  encoding_format: known('the form of the vectors in the answer'),
  user: known('the gateway’s own record'),
})

function answerOf(body: Buffer, names: TensorNames, { encoding }: AnswerFacts): object {
  const [output] = outputsIn(parsed(body.toString('utf8')), (name) => name === names.output)
  if (!output) return malformed(`it has no readable output ${names.output}`)
  const vectors = vectorsOf(output, names)
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: encoding === 'base64' ? base64Of(vector) : vector,
    })),
    model: names.model,
    // No `usage`: the protocol does not tell it, and a zero would be a lie.
  }
}

function vectorsOf({ data, datatype, shape }: Tensor, { output, width }: TensorNames): number[][] {
  const [count = 0, length = 0] = shape
  if (!datatype.startsWith('FP') || shape.length !== 2 || length === 0)
    return malformed(
      `${output} is ${datatype} of ${JSON.stringify(shape)}, and one vector of numbers for each text is expected`,
    )
  if (width !== undefined && width !== length)
    return malformed(`its vectors have ${length} numbers, and ${width} are declared`)
  return Array.from({ length: count }, (_, i) => data.slice(i * length, (i + 1) * length).map(Number))
}

const base64Of = (vector: readonly number[]): string => {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [i, value] of vector.entries()) bytes.writeFloatLE(value, i * 4)
  return bytes.toString('base64')
}

function malformed(why: string): never {
  throw new MillraceError('model/malformed-answer', { dialect: 'open-inference', why })
}

/** No answer of either side is a stream. */
function neverStreamed(): StreamAdapter {
  return { carry: () => '', dropped: [] }
}
