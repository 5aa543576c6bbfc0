import { z } from 'zod'
import { MillraceError } from '../../../core/errors/millrace-error.ts'
import type { ModelRequest } from '../dialect.ts'
import { outputsIn } from '../open-inference.ts'
import type { Tensor } from '../tensor.ts'
import { parsed } from '../unknown-json.ts'
import type { Adapter, AnswerFacts, StreamAdapter } from './adapter.ts'
import { Crossing } from './crossing.ts'

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
    return { body: Buffer.from(JSON.stringify(requestFor(request, names, crossing))), dropped: crossing.dropped }
  },
  answer: (body, facts) => ({ body: JSON.stringify(answerOf(body, names, facts)), dropped: [] }),
  stream: neverStreamed,
})

function requestFor({ json, model }: ModelRequest, names: TensorNames, crossing: Crossing): object {
  const { success, data } = texts.safeParse(json['input'])
  if (!success)
    return crossing.refuse('input', 'a text, or up to 2048 of them, none empty: numbers of tokens are another model’s')
  const { dimensions } = json
  if (dimensions !== undefined && dimensions !== names.width)
    crossing.refuse('dimensions', 'the protocol cannot ask for vectors of another length')
  for (const key of Object.keys(json))
    if (!['model', 'input', 'encoding_format', 'dimensions', 'user'].includes(key))
      crossing.drop(key, 'the protocol has no such field')
  const shape = names.isColumn ? [data.length, 1] : [data.length]
  return {
    model,
    inputs: [{ name: names.input, shape, datatype: 'BYTES', data }],
    outputs: [{ name: names.output }],
  }
}

function answerOf(body: Buffer, names: TensorNames, { encoding }: AnswerFacts): object {
  const output = outputsIn(parsed(body.toString('utf8'))).find(({ name }) => name === names.output)
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
