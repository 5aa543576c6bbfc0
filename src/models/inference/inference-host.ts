import { Worker } from 'node:worker_threads'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import './no-telemetry.ts'
import type { Batch, EncoderData, HeadData, Order, Refusal, Reply } from './protocol.ts'

interface Pending {
  readonly resolve: (batch: Batch) => void
  readonly reject: (error: Error) => void
}

/**
 * Owns: the worker thread that runs one encoder and the heads on it, and what waits for the worker's answers. Does not own: which texts make a
 * batch (`BatchQueue`, `inBulk`).
 *
 * Invariants:
 * 1. A worker is started with the bytes that were verified when the model was opened, never with what lies on disk later.
 * 2. Every order is settled once: by its reply, by the worker's death (`model/worker-died`) or by `close` (`model/closed`).
 * 3. After a death the next order starts a new worker, with the same heads. A worker that does not start is not started again by itself.
 */
export class InferenceHost {
  readonly name: string
  readonly #paths: Readonly<Record<'tokenizer' | 'weights', string>>
  readonly #data: EncoderData
  readonly #spawn: (data: EncoderData) => Worker
  readonly #heads = new Map<string, HeadData>()
  readonly #pending = new Map<number, Pending>()
  #worker: Worker | undefined
  #count = 0
  #width = 0
  #isClosed = false

  constructor(o: {
    readonly name: string
    /** Of the files, as messages name them. */
    readonly paths: Readonly<Record<'tokenizer' | 'weights', string>>
    readonly data: EncoderData
    readonly spawn?: (data: EncoderData) => Worker
  }) {
    this.name = o.name
    this.#spawn = o.spawn ?? spawnWorker
    this.#paths = o.paths
    this.#data = o.data
  }

  /** Resolves when the encoder runs, with the numbers in its rows. Errors: `model/no-runtime`, `model/bad-tokenizer`, `model/unusable-weights`, `model/worker-died`. */
  async start(): Promise<number> {
    if (!this.#worker) await this.#begin()
    return this.#width
  }

  /** Loads a head for `run`, and for every worker to come. Errors: as `start`, and `model/unusable-weights`. */
  async addHead(head: string, data: HeadData): Promise<void> {
    await this.start()
    await this.#ask((n) => ({ kind: 'head', n, head, data }))
    this.#heads.set(head, data)
  }

  /** One batch: a row for each text, its vector or, with a head, its probabilities. Errors: as `start`, `model/failed`, `model/closed`. */
  run(texts: readonly string[], head: string | undefined): Promise<Batch> {
    if (this.#isClosed) return Promise.reject(new MillraceError('model/closed', { model: this.name }))
    if (!this.#worker) {
      const begun = this.#begin()
      begun.catch(() => undefined) // the batch fails with the same error
      return begun.then(() => this.run(texts, head))
    }
    return this.#ask((n) => ({ kind: 'batch', n, texts, head }))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const worker = this.#worker
    this.#drop(new MillraceError('model/closed', { model: this.name }))
    await worker?.terminate()
  }

  async #begin(): Promise<void> {
    if (this.#isClosed) throw new MillraceError('model/closed', { model: this.name })
    const worker = this.#spawn(this.#data)
    this.#worker = worker
    worker.on('message', (reply: Reply) => this.#worker === worker && this.#settle(reply))
    worker.on('error', (error) => this.#died(worker, whyOf(error)))
    worker.on('exit', () => this.#died(worker, 'its thread stopped'))
    // Orders are handled in turn: heads that are posted now stand before any batch.
    const started = new Promise<Batch>((resolve, reject) => this.#pending.set(0, { resolve, reject }))
    const loaded = [...this.#heads].map(([head, data]) => this.#ask((n) => ({ kind: 'head', n, head, data })))
    const [trial] = await Promise.all([started, ...loaded])
    this.#width = trial.rows.length
  }

  #ask(order: (n: number) => Order): Promise<Batch> {
    return new Promise((resolve, reject) => {
      const worker = this.#worker
      if (!worker) return reject(new MillraceError('model/worker-died', { model: this.name, why: 'it is not running' }))
      const n = ++this.#count
      this.#pending.set(n, { resolve, reject })
      worker.ref() // while something is asked the process stays
      worker.postMessage(order(n))
    })
  }

  #settle(reply: Reply): void {
    const waiting = this.#pending.get(reply.n)
    this.#pending.delete(reply.n)
    if ('rows' in reply) waiting?.resolve(reply)
    else {
      const error = this.#errorOf(reply.refused)
      if (reply.n === 0) this.#drop(error)
      waiting?.reject(error)
    }
    if (this.#pending.size === 0) this.#worker?.unref()
  }

  #died(worker: Worker, why: string): void {
    if (this.#worker === worker) this.#drop(new MillraceError('model/worker-died', { model: this.name, why }))
  }

  #drop(error: MillraceError): void {
    this.#worker = undefined
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const one of pending) one.reject(error)
  }

  #errorOf({ reason, why }: Refusal): MillraceError {
    switch (reason) {
      case 'no-runtime':
        return new MillraceError('model/no-runtime', { why })
      case 'bad-tokenizer':
        return new MillraceError('model/bad-tokenizer', { path: this.#paths.tokenizer, why })
      case 'bad-encoder':
        return new MillraceError('model/unusable-weights', { path: this.#paths.weights, why })
      case 'bad-head':
        return new MillraceError('model/unusable-weights', { path: 'weights.bin', why })
      case 'failed':
        return new MillraceError('model/failed', { model: this.name, why })
    }
  }
}

export const spawnWorker = (data: EncoderData): Worker =>
  new Worker(new URL('./worker.ts', import.meta.url), { workerData: data })

const whyOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? 'it ran out of memory'
    : 'its thread failed'
