import http2 from 'node:http2'
import * as restate from '@restatedev/restate-sdk'
import { type Clock, type Millis, systemClock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { isId, type RunId } from '../../core/ids.ts'
import { AttemptLost } from './failures.ts'
import type { Scheduler } from './ports.ts'
import { RestateIngress } from './restate-ingress.ts'
import { RestateSignature } from './restate-signature.ts'

export interface RestateOptions {
  readonly ingressUrl: string
  /** Of the handler, on 127.0.0.1. */
  readonly port: number
  /** Only requests signed with this key's secret are taken (E14). */
  readonly identityKey: string | undefined
  /** The virtual object's name: `run`, but for tests that share an engine. */
  readonly service?: string
  readonly path?: string
  readonly clock?: Clock
  /** Told of each attempt that failed and will be tried again. */
  readonly warn?: (run: RunId, error: unknown) => void
}

/**
 * Restate schedules (docs/specs/engine.md). A run is a key of one virtual object; a wake is one invocation, which drives one segment.
 *
 * 1. Its journal stays empty: nothing is kept there (`journalRetention: 0`).
 * 2. A run that waits holds no invocation; an attempt is cut only after a day, since steps bound a segment themselves (E6).
 * 3. When an attempt is over, everything of it is dropped at once (E6).
 * 4. Who has lost is tried again soon; who failed backs off, without end (E7, E16).
 */
export class RestateScheduler implements Scheduler {
  readonly #options: Required<Pick<RestateOptions, 'service' | 'path' | 'clock'>> & RestateOptions
  readonly #ingress: RestateIngress

  constructor(options: RestateOptions) {
    this.#options = { service: 'run', path: '/v1', clock: systemClock, ...options }
    this.#ingress = new RestateIngress({ url: options.ingressUrl, clock: this.#options.clock })
  }

  /** Where the handler answers: what is registered with the engine. */
  get uri(): string {
    return `http://127.0.0.1:${this.#options.port}${this.#options.path}`
  }

  wake(run: RunId, after?: Millis): Promise<void> {
    const delay = after !== undefined && after > 0 ? `?delay=${Math.ceil(after)}ms` : '' // counted by the server's clock (E11)
    return this.#ingress.post(`/${this.#options.service}/${run}/wake/send${delay}`)
  }

  async serve(segment: (run: RunId, over: AbortSignal) => Promise<void>): Promise<AsyncDisposable> {
    const { identityKey, port, path } = this.#options
    const object = this.#object(segment)
    const handle = restate.createEndpointHandler({
      services: [object],
      logger: () => {},
    })
    const signature = identityKey === undefined ? undefined : new RestateSignature(identityKey, this.#options.clock)
    const server = http2.createServer((request, response) => {
      request.url = request.url.startsWith(path) ? request.url.slice(path.length) || '/' : request.url
      if (!signature) return handle(request, response)
      signature.isSigned(request.url, request.headers).then(
        (isSigned) => (isSigned ? handle(request, response) : refuse(response)),
        () => refuse(response),
      )
    })
    const sessions = new Set<http2.ServerHttp2Session>()
    server.on('session', (session) => {
      sessions.add(session)
      session.on('error', () => {}) // the engine went away: it comes back with a session of its own
      session.once('close', () => sessions.delete(session))
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(
          'code' in error && error.code === 'EADDRINUSE'
            ? new MillraceError('server/port-taken', { port, host: '127.0.0.1' })
            : error,
        ),
      )
      server.listen(port, '127.0.0.1', resolve) // E14: not on every interface, as the SDK's own listen() would
    })
    return {
      [Symbol.asyncDispose]: async () => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()))
        for (const session of sessions) session.destroy()
        await closed
      },
    }
  }

  #object(segment: (run: RunId, over: AbortSignal) => Promise<void>) {
    return restate.object({
      name: this.#options.service,
      handlers: {
        wake: restate.handlers.object.exclusive(
          { journalRetention: 0, inactivityTimeout: 60_000, abortTimeout: 86_400_000, retryPolicy },
          async (ctx: restate.ObjectContext): Promise<void> => {
            if (!isId('run', ctx.key)) throw new restate.TerminalError('not a run')
            try {
              await segment(ctx.key, ctx.request().attemptCompletedSignal)
            } catch (error) {
              if (error instanceof AttemptLost)
                throw new restate.RetryableError('the attempt is lost', { retryAfter: 50 })
              this.#options.warn?.(ctx.key, error)
              // Backs off as the policy says. Restate keeps the message, and not the cause: what it says of the run stays here.
              throw new Error('the attempt failed', { cause: error })
            }
          },
        ),
      },
    })
  }
}

/** E14: not the engine's request. */
const refuse = (response: http2.Http2ServerResponse): void => {
  response.writeHead(401).end()
}

/**
 * E7: an outage parks no run, also on an engine that is configured otherwise. There is no word for "without end" here; at ten seconds each,
 * these attempts last for centuries. An invocation that reached them would be ended, never paused: paused, it would hold up every later wake.
 */
const retryPolicy = {
  initialInterval: 100,
  exponentiationFactor: 2,
  maxInterval: 10_000,
  maxAttempts: 1_000_000_000,
  onMaxAttempts: 'kill',
} as const
