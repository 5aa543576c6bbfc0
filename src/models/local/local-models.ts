import { resolve } from 'node:path'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { digestOf } from '../../core/json.ts'
import { onnxParameters } from '../../sdk/models.ts'
import { Classifier } from '../classifier.ts'
import { type LocalDirectory, openLocal } from '../directory/local-directory.ts'
import { Encoder } from '../encoder.ts'
import type { Urgency } from '../inference/batch-queue.ts'
import { type ModelVersion, nameOf } from '../routes/model-version.ts'

export interface Embedded {
  /** One for each text, in order. */
  readonly vectors: readonly Float32Array[]
  /** That the model read, special ones included. */
  readonly tokens: number
}

export interface Labelled {
  readonly labels: readonly string[]
  /** One row for each text, in order: a probability for each label. */
  readonly probabilities: readonly Float32Array[]
  readonly tokens: number
}

export interface Manner {
  readonly priority?: Urgency | undefined
  readonly signal?: AbortSignal | undefined
}

interface Loaded {
  readonly encoder: Encoder
  readonly labels: readonly string[]
  readonly longest: number
  /** A head of ours on the encoder: it cuts a message into parts, as it does for steps. */
  readonly head: Classifier | undefined
}

interface Held {
  readonly loading: Promise<Loaded>
  readonly bytes: number
  users: number
  lastUse: number
}

const defaultMemory = 1024 ** 3
/** The verified bytes here, their copy in the worker, and what the runtime makes of them. */
const copiesOfWeights = 4
/** A worker with the runtime, before any weights. A second and a third bundled encoder (11 MB) added 73 and 62 MB; this says 76. */
const bytesOfWorker = 32 * 1024 * 1024

/**
 * Owns: the models that run within this process for the gateway, each in its worker, loaded when first asked. Does not own: which texts make a
 * batch (`BatchQueue`), what a call costs.
 *
 * 1. A model answers only if its files, when they were loaded, had the digest that its version names.
 * 2. All together hold at most `memory` bytes, by estimate. Room is made by unloading whoever was asked longest ago, and never one that is being
 *    asked; where that is not enough, nothing is loaded.
 * 3. Two versions of one directory's weights that are used alike share one worker.
 */
export class LocalModels {
  readonly #root: string
  readonly #memory: number
  readonly #mostWaiting: number | undefined
  readonly #held = new Map<string, Held>()
  #uses = 0
  #admitting: Promise<unknown> = Promise.resolve()
  #isClosed = false

  /** Relative directories start at `root`. `memory`: bytes of all models together. `mostWaiting`: texts that wait for one model. */
  constructor(o: {
    readonly root: string
    readonly memory?: number | undefined
    readonly mostWaiting?: number | undefined
  }) {
    this.#root = o.root
    this.#memory = o.memory ?? defaultMemory
    this.#mostWaiting = o.mostWaiting
  }

  /** By estimate, of all that are loaded. */
  get bytes(): number {
    let sum = 0
    for (const { bytes } of this.#held.values()) sum += bytes
    return sum
  }

  get loaded(): number {
    return this.#held.size
  }

  /**
   * Errors: those of `openLocal`, `model/wrong-digest`, `model/no-memory`, `model/beyond-memory`, `model/bad-tokenizer`, `model/unusable-weights`,
   * `model/no-runtime`, `model/wrong-task`, `model/too-long-text`, `model/overloaded`, `model/failed`, `model/closed`, the reason of `signal`.
   */
  embed(model: ModelVersion, texts: readonly string[], manner: Manner = {}): Promise<Embedded> {
    return this.#use(model, async (loaded) => {
      if (loaded.labels.length > 0) throw wrongTask(model, 'classification', 'embeddings')
      const { rows, tokens } = await ask(model, loaded, texts, manner)
      return { vectors: rows, tokens }
    })
  }

  /** Errors: those of `embed`. */
  classify(model: ModelVersion, texts: readonly string[], manner: Manner = {}): Promise<Labelled> {
    return this.#use(model, async (loaded) => {
      if (loaded.labels.length === 0) throw wrongTask(model, 'embeddings', 'classification')
      const { rows, tokens } = await (loaded.head
        ? askHead(loaded.head, texts, manner)
        : ask(model, loaded, texts, manner))
      return { labels: loaded.labels, probabilities: rows, tokens }
    })
  }

  /** What the model does, once it is loaded: `labels` of a classifier, none of an encoder, whose vectors have `width` numbers. Errors: those of `embed`. */
  describe(model: ModelVersion): Promise<{ readonly labels: readonly string[]; readonly width: number }> {
    return this.#use(model, ({ encoder, labels }) => Promise.resolve({ labels, width: encoder.dimensions }))
  }

  /** Ends the workers; what still waits fails with `model/closed`. */
  async close(): Promise<void> {
    this.#isClosed = true
    const held = [...this.#held.values()]
    this.#held.clear()
    await Promise.all(held.map(closed))
  }

  async #use<T>(model: ModelVersion, work: (loaded: Loaded) => Promise<T>): Promise<T> {
    const held = await this.#hold(model)
    try {
      return await work(await held.loading)
    } finally {
      held.users--
    }
  }

  /** The model, one user counted on it. */
  #hold(model: ModelVersion): Promise<Held> {
    const key = keyOf(model)
    const held = this.#held.get(key)
    if (held) return Promise.resolve(this.#counted(held))
    // One after the other: two that are loaded at once would both see the room that is there for one.
    const admitted = this.#admitting.then(() => this.#admit(model, key))
    this.#admitting = admitted.catch(() => undefined)
    return admitted
  }

  #counted(held: Held): Held {
    held.users++
    held.lastUse = ++this.#uses
    return held
  }

  async #admit(model: ModelVersion, key: string): Promise<Held> {
    const there = this.#held.get(key)
    if (there) return this.#counted(there)
    const name = nameOf(model)
    if (model.directory === undefined) throw new TypeError(`${name} has no directory`)
    const wish = onnxParameters.parse(model.parameters)
    const directory = await openLocal(resolve(this.#root, model.directory), wish)
    if (this.#isClosed) throw new MillraceError('model/closed', { model: name })
    if (directory.digest !== model.upstream)
      throw new MillraceError('model/wrong-digest', {
        path: directory.path,
        expected: model.upstream,
        actual: directory.digest,
      })
    const { head } = directory
    const weights = directory.data.weights.byteLength + (head?.bytes ?? 0)
    const bytes = weights * copiesOfWeights + bytesOfWorker
    await this.#makeRoom(name, bytes)
    const loading = loadedFrom(directory, { name, mostWaiting: this.#mostWaiting })
    const held: Held = { loading, bytes, users: 0, lastUse: 0 }
    this.#held.set(key, held)
    loading.catch(() => this.#held.get(key) === held && this.#held.delete(key))
    return this.#counted(held)
  }

  async #makeRoom(model: string, needed: number): Promise<void> {
    if (needed > this.#memory) throw new MillraceError('model/beyond-memory', { model, needed, most: this.#memory })
    const idle = [...this.#held].filter(([, { users }]) => users === 0)
    idle.sort(([, a], [, b]) => a.lastUse - b.lastUse)
    const leaving: Held[] = []
    let bytes = this.bytes
    for (const [key, held] of idle) {
      if (bytes + needed <= this.#memory) break
      bytes -= held.bytes
      leaving.push(held)
      this.#held.delete(key)
    }
    await Promise.all(leaving.map(closed))
    if (bytes + needed > this.#memory) throw new MillraceError('model/no-memory', { model, needed, most: this.#memory })
  }
}

async function loadedFrom(
  directory: LocalDirectory,
  { mostWaiting, name }: { readonly name: string; readonly mostWaiting: number | undefined },
): Promise<Loaded> {
  const { data, head, labels, path } = directory
  const encoder = await Encoder.load({ ...directory, digest: head?.encoder ?? directory.digest, name, mostWaiting })
  try {
    return { encoder, labels, longest: data.longest, head: head && (await Classifier.open(path, () => encoder)) }
  } catch (error) {
    await encoder.close()
    throw error
  }
}

const keyOf = ({ parameters, upstream }: ModelVersion): string => {
  const { isUnit, pooling, variant } = onnxParameters.parse(parameters)
  return digestOf({ upstream, isUnit, pooling, variant })
}

const closed = async ({ loading }: Held): Promise<void> => {
  const loaded = await loading.catch(() => undefined)
  await loaded?.encoder.close()
}

const wrongTask = (model: ModelVersion, does: string, wanted: string): MillraceError =>
  new MillraceError('model/wrong-task', { model: nameOf(model), does, wanted })

async function askHead(
  head: Classifier,
  texts: readonly string[],
  manner: Manner,
): Promise<{ readonly rows: readonly Float32Array[]; readonly tokens: number }> {
  const asked = await Promise.all(texts.map((text) => head.classifyCounted(text, manner)))
  return {
    rows: asked.map(({ probabilities }) => probabilities),
    tokens: asked.reduce((sum, one) => sum + one.tokens, 0),
  }
}

async function ask(
  model: ModelVersion,
  { encoder, longest }: Loaded,
  texts: readonly string[],
  { priority, signal }: Manner,
): Promise<{ readonly rows: readonly Float32Array[]; readonly tokens: number }> {
  const { onLong = 'refuse', prefix = '' } = onnxParameters.parse(model.parameters)
  const asked = await Promise.all(texts.map((text) => encoder.queue.ask({ text: prefix + text, priority, signal })))
  const long = asked.findIndex(({ tokens }) => tokens > longest)
  if (long !== -1 && onLong === 'refuse')
    throw new MillraceError('model/too-long-text', {
      model: nameOf(model),
      index: long,
      tokens: asked[long]?.tokens ?? 0,
      most: longest,
    })
  return {
    rows: asked.map(({ row }) => row),
    tokens: asked.reduce((sum, one) => sum + Math.min(one.tokens, longest), 0),
  }
}
