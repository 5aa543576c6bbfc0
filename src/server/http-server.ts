import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener, RequestError } from '@hono/node-server'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { problemAnswer } from './api/problem.ts'

/** What answers a request. */
export type Fetch = (request: Request) => Response | Promise<Response>

/**
 * Owns: the API's port, from the first moment of a start, so that a port in use is known before anything else is started.
 * Does not own: what is answered. Until `serve` is called the answer is `server/starting`.
 */
export class HttpServer {
  readonly url: string
  readonly #server: http.Server
  #fetch: Fetch = () => problemAnswer(new MillraceError('server/starting', {}))

  private constructor(server: http.Server, port: number) {
    this.#server = server
    this.url = `http://127.0.0.1:${port}`
    const listener = getRequestListener((request) => this.#fetch(request), { errorHandler })
    server.on('request', (incoming, outgoing) => {
      outgoing.once('close', () => this.#answered())
      void listener(incoming, outgoing)
    })
  }

  /** On 127.0.0.1; 0 is any free port. Errors: `server/port-taken`. */
  static async listen(port: number): Promise<HttpServer> {
    const server = http.createServer({ requestTimeout: 60_000, headersTimeout: 10_000, keepAliveTimeout: 30_000 })
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(
          'code' in error && error.code === 'EADDRINUSE' ? new MillraceError('server/port-taken', { port }) : error,
        ),
      )
      server.listen(port, '127.0.0.1', resolve)
    })
    return new HttpServer(server, (server.address() as AddressInfo).port) // a TCP server's address
  }

  serve(fetch: Fetch): void {
    this.#fetch = fetch
  }

  /** A kept connection that was busy when the end began is idle now: left open, it would hold the end up until its time is over. */
  #answered(): void {
    if (!this.#server.listening) setImmediate(() => this.#server.closeIdleConnections())
  }

  /** Lets requests in flight end, at most `within` milliseconds. */
  async close(within: number): Promise<void> {
    const cut = setTimeout(() => this.#server.closeAllConnections(), within)
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    await closed
    clearTimeout(cut)
  }
}

/** What cannot be made a request of: a Host header or an address that is none. */
function errorHandler(error: unknown): Response {
  if (error instanceof RequestError)
    return problemAnswer(new MillraceError('api/bad-request', { problems: error.message }, { cause: error }))
  return new Response(null, { status: 500 })
}
