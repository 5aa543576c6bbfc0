import { type Field, message } from './wire.ts'

/** Symbolic lengths are names, fixed ones numbers. */
export type Shape = readonly (string | number)[]

const float = 1
const int64 = 7
const attributeOfInt = 2

/**
 * Owns: an ONNX graph while it is written down (https://onnx.ai/onnx/repo-docs/IR.html), opset 17, all values float32 but for inputs that are said to be int64. ONNX Runtime multiplies
 * matrices some fifty times faster than loops in JavaScript do, so heads run and learn in it. Does not own: what the graph means.
 */
export class Graph {
  readonly #nodes: Field[] = []
  readonly #inputs: Field[] = []
  readonly #outputs: Field[] = []
  readonly #constants: Field[] = []
  #count = 0

  input(name: string, shape: Shape, type: 'float' | 'int64' = 'float'): string {
    this.#inputs.push([11, valueInfo(name, shape, type === 'float' ? float : int64)])
    return name
  }

  output(name: string, value: string, shape: Shape): void {
    this.#nodes.push([1, node('Identity', [value], name, {})])
    this.#outputs.push([12, valueInfo(name, shape)])
  }

  constant(values: Float32Array, shape: readonly number[]): string {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    return this.#constant(float, bytes, shape)
  }

  integers(values: readonly number[]): string {
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
    return this.#constant(int64, bytes, [values.length])
  }

  /** Adds an operator of one output, with integer attributes, and answers the name of the output. */
  op(type: string, inputs: readonly string[], attributes: Readonly<Record<string, number>> = {}): string {
    const name = `v${this.#count++}`
    this.#nodes.push([1, node(type, inputs, name, attributes)])
    return name
  }

  /** The model's bytes, for `InferenceSession.create`. */
  bytes(): Uint8Array {
    const graph: Field[] = [...this.#nodes, [2, 'millrace'], ...this.#constants, ...this.#inputs, ...this.#outputs]
    return message([
      [1, 8], // version of the format
      [7, graph],
      [8, [[2, 17]]], // opset
    ])
  }

  #constant(type: number, bytes: Uint8Array, shape: readonly number[]): string {
    const name = `c${this.#count++}`
    this.#constants.push([5, [...shape.map((length): Field => [1, length]), [2, type], [8, name], [9, bytes]]])
    return name
  }
}

function node(
  type: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number>>,
): Field[] {
  return [
    ...inputs.map((input): Field => [1, input]),
    [2, output],
    [4, type],
    ...Object.entries(attributes).map(([name, value]): Field => [
      5,
      [
        [1, name],
        [3, value],
        [20, attributeOfInt],
      ],
    ]),
  ]
}

function valueInfo(name: string, shape: Shape, type = float): Field[] {
  const dimensions = shape.map((length): Field => [1, [typeof length === 'string' ? [2, length] : [1, length]]])
  return [
    [1, name],
    [
      2,
      [
        [
          1,
          [
            [1, type],
            [2, dimensions],
          ],
        ],
      ],
    ],
  ]
}
