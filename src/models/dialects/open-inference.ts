import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Dialect, ProviderFailure, StreamReader, TellableError } from './dialect.ts'
import { membersOf, withMembers } from './json-members.ts'
import { OpenaiChatStream } from './openai-chat-stream.ts'
import { failureIn, malformed } from './provider-failure.ts'
import { readBody } from './reading.ts'
import type { Said } from './said.ts'
import { model, word } from './shape.ts'
import { BadTensor, type Tensor, tensorIn } from './tensor.ts'
import { type JsonObject, listOf, objectOf, objectsOf, parsed, wordOf } from './unknown-json.ts'

const name = 'open-inference'

const parameters = z.record(z.string(), z.unknown()).optional()
const shape = z.looseObject({
  /** The name in the address: the gateway's own member, that no provider gets. */
  model,
  /** The version in the address. */
  model_version: z.string().max(200).optional(),
  id: word,
  parameters,
  inputs: z.array(z.looseObject({ parameters })).min(1).max(64),
  outputs: z
    .array(z.looseObject({ name: z.string().min(1).max(200), parameters }))
    .max(64)
    .optional(),
})

/**
 * The Open Inference Protocol (KServe v2, Triton), its JSON: the name and version of the address stand in the body (`model`, `model_version`) until
 * it is sent on. No stream, no output of tokens, no tools.
 */
export const openInference: Dialect = {
  name,
  read: (raw) => {
    const { json, fields, members } = readBody(name, raw, shape)
    refuseForeign([fields, ...fields.inputs, ...(fields.outputs ?? [])])
    tensorsIn(fields.inputs)
    return {
      dialect: name,
      model: fields.model,
      ...(fields.model_version !== undefined && { version: fields.model_version }),
      isStream: false,
      outputCap: 0,
      answers: 1,
      hasTools: false,
      hasHostedTools: false,
      metadata: {},
      inputBound: raw.length,
      isBound: false,
      asksUsage: true,
      json,
      raw,
      members,
    }
  },
  bodyFor: (request, change) =>
    withMembers(request.raw, request.members, new Map([['model', JSON.stringify(change.model)]])),
  // The protocol does not tell it.
  usageOf: () => undefined,
  modelOf: (answer) => wordOf(objectOf(answer)?.['model_name']),
  failureOf,
  saidIn,
  listener: () => undefined,
  // As of embeddings: never streamed.
  stream: (): StreamReader => new OpenaiChatStream({ hidesUsage: false }),
  keepAlive: ': keep-alive\n\n',
  errorBody: (error) => JSON.stringify(errorOf(error)),
  errorEvent: (error) => `data: ${JSON.stringify(errorOf(error))}\n\n`,
}

/** The protocol has one word for it; the code of the dictionary stands beside, where clients do not look. */
const errorOf = ({ code, message }: TellableError): object => ({ error: message, code })

/** The inputs of a request that was read. Errors: `model/bad-body`. */
export function tensorsIn(inputs: unknown): readonly Tensor[] {
  try {
    return listOf(inputs).map((input, i) => tensorIn(input, `inputs.${i}`))
  } catch (error) {
    if (!(error instanceof BadTensor)) throw error
    throw new MillraceError('model/bad-body', { dialect: name, field: error.field, why: error.message })
  }
}

/** Parameters that a model behind a gateway must not get, or cannot keep its word on. */
const foreign: readonly (readonly [name: RegExp, why: string])[] = [
  [/^shared_memory/, 'the gateway shares no memory with its clients'],
  [/^sequence_/, 'a sequence keeps its state at one server, and calls here may be repeated or go to another'],
  [/^binary_data/, 'it stands where nothing reads it'],
]

function refuseForeign(holders: readonly { readonly parameters?: JsonObject | undefined }[]): void {
  for (const key of holders.flatMap((holder) => Object.keys(holder.parameters ?? {}))) {
    const why = foreign.find(([pattern]) => pattern.test(key))?.[1]
    if (why !== undefined)
      throw new MillraceError('model/refused-field', { dialect: name, field: `parameters.${key.slice(0, 60)}`, why })
  }
}

function failureOf(answer: unknown, status: number): ProviderFailure | undefined {
  const fields = objectOf(answer)
  const error = fields?.['error']
  if (error !== undefined && error !== null) return failureIn(error, status < 400 ? undefined : status)
  if (status >= 400) return failureIn(answer, status)
  return Array.isArray(fields?.['outputs']) ? undefined : malformed('the answer has no outputs')
}

/** Those outputs of an answer that have such a name and can be read. */
export const outputsIn = (answer: unknown, isWanted: (name: string) => boolean): readonly Tensor[] =>
  objectsOf(objectOf(answer)?.['outputs']).flatMap((output) => {
    if (!isWanted(wordOf(output['name']) ?? '')) return []
    try {
      return [tensorIn(output, 'output')]
    } catch (error) {
      if (error instanceof BadTensor) return []
      throw error
    }
  })

const certainties: ReadonlySet<string> = new Set(['probability', 'probabilities', 'scores'])

/**
 * Of a classifier: its labels, a line each, and how sure it is of the least sure of them. A provider's scores are taken for probabilities where they
 * are called so and lie between 0 and 1.
 */
function saidIn(answer: unknown): Said | undefined {
  const outputs = outputsIn(answer, (one) => one === 'label' || certainties.has(one))
  const labels = outputs.find((one) => one.name === 'label' && one.datatype === 'BYTES')
  const sure = outputs.find((one) => certainties.has(one.name) && one.datatype.startsWith('FP'))
  const confidence = sure && confidenceIn(sure)
  if (!labels && confidence === undefined) return undefined
  const text = labels ? labels.data.join('\n') : ''
  return { text, refusal: '', calls: [], finish: 'stop', ...(confidence !== undefined && { confidence }) }
}

function confidenceIn({ data, shape: sizes }: Tensor): number | undefined {
  const width = sizes.length > 1 ? (sizes.at(-1) ?? 1) : 1
  let least = 1
  let most = 0
  for (const [at, one] of data.entries()) {
    const score = Number(one)
    if (score < 0 || score > 1) return undefined
    most = Math.max(most, score)
    if ((at + 1) % width !== 0) continue
    least = Math.min(least, most)
    most = 0
  }
  return data.length === 0 ? undefined : least
}

/** A body as it goes to a provider: without what the address says, every value byte for byte. */
export function wireBody(body: Buffer): Buffer {
  const members = membersOf(body).filter(({ key }) => key !== 'model' && key !== 'model_version')
  const parts = members.flatMap(({ key, valueEnd, valueStart }, i) => [
    Buffer.from(`${i === 0 ? '' : ','}${JSON.stringify(key)}:`),
    body.subarray(valueStart, valueEnd),
  ])
  return Buffer.concat([Buffer.from('{'), ...parts, Buffer.from('}')])
}

/** A request's body with what its address says. Errors: `model/bad-body`, where the body says it too. */
export function withAddress(
  body: Buffer,
  address: { readonly model: string; readonly version?: string | undefined },
): Buffer {
  const { model: asked, version } = address
  // It is looked at whole when it is read: here the members of an object are enough.
  if (!isUtf8(body) || !objectOf(parsed(body.toString('utf8'))))
    throw new MillraceError('model/bad-body', { dialect: name, field: 'the body', why: 'one JSON object is expected' })
  const members = membersOf(body)
  const twice = members.find(({ key }) => key === 'model' || key === 'model_version')
  if (twice) throw new MillraceError('model/bad-body', { dialect: name, field: twice.key, why: 'the address says it' })
  const said = { model: asked, ...(version !== undefined && { model_version: version }) }
  return withMembers(body, members, new Map(Object.entries(said).map(([key, value]) => [key, JSON.stringify(value)])))
}
