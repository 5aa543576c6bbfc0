import http from 'node:http'
import https from 'node:https'
import { type Clock, type Millis, systemClock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'

/** A wake is one small request: more connections than this would only wait in the engine. */
const mostConnections = 64
const answerWithin: Millis = 5000
/** Waits before the second and the third try; after that the sweeper's turn has come (E22). */
const backoff: readonly Millis[] = [50, 250]

/**
 * Owns: the connections to Restate's ingress, kept open between requests. Does not own: what is sent.
 *
 * 1. Every request has a timeout (E8), and is tried three times at most.
 * 2. It is tried again only when that is harmless: a wake is a hint, and two of them equal one.
 *
 * Node's own client over kept connections: `fetch` took 8% of a run's CPU time, this 3%.
 */
export class RestateIngress {
  readonly #url: URL
  readonly #clock: Clock
  readonly #client: typeof http | typeof https
  readonly #agent: http.Agent

  constructor(options: { readonly url: string; readonly clock?: Clock }) {
    this.#url = new URL(options.url)
    this.#clock = options.clock ?? systemClock
    this.#client = this.#url.protocol === 'https:' ? https : http
    this.#agent = new this.#client.Agent({ keepAlive: true, maxSockets: mostConnections, scheduling: 'lifo' })
  }

  /** Sends `POST path` without a body. Errors: `server/restate-unreachable`. */
  async post(path: string): Promise<void> {
    for (let tries = 0; ; tries++) {
      const failure = await this.#try(path)
      if (!failure) return
      const wait = failure.isFinal ? undefined : backoff[tries]
      if (wait === undefined)
        throw new MillraceError('server/restate-unreachable', { at: this.#url.origin, why: failure.why })
      await new Promise<void>((resolve) => this.#clock.after(wait, resolve))
    }
  }

  /** Closes the idle connections. */
  close(): void {
    this.#agent.destroy()
  }

  #try(path: string): Promise<Failure | undefined> {
    return new Promise((resolve) => {
      const { protocol, hostname, port, pathname } = this.#url
      const request = this.#client.request(
        {
          protocol,
          hostname,
          port,
          path: pathname.replace(/\/$/, '') + path,
          method: 'POST',
          agent: this.#agent,
          timeout: answerWithin,
          headers: { 'content-length': 0 },
        },
        (response) => {
          const status = response.statusCode ?? 0
          response.resume()
          response.once('error', (error) => resolve({ why: error.message, isFinal: false }))
          response.once('end', () =>
            resolve(
              status < 300
                ? undefined
                : {
                    why: `a wake was answered with ${status}`,
                    isFinal: status < 500 && status !== 404 && status !== 429,
                  },
            ),
          )
        },
      )
      request.once('timeout', () => request.destroy(new Error(`no answer within ${answerWithin} ms`)))
      request.once('error', (error) => resolve({ why: error.message, isFinal: false }))
      request.end()
    })
  }
}

interface Failure {
  readonly why: string
  /** Trying again cannot help. */
  readonly isFinal: boolean
}
