import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener, RequestError } from '@hono/node-server'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { problemAnswer } from './api/problem.ts'
import { answerUnreadable } from './unreadable-request.ts'

/** What answers a request. `node`: the same as Node has it, for answers that go past the web's streams. */
export type Fetch = (request: Request, node: object) => Response | Promise<Response>

/**
 * Owns: the API's port, from the first moment of a start, so that a port in use is known before anything else is started.
 * Does not own: what is answered. Until `serve` is called the answer is `server/starting`.
 */
export class HttpServer {
  readonly url: string
  readonly #server: http.Server
  #inFlight = 0
  /** Told when nothing is in flight. */
  #idle: (() => void) | undefined
  #fetch: Fetch = () => problemAnswer(new MillraceError('server/starting', {}))

  /** Other machines may reach it. */
  readonly isExposed: boolean

  private constructor(server: http.Server, { address, port }: AddressInfo) {
    this.#server = server
    const isEverywhere = address === '0.0.0.0' || address === '::'
    this.url = `http://${isEverywhere ? '127.0.0.1' : address.includes(':') ? `[${address}]` : address}:${port}`
    this.isExposed = !/^(?:127\.|::1$)/.test(address)
    const listener = getRequestListener((request, node) => this.#fetch(request, node), { errorHandler })
    const answering = new Set<http.IncomingMessage>()
    server.on('clientError', (error, connection) => {
      const isAnswering = [...answering].some(({ socket }) => socket === connection)
      if (isAnswering) connection.destroy() // what is written now would stand in the middle of an answer
      else void answerUnreadable(error, connection)
    })
    server.on('request', (incoming, outgoing) => {
      this.#inFlight++
      answering.add(incoming)
      outgoing.once('close', () => {
        answering.delete(incoming)
        this.#answered()
      })
      void listener(incoming, outgoing)
    })
  }

  /** Port 0 is any free one. Errors: `server/port-taken`, `server/host-unusable`. */
  static async listen(port: number, host = '127.0.0.1'): Promise<HttpServer> {
    const server = http.createServer({ requestTimeout: 60_000, headersTimeout: 10_000, keepAliveTimeout: 30_000 })
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        const code = 'code' in error ? String(error.code) : error.name
        if (code === 'EADDRINUSE') reject(new MillraceError('server/port-taken', { port, host }))
        else reject(new MillraceError('server/host-unusable', { host, port, why: code }, { cause: error }))
      })
      server.listen(port, host, resolve)
    })
    return new HttpServer(server, server.address() as AddressInfo) // a TCP server's address
  }

  serve(fetch: Fetch): void {
    this.#fetch = fetch
  }

  /** A kept connection that was busy when the end began is idle now: left open, it would hold the end up until its time is over. */
  #answered(): void {
    this.#inFlight--
    if (this.#inFlight === 0) this.#idle?.()
    if (!this.#server.listening) setImmediate(() => this.#server.closeIdleConnections())
  }

  /** Resolves when no request is in flight, at most `within` milliseconds later: what is left then is cut. New ones are still answered. */
  async drain(within: number): Promise<void> {
    if (this.#inFlight === 0) return
    const cut = setTimeout(() => this.#server.closeAllConnections(), within)
    await new Promise<void>((resolve) => (this.#idle = resolve))
    clearTimeout(cut)
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
