import { IncomingMessage, ServerResponse } from 'node:http'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context } from 'hono'
import { MillraceError } from '../../core/errors/millrace-error.ts'

/** What answers a model call, and how it goes to its end. */
interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  /** Whoever leaves a stream calls its `return()`. */
  readonly body: Buffer | AsyncGenerator<Buffer, void, undefined>
}

/** As the middleware of all addresses has them. */
const ofEvery = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' } as const

/**
 * Owns: one request and its answer as Node has them, past the web's `Request` and `Response`. Does not own: what is answered, nor errors: those go
 * the common way.
 *
 * Rejected: web streams on both sides. They took a fifth of a short call's processor time, and for each event of a stream ten promises: with 1,000
 * streams the heap grew by a kilobyte an event until it was collected.
 *
 * 1. A client that hangs up aborts `signal`, and a stream that is being sent ends with `return()`.
 * 2. A client that does not read stops the stream: nothing piles up here.
 */
export class NodeExchange {
  readonly #incoming: IncomingMessage
  readonly #outgoing: ServerResponse
  readonly #left = new AbortController()

  private constructor(incoming: IncomingMessage, outgoing: ServerResponse) {
    this.#incoming = incoming
    this.#outgoing = outgoing
    outgoing.on('error', () => {}) // its client has gone: `close` says so too
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) this.#left.abort()
    })
  }

  /** Undefined: the request did not come over the server's port, as in tests of an app by itself. */
  static of({ env }: Context): NodeExchange | undefined {
    const { incoming, outgoing } = (env ?? {}) as { readonly incoming?: unknown; readonly outgoing?: unknown } // looked at below
    if (!(incoming instanceof IncomingMessage) || !(outgoing instanceof ServerResponse)) return undefined
    return new NodeExchange(incoming, outgoing)
  }

  get signal(): AbortSignal {
    return this.#left.signal
  }

  /** The whole body. Errors: `api/too-large`; what is left of that is read and dropped, so that the client hears it. */
  body(most: number): Promise<Buffer> {
    const incoming = this.#incoming
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      let size = 0
      const hear = (chunk: Buffer): void => {
        size += chunk.length
        if (size > most) {
          incoming.off('data', hear).resume()
          reject(new MillraceError('api/too-large', { most }))
        } else chunks.push(chunk)
      }
      incoming.on('data', hear)
      incoming.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size)))
      incoming.once('error', reject)
    })
  }

  /** Sends it, to its end; what is answered to the router says that it is on its way. */
  send(answer: Answer): Response {
    const { body, headers, status } = answer
    const { 'transfer-encoding': _, ...rest } = headers
    if (Buffer.isBuffer(body)) {
      this.#outgoing.writeHead(status, { ...rest, ...ofEvery, 'content-length': body.length }).end(body)
    } else {
      const { 'content-length': __, ...ofStream } = rest
      this.#outgoing.writeHead(status, { ...ofStream, ...ofEvery })
      void this.#stream(body)
    }
    return RESPONSE_ALREADY_SENT
  }

  async #stream(body: AsyncGenerator<Buffer, void, undefined>): Promise<void> {
    const outgoing = this.#outgoing
    try {
      for await (const bytes of body) {
        if (outgoing.destroyed) break
        if (!outgoing.write(bytes)) await this.#drained()
      }
      outgoing.end()
    } catch {
      outgoing.destroy() // a stream tells its own errors: this one can be told to nobody
    }
  }

  #drained(): Promise<void> {
    const outgoing = this.#outgoing
    if (outgoing.destroyed) return Promise.resolve()
    return new Promise((resolve) => {
      const go = (): void => {
        outgoing.off('drain', go).off('close', go)
        resolve()
      }
      outgoing.on('drain', go).on('close', go)
    })
  }
}
