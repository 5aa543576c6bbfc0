import type { Onnx, Session, Tensor } from './runtime.ts'
import type { OutputUse } from './protocol.ts'
import { GraphMisfit } from './graph-misfit.ts'

type Whole = 'int64' | 'int32'

/** A batch of token ids, every row filled up to the same width. */
export interface Padded {
  readonly height: number
  readonly width: number
  readonly ids: readonly number[]
  readonly mask: readonly number[]
}

/** Which output holds what is wanted, and what stands in it. */
type Read = { readonly name: string; readonly holds: 'rows' | 'tokens' }

/**
 * Owns: how an encoder's graph is spoken to, found out from its own inputs and outputs and not from its maker's word: `attention_mask`,
 * `token_type_ids` and `position_ids` where it has them, int64 or int32; a pooled output where there is one, else the tokens' vectors.
 */
export class GraphPort {
  readonly #onnx: Onnx
  readonly #session: Session
  readonly #inputs: readonly (readonly [name: string, type: Whole])[]
  readonly read: Read

  /** Throws `GraphMisfit`. */
  constructor(onnx: Onnx, session: Session, use: OutputUse) {
    this.#onnx = onnx
    this.#session = session
    this.#inputs = session.inputMetadata.map(({ name, ...rest }) => {
      if (!known.has(name)) throw new GraphMisfit(`it wants the input ${name}, so it is no text encoder`)
      const type = rest.isTensor ? rest.type : 'none'
      if (type !== 'int64' && type !== 'int32')
        throw new GraphMisfit(`its input ${name} is ${type} and no whole number`)
      return [name, type] as const
    })
    if (!this.#inputs.some(([name]) => name === 'input_ids')) throw new GraphMisfit('it has no input input_ids')
    this.read = use.kind === 'labels' ? labelsOf(session) : vectorsOf(session, use)
  }

  async run(batch: Padded): Promise<Tensor> {
    const feeds = Object.fromEntries(this.#inputs.map(([name, type]) => [name, this.#tensor(name, type, batch)]))
    const outputs = await this.#session.run(feeds, [this.read.name])
    const output = outputs[this.read.name]
    if (!(output?.data instanceof Float32Array)) throw new GraphMisfit(`its output ${this.read.name} is not float32`)
    return output
  }

  #tensor(name: string, type: Whole, { height, ids, mask, width }: Padded): Tensor {
    const shape = [height, width]
    const values = name === 'input_ids' ? ids : name === 'attention_mask' ? mask : undefined
    const at = (i: number): number => values?.[i] ?? (name === 'position_ids' ? i % width : 0)
    if (type === 'int32') {
      const numbers = new Int32Array(height * width)
      for (let i = 0; i < numbers.length; i++) numbers[i] = at(i)
      return new this.#onnx.Tensor('int32', numbers, shape)
    }
    const numbers = new BigInt64Array(height * width)
    for (let i = 0; i < numbers.length; i++) numbers[i] = BigInt(at(i))
    return new this.#onnx.Tensor('int64', numbers, shape)
  }
}

const known: ReadonlySet<string> = new Set(['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'])

interface Output {
  readonly name: string
  readonly rank: number
}

const outputsOf = (session: Session): readonly Output[] =>
  session.outputMetadata.map((output) => ({ name: output.name, rank: output.isTensor ? output.shape.length : -1 }))

function labelsOf(session: Session): Read {
  const outputs = outputsOf(session)
  const found = outputs.find(({ name }) => name === 'logits') ?? outputs.find(({ rank }) => rank === 2)
  if (!found) throw new GraphMisfit(`it has no output logits; it has ${names(outputs)}`)
  if (found.rank !== 2)
    throw new GraphMisfit(`its output ${found.name} has ${found.rank} dimensions: it labels tokens and not texts`)
  return { name: found.name, holds: 'rows' }
}

const pooled = ['sentence_embedding', 'text_embeds', 'embeddings']
const unpooled = ['last_hidden_state', 'token_embeddings', 'hidden_states']

function vectorsOf(session: Session, { lacks }: Extract<OutputUse, { kind: 'vector' }>): Read {
  const outputs = outputsOf(session)
  const named = (list: readonly string[], rank: number): Output | undefined =>
    list.map((name) => outputs.find((one) => one.name === name && one.rank === rank)).find(Boolean)
  const whole = named(pooled, 2)
  if (whole) return { name: whole.name, holds: 'rows' }
  if (lacks !== undefined)
    throw new GraphMisfit(`it has no output sentence_embedding, and its modules name ${lacks} after the pooling`)
  const tokens = named(unpooled, 3) ?? outputs.find(({ rank }) => rank === 3)
  if (tokens) return { name: tokens.name, holds: 'tokens' }
  const only = outputs.find(({ name, rank }) => rank === 2 && name !== 'logits' && name !== 'pooler_output')
  if (only) return { name: only.name, holds: 'rows' }
  throw new GraphMisfit(`it has no output with vectors of texts or tokens; it has ${names(outputs)}`)
}

const names = (outputs: readonly Output[]): string =>
  outputs
    .slice(0, 8)
    .map(({ name }) => name.slice(0, 60))
    .join(', ') || 'none'
