import { type Datatype, isDatatype } from './datatype.ts'
import { type JsonObject, objectOf, textOf, wordOf } from './unknown-json.ts'

/** More dimensions than any model's input has. */
const mostDimensions = 8
/** Of one tensor: 64 MB of float32. */
const mostElements = 2 ** 24
const mostName = 200

/** What is wrong with a tensor, at its field. */
export class BadTensor extends Error {
  readonly field: string

  constructor(field: string, why: string) {
    super(why)
    this.field = field
  }
}

/** A tensor without its data, as protocol and metadata say it. */
export interface TensorShape {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: readonly number[]
}

/** A tensor with its elements in row-major order: numbers, booleans, and texts for `BYTES`. */
export interface Tensor extends TensorShape {
  readonly data: readonly unknown[]
}

/** How many elements a shape has. Throws `BadTensor`. */
export function elementsOf(shape: readonly unknown[], field: string): number {
  if (shape.length > mostDimensions) throw new BadTensor(field, `it has more than ${mostDimensions} dimensions`)
  let elements = 1
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0)
      throw new BadTensor(field, 'its sizes must be whole numbers, zero or more')
    // Looked at after each: a product of sizes that is beyond any number is never made.
    elements *= size
    if (elements > mostElements) throw new BadTensor(field, `it has more than ${mostElements} elements`)
  }
  return elements
}

/** Name, type and shape of a tensor in JSON. Throws `BadTensor`. */
export function shapeIn(
  value: unknown,
  field: string,
): TensorShape & { readonly json: JsonObject; readonly elements: number } {
  const json = objectOf(value)
  if (!json) throw new BadTensor(field, 'a tensor is an object')
  const name = wordOf(json['name'])
  if (name === undefined || name.length > mostName)
    throw new BadTensor(`${field}.name`, `a name of up to ${mostName} characters is expected`)
  const { datatype } = json
  if (!isDatatype(datatype))
    throw new BadTensor(`${field}.datatype`, 'it is none of the protocol, such as BYTES or FP32')
  const shape: unknown = json['shape']
  if (!Array.isArray(shape)) throw new BadTensor(`${field}.shape`, 'a list of sizes is expected')
  const elements = elementsOf(shape, `${field}.shape`)
  return { name, datatype, shape: shape as number[], json, elements } // elementsOf has looked at each
}

/** A tensor in JSON with its data, flat or nested as its shape is. Throws `BadTensor`. */
export function tensorIn(value: unknown, field: string): Tensor {
  const { datatype, elements, json, name, shape } = shapeIn(value, field)
  const nested: unknown = json['data']
  if (!Array.isArray(nested)) throw new BadTensor(`${field}.data`, 'a list of elements is expected')
  const data: unknown[] = []
  flatten(nested, { into: data, depth: Math.max(1, shape.length), most: elements, field: `${field}.data` })
  if (data.length !== elements)
    throw new BadTensor(`${field}.data`, `it has ${data.length} elements, and its shape ${elements}`)
  const isElement = datatype === 'BYTES' ? isText : isNumber
  if (!data.every(isElement))
    throw new BadTensor(
      `${field}.data`,
      datatype === 'BYTES' ? 'elements of BYTES are texts' : `elements of ${datatype} are finite numbers or booleans`,
    )
  return { name, datatype, shape, data }
}

const isText = (value: unknown): boolean => textOf(value) !== undefined
const isNumber = (value: unknown): boolean => typeof value === 'boolean' || Number.isFinite(value)

/** No deeper than the shape, and no longer: what is nested is the client's to choose. */
function flatten(
  list: readonly unknown[],
  o: { readonly into: unknown[]; readonly depth: number; readonly most: number; readonly field: string },
): void {
  const { depth, field, into, most } = o
  for (const one of list)
    if (Array.isArray(one)) {
      if (depth === 1) throw new BadTensor(field, 'it is nested deeper than its shape')
      flatten(one, { ...o, depth: depth - 1 })
    } else if (into.length === most) throw new BadTensor(field, 'it has more elements than its shape')
    else into.push(one)
}
