import type { Clock, Millis } from '../../core/clock.ts'
import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import type { Dialect, StreamReader } from '../dialects/dialect.ts'
import { type SseFrame, SseReader } from '../dialects/sse.ts'
import type { Answered } from '../providers/exchange.ts'
import { errorOf, type Failure, failureOf } from '../providers/failure.ts'
import type { PaidAttempt } from './paid-attempt.ts'

/** Proxies and clients take a connection for dead that is silent for longer. */
const silence: Millis = 10_000

export interface StreamParts {
  readonly dialect: Dialect
  readonly attempt: PaidAttempt
  readonly answer: Answered
  /** Usage was asked for by us alone: what tells it is taken out. */
  readonly hidesUsage: boolean
  /** As messages name the target. */
  readonly target: string
  readonly onHangUp: 'cancel' | 'drain'
  readonly clock: Clock
}

/**
 * Owns: one stream from a provider to a client, and the end of its attempt. Blocks pass as they came.
 *
 * 1. It begins at the first content: until `begin` has answered, another target can still take over.
 * 2. A stream that is cut ends in the dialect's error event, never as if it were whole.
 * 3. Its use is settled if it was whole, or told before it was cut; else assumed.
 */
export class LiveStream {
  readonly #parts: StreamParts
  readonly #reader: StreamReader
  readonly #frames: AsyncIterator<SseFrame>
  #early: SseFrame[] = []

  constructor(parts: StreamParts) {
    this.#parts = parts
    this.#reader = parts.dialect.stream({ hidesUsage: parts.hidesUsage })
    this.#frames = framesOf(parts.answer.body)
  }

  /** Reads up to the first content. Answers why there is none: the attempt has ended then. */
  async begin(): Promise<Failure | undefined> {
    try {
      for (;;) {
        const next = await this.#frames.next()
        if (next.done) return await this.#fail({ kind: 'closed-early', after: 'headers', isSent: true })
        const { failure, isContent, isHidden } = this.#reader.hear(next.value)
        if (failure) return await this.#fail({ kind: 'status', isSent: true, status: failure.status })
        if (!isHidden && next.value.data !== undefined) this.#early.push(next.value) // a provider's keep-alives have done their work
        if (isContent) return undefined
      }
    } catch (error) {
      return this.#fail(failureOf(error) ?? garbled(error))
    }
  }

  /** What the client gets. Whoever leaves it calls `return()`, as a `for await` does. */
  async *pass(): AsyncGenerator<Buffer, void, undefined> {
    let isOver = false
    try {
      for (const frame of this.#early.splice(0)) yield frame.raw
      let pending = this.#frames.next()
      for (;;) {
        const next = await orSilence(pending, this.#parts.clock)
        if (next === 'silent') {
          yield Buffer.from(this.#parts.dialect.keepAlive)
          continue
        }
        if (next.done) break
        const { failure, isHidden } = this.#reader.hear(next.value)
        if (failure) {
          isOver = true
          yield next.value.raw // the provider's own words for it
          await this.#parts.attempt.failed({ kind: 'status', isSent: true, status: failure.status }, this.#reader.usage)
          return
        }
        pending = this.#frames.next()
        if (!isHidden) yield next.value.raw
      }
      isOver = true
      if (this.#reader.isComplete) return await this.#parts.attempt.answered(this.#reader.usage)
      const cut: Failure = { kind: 'closed-early', after: 'headers', isSent: true }
      await this.#settleCut(cut)
      yield this.#told(errorOf(cut, this.#parts.target))
    } catch (error) {
      isOver = true
      const failure = failureOf(error) ?? garbled(error)
      await this.#settleCut(failure)
      yield this.#told(isMillraceError(error) ? error : errorOf(failure, this.#parts.target))
    } finally {
      if (!isOver) await this.#left()
    }
  }

  /** A use that was told before the cut is what the provider bills. */
  async #settleCut(failure: Failure): Promise<void> {
    if (this.#reader.isComplete) await this.#parts.attempt.answered(this.#reader.usage)
    else await this.#parts.attempt.failed(failure)
    await this.#frames.return?.()
  }

  /** The client has hung up. */
  async #left(): Promise<void> {
    if (this.#parts.onHangUp === 'drain') {
      const failure = await this.#drain()
      if (failure) return this.#parts.attempt.failed(failure)
      return this.#parts.attempt.answered(this.#reader.isComplete ? this.#reader.usage : undefined)
    }
    await this.#frames.return?.()
    await this.#parts.attempt.failed({ kind: 'aborted', isSent: true })
  }

  async #drain(): Promise<Failure | undefined> {
    try {
      for (let next = await this.#frames.next(); !next.done; next = await this.#frames.next())
        this.#reader.hear(next.value)
      return undefined
    } catch (error) {
      return failureOf(error) ?? garbled(error)
    }
  }

  async #fail(failure: Failure): Promise<Failure> {
    await this.#frames.return?.()
    await this.#parts.attempt.failed(failure, this.#reader.usage)
    return failure
  }

  #told(error: MillraceError): Buffer {
    return Buffer.from(this.#parts.dialect.errorEvent(tellable(error)))
  }
}

/** What comes, or word that nothing came for long enough that the client needs a sign of life. */
export async function orSilence<T>(pending: Promise<T>, clock: Clock): Promise<T | 'silent'> {
  let cancel = (): void => {}
  const silent = new Promise<'silent'>((resolve) => {
    cancel = clock.after(silence, () => resolve('silent'))
  })
  try {
    return await Promise.race([pending, silent])
  } finally {
    cancel()
  }
}

async function* framesOf(body: AsyncIterable<Buffer>): AsyncGenerator<SseFrame, void, undefined> {
  const reader = new SseReader()
  for await (const chunk of body) yield* reader.feed(chunk)
  const last = reader.end()
  if (last) yield last
}

const garbled = (error: unknown): Failure => ({
  kind: 'garbled',
  why: isMillraceError(error) ? error.code : 'its events cannot be read',
  isSent: true,
})

export const tellable = ({
  status,
  code,
  message,
}: MillraceError): { status: number; code: string; message: string } => ({
  status,
  code,
  message,
})
