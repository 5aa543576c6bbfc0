import { Agent } from 'undici'
import { type Clock, type Millis, systemClock } from '../../core/clock.ts'
import { type Answered, Exchange, type Failed, type Limits } from './exchange.ts'
import type { Headers } from './headers.ts'

export interface UpstreamRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly url: URL
  /** Credentials among them: they go onto the wire and nowhere else. */
  readonly headers: Headers
  readonly body?: Uint8Array
  /** Media types of a successful answer; another one is `bad-content-type`. */
  readonly accepts: readonly string[]
}

/** For a model that thinks for minutes before its first byte, a route sets its own. */
export const defaultLimits: Limits = {
  connect: 5000,
  firstByte: 60_000,
  idle: 60_000,
  total: 600_000,
  body: 64 * 1024 * 1024,
}

/** A connection attempt that its request no longer waits for is ended after this. */
const longestConnect: Millis = 15_000
/** Providers send about 2 kB. */
const mostOfHeaders = 32 * 1024

/**
 * Owns: the connections to every upstream. `send` is one attempt: it repeats nothing, follows no redirect, logs nothing.
 * Does not own: which target, which key, whether again (`next-move`), how many at once (`Admission`).
 *
 * HTTP/1.1 alone, a connection for each call in flight: with HTTP/2 all calls of a provider would share one connection, and one slow reader's
 * window, or one dropped connection, would be felt by all of them. Idle connections are kept for 4 s, since common model servers (uvicorn) close
 * theirs after 5 without a hint, and a request that meets the closing is lost.
 */
export class Upstream {
  readonly #agent: Agent
  readonly #clock: Clock

  constructor(o: { readonly clock?: Clock } = {}) {
    this.#clock = o.clock ?? systemClock
    this.#agent = new Agent({
      allowH2: false,
      connect: { timeout: longestConnect },
      keepAliveTimeout: 4000,
      maxHeaderSize: mostOfHeaders,
      // The exchange has its own timers, by the clock.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  /**
   * One attempt. Never rejects: what went wrong before the headers is `failed`; after them `answered.body` ends with `BrokenOff`. An abort at any
   * point ends the attempt at once; its connection is closed, or, while it is being made, as soon as that ends (15 s at most), with nothing written.
   */
  send(request: UpstreamRequest, limits: Limits, signal?: AbortSignal): Promise<Answered | Failed> {
    if (signal?.aborted)
      return Promise.resolve({
        kind: 'failed',
        failure: { kind: 'aborted', isSent: false },
        timings: { sent: undefined, headers: undefined },
      })
    return new Promise((settle) => {
      const { method = 'POST', url, headers, body, accepts } = request
      const exchange = new Exchange({ limits, clock: this.#clock, accepts, signal, settle })
      try {
        this.#agent.dispatch(
          {
            origin: url.origin,
            path: url.pathname + url.search,
            method,
            headers: { ...copied(headers), 'accept-encoding': 'identity' },
            ...(body && { body }),
          },
          exchange,
        )
      } catch (error) {
        exchange.refuse(error)
      }
    })
  }

  /** Ends every attempt and connection. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

/** undici wants arrays that it may change. */
function copied(headers: Headers): Record<string, string | string[]> {
  const mutable: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) mutable[name.toLowerCase()] = typeof value === 'string' ? value : [...value]
  return mutable
}
