import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bundledEncoder } from '../bundled.ts'
import { Graph } from '../onnx/graph.ts'

/** Writes files of JSON or bytes into a model directory that has the bundled encoder's tokenizer. */
export function writeLayout(path: string, files: Readonly<Record<string, unknown>>): string {
  mkdirSync(path, { recursive: true })
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) cpSync(join(bundledEncoder, name), join(path, name))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), content instanceof Uint8Array ? content : JSON.stringify(content))
  }
  return path
}

/** How many pieces the bundled tokenizer knows. */
export const pieces = 14_000

interface Shape {
  readonly rows?: number
  readonly width: number
  readonly extraInput?: string
}

const tableOf = (graph: Graph, { extraInput, rows = pieces, width }: Shape): string => {
  const ids = graph.input('input_ids', ['batch', 'sequence'], 'int64')
  graph.input('attention_mask', ['batch', 'sequence'], 'int64')
  if (extraInput !== undefined) graph.input(extraInput, ['batch', 'sequence'], 'int64')
  const values = Float32Array.from({ length: rows * width }, (_, i) => ((i * 7919) % 1000) / 500 - 1)
  return graph.op('Gather', [graph.constant(values, [rows, width]), ids])
}

/** An encoder that is a table: each token's vector is its row. */
export function tokenGraph(shape: Shape): Uint8Array {
  const graph = new Graph()
  graph.output('last_hidden_state', tableOf(graph, shape), ['batch', 'sequence', shape.width])
  return graph.bytes()
}

/** A classifier that adds up what its table says of each token. */
export function labelGraph(shape: Shape): Uint8Array {
  const graph = new Graph()
  const sum = graph.op('ReduceSum', [tableOf(graph, shape), graph.integers([1])], { keepdims: 0 })
  graph.output('logits', sum, ['batch', shape.width])
  return graph.bytes()
}
