import { isUtf8 } from 'node:buffer'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { exactObject, exactText } from './adapters/exact-json.ts'
import { membersOf, withMembers } from './json-members.ts'
import { BadTensor, shapeIn, tensorIn } from './tensor.ts'
import { bytesOf, dataText } from './tensor-bytes.ts'
import { type JsonObject, objectOf, objectsOf, parsed, textOf, tokensOf } from './unknown-json.ts'

/**
 * The binary tensor data extension: a body of JSON, and after it the data of those tensors that say `binary_data_size`
 * (https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md). Here it becomes the same request in JSON
 * alone, so that everything behind reads one form, and the answer becomes binary again.
 */

/** Which outputs the client wants in binary data. */
export interface BinaryWish {
  readonly unless: boolean
  readonly byName: ReadonlyMap<string, boolean>
}

const mostTensors = 64
const dialect = 'open-inference'
const [sizeField, outputField, everyField] = ['binary_data_size', 'binary_data', 'binary_data_output']

/** `headerLength`: the header `Inference-Header-Content-Length`; absent: all of it is JSON. Errors: `model/bad-body`. */
export function unframed(
  body: Buffer,
  headerLength: string | undefined,
): { readonly json: Buffer; readonly wish: BinaryWish } {
  const length = headerLength === undefined ? body.length : lengthIn(headerLength, body.length)
  const header = body.subarray(0, length)
  const data = body.subarray(length)
  // What asks for nothing binary passes byte for byte.
  const fields = isUtf8(header) && header.includes('binary_data') ? exactObject(header.toString('utf8')) : undefined
  if (!fields) {
    if (data.length > 0) refuse('the body', 'bytes follow the JSON, and no input in it says binary_data_size')
    return { json: header, wish: { unless: false, byName: new Map() } }
  }
  const every = taken(fields['parameters'], everyField)
  const outputs = listIn(fields, 'outputs').map(wishOf)
  const inputs = inputsIn(fields, data)
  const values = new Map<string, string>()
  if (every.isSaid) values.set('parameters', textIn(every.rest))
  if (outputs.some(({ isBinary }) => isBinary !== undefined))
    values.set('outputs', textIn(outputs.map(({ output }) => output)))
  if (inputs !== undefined) values.set('inputs', inputs)
  const named = outputs.flatMap(({ isBinary, name }) =>
    name === undefined || isBinary === undefined ? [] : [[name, isBinary] as const],
  )
  return {
    json: withMembers(header, membersOf(header), values),
    wish: { unless: every.value, byName: new Map(named) },
  }
}

/** The answer with the outputs that the client wants so in binary data, and the length of its JSON; undefined where there are none. */
export function framed(
  answer: Buffer,
  wish: BinaryWish,
): { readonly body: Buffer; readonly header: number } | undefined {
  if (!wish.unless && ![...wish.byName.values()].includes(true)) return undefined
  const fields = answerIn(answer.toString('utf8'))
  const outputs: unknown = fields?.['outputs']
  if (!Array.isArray(outputs)) return undefined
  const parts: Buffer[] = []
  const told = outputs.map((output: unknown) => {
    const binary = binaryOf(output, wish)
    if (!binary) return output
    parts.push(binary.bytes)
    return binary.output
  })
  const text = exactText({ ...fields, outputs: told })
  if (parts.length === 0 || text === undefined) return undefined
  const header = Buffer.from(text)
  return { body: Buffer.concat([header, ...parts]), header: header.length }
}

/** Long integers beyond a double keep their digits, and so stay in JSON. */
function answerIn(text: string): JsonObject | undefined {
  const fields = objectOf(parsed(text))
  const isLong = objectsOf(fields?.['outputs']).some(({ datatype }) => datatype === 'INT64' || datatype === 'UINT64')
  return isLong ? exactObject(text) : fields
}

/** Undefined where it stays in JSON: the client wants it so, or its elements have no binary form here. */
function binaryOf(output: unknown, { byName, unless }: BinaryWish): { bytes: Buffer; output: JsonObject } | undefined {
  try {
    const tensor = tensorIn(output, 'output')
    const bytes = (byName.get(tensor.name) ?? unless) ? bytesOf(tensor) : undefined
    if (!bytes) return undefined
    const { data: _, parameters, ...rest } = objectOf(output) ?? {}
    return { bytes, output: { ...rest, parameters: { ...objectOf(parameters), [sizeField]: bytes.length } } }
  } catch (error) {
    if (error instanceof BadTensor) return undefined // its provider's mistake: the client gets it as it came
    throw error
  }
}

const refuse = (field: string, why: string): never => {
  throw new MillraceError('model/bad-body', { dialect, field, why })
}

function lengthIn(text: string, most: number): number {
  const length = /^\d{1,12}$/.test(text) ? Number(text) : -1
  return length >= 0 && length <= most
    ? length
    : refuse('Inference-Header-Content-Length', 'the length of the JSON in bytes is expected, no more than the body')
}

function listIn(fields: JsonObject, name: string): readonly unknown[] {
  const list = fields[name] ?? []
  if (!Array.isArray(list)) return refuse(name, 'a list is expected')
  return list.length > mostTensors ? refuse(name, `it has more than ${mostTensors} tensors`) : list
}

/** Written again; what is nested deeper than that is refused. */
const textIn = (value: unknown): string => exactText(value) ?? refuse('the body', 'it is nested too deeply')

/** Parameters without one that the gateway answers itself. */
function taken(value: unknown, name: string): { value: boolean; isSaid: boolean; rest: JsonObject } {
  const { [name]: said, ...rest } = objectOf(value) ?? {}
  if (said !== undefined && typeof said !== 'boolean') return refuse(`parameters.${name}`, 'true or false is expected')
  return { value: said === true, isSaid: said !== undefined, rest }
}

function wishOf(value: unknown): { output: unknown; name?: string; isBinary?: boolean } {
  const output = objectOf(value)
  const { value: isBinary, isSaid, rest } = taken(output?.['parameters'], outputField)
  const name = textOf(output?.['name'])
  return {
    output: isSaid ? { ...output, parameters: rest } : value,
    ...(name !== undefined && { name }),
    ...(isSaid && { isBinary }),
  }
}

/** The inputs with their binary data as JSON; undefined where none has any. */
function inputsIn(fields: JsonObject, data: Buffer): string | undefined {
  const inputs = listIn(fields, 'inputs')
  const parametersOf = (input: unknown): JsonObject => objectOf(objectOf(input)?.['parameters']) ?? {}
  let at = 0
  const texts = inputs.map((input, i) => {
    const parameters = parametersOf(input)
    if (parameters[sizeField] === undefined) return textIn(input)
    const field = `inputs.${i}`
    const size = tokensOf(parameters[sizeField])
    if (size === undefined || size > data.length - at)
      return refuse(`${field}.parameters.${sizeField}`, 'it is no number of bytes that the body has')
    const bytes = data.subarray(at, (at += size))
    return jsonOf(input, { bytes, field, parameters })
  })
  if (at !== data.length) return refuse('the body', `${data.length - at} bytes follow the last input`)
  return inputs.some((input) => parametersOf(input)[sizeField] !== undefined) ? `[${texts.join(',')}]` : undefined
}

function jsonOf(
  input: unknown,
  { bytes, field, parameters }: { readonly bytes: Buffer; readonly field: string; readonly parameters: JsonObject },
): string {
  try {
    const { datatype, elements, json, name, shape } = shapeIn(input, field)
    if (json['data'] !== undefined) throw new BadTensor(`${field}.data`, 'its data stand behind the JSON already')
    const text = dataText({ name, datatype, shape }, bytes, { elements, field })
    const { [sizeField]: _, ...rest } = parameters
    const head = textIn({ ...json, parameters: Object.keys(rest).length > 0 ? rest : undefined })
    return `${head.slice(0, -1)},"data":${text}}`
  } catch (error) {
    if (error instanceof BadTensor) return refuse(error.field, error.message)
    throw error
  }
}
