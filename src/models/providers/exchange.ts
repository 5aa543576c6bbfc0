import type { Dispatcher } from 'undici'
import type { Clock, Millis } from '../../core/clock.ts'
import { Body } from './body.ts'
import { BrokenOff, type Failure, type TimedPhase } from './failure.ts'
import { answerHeaders, type Headers, mediaTypeOf, retryAfterOf, shouldRetryOf } from './headers.ts'

/** How long each phase may take, and how large an answer may be. */
export interface Limits {
  /** Until the request can be written: name, TCP and TLS. */
  readonly connect: Millis
  /** From then until the answer's headers. */
  readonly firstByte: Millis
  /** Between two chunks of the body, while somebody reads it. */
  readonly idle: Millis
  /** The whole attempt, a slow reader's time included. */
  readonly total: Millis
  /** Bytes of a body. */
  readonly body: number
}

/** Milliseconds since the attempt began; undefined where it did not come so far. */
export interface Timings {
  readonly sent: Millis | undefined
  readonly headers: Millis | undefined
}

export interface Answered {
  readonly kind: 'answered'
  readonly status: number
  readonly headers: Record<string, string | string[]>
  /** Whoever does not read it to its end calls its `return()`: the socket hangs on it. */
  readonly body: Body
  readonly timings: Timings
}

export interface Failed {
  readonly kind: 'failed'
  readonly failure: Failure
  /** What the provider said with its status, for the caller who asked; not for logs. */
  readonly said?: {
    readonly status: number
    readonly headers: Record<string, string | string[]>
    readonly body: Buffer
  }
  readonly timings: Timings
}

/** As much of a provider's error page as is kept. */
const mostOfError = 64 * 1024

type Phase = 'connecting' | 'waiting' | 'reading' | 'over'

/**
 * Owns: one attempt on the wire: its phase, its one timer, its body. Does not own: connections (undici's pool), what happens after (policy).
 *
 * Invariants:
 * 1. It settles once, and after that neither its timer nor its listener on the signal is left.
 * 2. `isSent` is false only if undici never began to write the request.
 * 3. A reader that does not read stops the socket, not the idle timer's patience: it counts only while we wait for the upstream.
 * 4. Nothing of a body, a header or an address gets into a failure, but a media type and the code of a system error.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #limits: Limits
  readonly #clock: Clock
  readonly #accepts: readonly string[]
  readonly #signal: AbortSignal | undefined
  readonly #settle: (outcome: Answered | Failed) => void
  readonly #begun: Millis
  #phase: Phase = 'connecting'
  #since: Millis
  #sent: Millis | undefined
  #headers: Millis | undefined
  #controller: Dispatcher.DispatchController | undefined
  #body: Body | undefined
  #said: { status: number; headers: Headers; failure: Failure; chunks: Buffer[] } | undefined
  #received = 0
  #isPaused = false
  #timer: { readonly at: Millis; readonly cancel: () => void } | undefined

  constructor(o: {
    readonly limits: Limits
    readonly clock: Clock
    readonly accepts: readonly string[]
    readonly signal: AbortSignal | undefined
    readonly settle: (outcome: Answered | Failed) => void
  }) {
    this.#limits = o.limits
    this.#clock = o.clock
    this.#accepts = o.accepts
    this.#signal = o.signal
    this.#settle = o.settle
    this.#begun = this.#since = o.clock.now()
    o.signal?.addEventListener('abort', this.#abort, { once: true })
    this.#watch()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // Given up while it waited for a connection: nothing is written.
    if (this.#phase === 'over') return controller.abort(new BrokenOff({ kind: 'aborted', isSent: false }))
    this.#sent = this.#elapsed()
    this.#enter('waiting')
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200 || this.#phase !== 'waiting') return
    this.#headers = this.#elapsed()
    this.#enter('reading')
    if (status >= 300) return this.#hear(status, headers)
    const encoding = headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity' && encoding !== '')
      return this.#fail({ kind: 'garbled', why: 'it is encoded, though it was asked not to be', isSent: true })
    const contentType = mediaTypeOf(headers)
    if (!this.#accepts.includes(contentType)) return this.#fail({ kind: 'bad-content-type', contentType, isSent: true })
    this.#body = new Body({ resume: () => this.#resume(), abandon: this.#abort })
    const timings = this.#timings()
    this.#settle({ kind: 'answered', status, headers: answerHeaders(headers), body: this.#body, timings })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#phase !== 'reading') return
    this.#since = this.#clock.now()
    this.#received += chunk.length
    if (this.#said) {
      this.#said.chunks.push(chunk)
      if (this.#received >= mostOfError) this.#fail(this.#said.failure)
      return
    }
    if (this.#received > this.#limits.body) return this.#fail({ kind: 'too-large', part: 'body', isSent: true })
    if (this.#body?.push(chunk) !== false) return
    this.#isPaused = true
    controller.pause()
  }

  onResponseEnd(): void {
    if (this.#phase !== 'reading') return
    if (this.#said) return this.#fail(this.#said.failure)
    this.#end()
    this.#body?.close()
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#phase === 'over') return
    this.#fail(this.#said?.failure ?? wireFailure(error, this.#phase, this.#limits))
  }

  /** undici threw before it took the request: a header or an address that cannot be sent. */
  refuse(error: unknown): void {
    if (this.#phase === 'over') return
    this.#fail({ kind: 'refused', why: codeOf(error), isSent: false })
  }

  #resume(): void {
    if (this.#phase !== 'reading' || !this.#isPaused) return
    this.#isPaused = false
    this.#since = this.#clock.now()
    this.#watch()
    this.#controller?.resume()
  }

  /** A status that is no success: what the provider says is read, within bounds, and goes to the caller with the failure. */
  #hear(status: number, headers: Headers): void {
    const retryAfter = retryAfterOf(headers, this.#clock.today())
    const shouldRetry = shouldRetryOf(headers)
    const failure: Failure = {
      kind: 'status',
      isSent: true,
      status,
      ...(retryAfter !== undefined && { retryAfter }),
      ...(shouldRetry !== undefined && { shouldRetry }),
    }
    this.#said = { status, headers, failure, chunks: [] }
  }

  readonly #abort = (): void => {
    if (this.#phase !== 'over') this.#fail({ kind: 'aborted', isSent: this.#sent !== undefined })
  }

  #fail(failure: Failure): void {
    const body = this.#body
    const said = this.#said
    this.#end()
    this.#controller?.abort(new BrokenOff(failure))
    if (body) return body.close(failure)
    const timings = this.#timings()
    if (!said || failure.kind !== 'status') return this.#settle({ kind: 'failed', failure, timings })
    const text = Buffer.concat(said.chunks).subarray(0, mostOfError)
    const answer = { status: said.status, headers: answerHeaders(said.headers), body: text }
    this.#settle({ kind: 'failed', failure, said: answer, timings })
  }

  #end(): void {
    this.#phase = 'over'
    this.#timer?.cancel()
    this.#timer = undefined
    this.#signal?.removeEventListener('abort', this.#abort)
  }

  #enter(phase: Phase): void {
    this.#phase = phase
    this.#since = this.#clock.now()
    this.#watch()
  }

  /** The limit that ends first from here on. */
  #due(): { readonly at: Millis; readonly phase: TimedPhase; readonly limit: Millis } {
    const { connect, firstByte, idle, total } = this.#limits
    const whole = { at: this.#begun + total, phase: 'total', limit: total } as const
    if (this.#isPaused || this.#phase === 'over') return whole
    const [phase, limit] = (
      { connecting: ['connect', connect], waiting: ['first-byte', firstByte], reading: ['idle', idle] } as const
    )[this.#phase]
    return this.#since + limit < whole.at ? { at: this.#since + limit, phase, limit } : whole
  }

  /** One timer for all limits, set again only when it fires or would fire too late: a chunk costs no timer. */
  #watch(): void {
    if (this.#phase === 'over') return
    const { at } = this.#due()
    if (this.#timer && this.#timer.at <= at) return
    this.#timer?.cancel()
    this.#timer = { at, cancel: this.#clock.after(at - this.#clock.now(), () => this.#check()) }
  }

  #check(): void {
    this.#timer = undefined
    const { at, phase, limit } = this.#due()
    if (this.#clock.now() < at) return this.#watch()
    this.#fail(this.#said?.failure ?? { kind: `${phase}-timeout`, limit, isSent: this.#sent !== undefined })
  }

  #elapsed(): Millis {
    return this.#clock.now() - this.#begun
  }

  #timings(): Timings {
    return { sent: this.#sent, headers: this.#headers }
  }
}

function wireFailure(error: Error, phase: Exclude<Phase, 'over'>, limits: Limits): Failure {
  const why = codeOf(error)
  const isSent = phase !== 'connecting'
  if (why === 'UND_ERR_CONNECT_TIMEOUT') return { kind: 'connect-timeout', limit: limits.connect, isSent }
  if (!isSent) return { kind: 'refused', why, isSent }
  if (why === 'UND_ERR_HEADERS_OVERFLOW' || why === 'HPE_HEADER_OVERFLOW')
    return { kind: 'too-large', part: 'headers', isSent }
  // Its code is often missing, and its message may quote the answer.
  if (error.name === 'HTTPParserError') return { kind: 'garbled', why: 'it is not HTTP', isSent }
  return { kind: 'closed-early', after: phase === 'waiting' ? 'request' : 'headers', isSent }
}

/** The code of a system error, which names no address; never its message, which does. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : 'unknown'
}
