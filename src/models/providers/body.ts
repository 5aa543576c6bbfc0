import { BrokenOff, type Failure } from './failure.ts'

/** What a reader may leave unread before the socket is stopped: a few hundred events. */
const mostUnread = 64 * 1024

/** What the body asks of the exchange that fills it. */
export interface Source {
  resume(): void
  /** The reader is no longer interested. */
  abandon(): void
}

/**
 * Owns: the bytes of one answer between socket and reader. For one reader, as an async iterable, as a web stream, or whole.
 *
 * Node's Readable and a web stream both throw away what is unread when they break. Here the reader gets all that arrived and then the error: the
 * usage of a stream often stands in the last event before a connection that is cut.
 *
 * Invariants:
 * 1. The reader sees every chunk once, in order, and then the end or `BrokenOff`.
 * 2. About `mostUnread` bytes wait at most; the source is resumed when half of them are read.
 * 3. A reader that leaves abandons the source at once, even while it waits for a chunk.
 */
export class Body implements AsyncIterableIterator<Buffer> {
  readonly #source: Source
  #chunks: Buffer[] = []
  #unread = 0
  #isStopped = false
  #end: 'open' | 'whole' | 'left' | BrokenOff = 'open'
  #waiting: {
    readonly resolve: (next: IteratorResult<Buffer>) => void
    readonly reject: (error: BrokenOff) => void
  }[] = []

  constructor(source: Source) {
    this.#source = source
  }

  /** False: that is enough, until `resume`. */
  push(chunk: Buffer): boolean {
    if (this.#end !== 'open') return true
    const reader = this.#waiting.shift()
    if (reader) {
      reader.resolve({ done: false, value: chunk })
      return true
    }
    this.#chunks.push(chunk)
    this.#unread += chunk.length
    this.#isStopped = this.#unread >= mostUnread
    return !this.#isStopped
  }

  /** No more will come: the body is whole, or broke off. */
  close(failure?: Failure): void {
    if (this.#end !== 'open') return
    this.#end = failure ? new BrokenOff(failure) : 'whole'
    for (const { resolve, reject } of this.#waiting.splice(0))
      if (this.#end instanceof BrokenOff) reject(this.#end)
      else resolve({ done: true, value: undefined })
  }

  next(): Promise<IteratorResult<Buffer>> {
    const value = this.#chunks.shift()
    if (value) {
      this.#unread -= value.length
      if (this.#isStopped && this.#unread <= mostUnread / 2) {
        this.#isStopped = false
        if (this.#end === 'open') this.#source.resume()
      }
      return Promise.resolve({ done: false, value })
    }
    if (this.#end instanceof BrokenOff) return Promise.reject(this.#end)
    if (this.#end !== 'open') return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** The reader leaves: after this there is nothing to read, and the attempt is aborted if it was not over. */
  return(): Promise<IteratorResult<Buffer>> {
    const wasOpen = this.#end === 'open'
    this.#end = 'left'
    this.#chunks = []
    this.#unread = 0
    for (const { resolve } of this.#waiting.splice(0)) resolve({ done: true, value: undefined })
    if (wasOpen) this.#source.abandon()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** As a web stream, which holds no chunk of its own back. Cancelling it abandons the attempt. */
  toWeb(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const { done, value } = await this.next()
          if (done) controller.close()
          else controller.enqueue(value)
        },
        cancel: async () => {
          await this.return()
        },
      },
      { highWaterMark: 0 },
    )
  }

  /** Everything, for an answer that is no stream. Rejects with `BrokenOff`. */
  async whole(): Promise<Buffer> {
    const chunks: Buffer[] = []
    for await (const chunk of this) chunks.push(chunk)
    return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
  }
}
