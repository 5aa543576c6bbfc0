import { isMillraceError, type MillraceError } from '../../core/errors/millrace-error.ts'
import type { StreamAdapter } from '../dialects/adapters/adapter.ts'
import type { Dialect, Heard, ProviderFailure, StreamReader, TellableError } from '../dialects/dialect.ts'
import type { Listener, Said } from '../dialects/said.ts'
import { type SseFrame, SseReader } from '../dialects/sse.ts'
import type { Answered } from '../providers/exchange.ts'
import { errorOf, type Failure, failureOf } from '../providers/failure.ts'
import type { StreamCheck } from '../structured/stream-check.ts'
import type { PaidAttempt } from './paid-attempt.ts'
import type { Silences } from './silence.ts'

export interface StreamParts {
  /** The provider's, and the client's; where they differ, `carried` leads from one to the other. */
  readonly dialect: Dialect
  readonly client: Dialect
  readonly carried?: StreamAdapter
  readonly attempt: PaidAttempt
  readonly answer: Answered
  /** Usage was asked for by us alone: what tells it is taken out. */
  readonly hidesUsage: boolean
  /** As messages name the target. */
  readonly target: string
  readonly onHangUp: 'cancel' | 'drain'
  readonly silences: Silences
  /** What the answer must be. */
  readonly check?: StreamCheck | undefined
  /** What it says is wanted at its end. */
  readonly listens: boolean
}

/**
 * Owns: one stream from a provider to a client, and the end of its attempt. Between sides of one dialect blocks pass as they came.
 *
 * 1. It begins at the first content: until `begin` has answered, another target can still take over.
 * 2. A stream that is cut ends in the dialect's error event, never as if it were whole.
 * 3. Its use is settled if it was whole, or told before it was cut; else assumed.
 * 4. What arrived together passes together: a burst of events is one write.
 */
export class LiveStream {
  readonly #parts: StreamParts
  readonly #reader: StreamReader
  readonly #blocks = new SseReader()
  /** Arrived, and not yet heard. */
  #frames: SseFrame[] = []
  /** Heard before the first content was through, as the client gets it. */
  #early: Buffer[] = []
  readonly #listener: Listener | undefined
  /** The blocks cannot be read on after those that are here. */
  #trouble: Error | undefined
  #isDone = false
  #failure: Failure | undefined

  constructor(parts: StreamParts) {
    this.#parts = parts
    this.#reader = parts.dialect.stream({ hidesUsage: parts.hidesUsage })
    this.#listener = parts.listens ? parts.dialect.listener() : undefined
  }

  /** Reads up to the first content. Answers why there is none: the attempt has ended then. */
  async begin(): Promise<Failure | undefined> {
    try {
      for (;;) {
        for (let frame = this.#frames.shift(); frame; frame = this.#frames.shift()) {
          const heard = this.#reader.hear(frame)
          if (heard.failure) return this.#fail(statusOf(heard.failure))
          this.#listener?.listen(frame)
          if (frame.data !== undefined) this.#keep(this.#early, frame, heard) // a provider's keep-alives have done their work
          if (!heard.isContent) continue
          this.#parts.attempt.began()
          return undefined
        }
        if (this.#isDone) return this.#fail({ kind: 'closed-early', after: 'headers', isSent: true })
        this.#take(await this.#parts.answer.body.next())
      }
    } catch (error) {
      return this.#fail(failureOf(error) ?? garbled(error))
    }
  }

  /** What the client gets. Whoever leaves it calls `return()`, as a `for await` does. */
  async *pass(): AsyncGenerator<Buffer, void, undefined> {
    const { answer, attempt, client, silences, target } = this.#parts
    let isOver = false
    try {
      let out = this.#early
      for (;;) {
        const failure = this.#hearAll(out)
        if (out.length > 0) yield joined(out)
        if (failure) {
          isOver = true
          this.#failure = statusOf(failure.told)
          attempt.failed(this.#failure, this.#reader.usage)
          await answer.body.return()
          yield failure.words
          return
        }
        out = []
        if (this.#isDone) break
        const pending = answer.body.next()
        let next = await silences.or(pending)
        for (; next === 'silent'; next = await silences.or(pending)) yield Buffer.from(client.keepAlive)
        this.#take(next)
      }
      isOver = true
      attempt.reports(this.#reader.model)
      if (this.#reader.isComplete) {
        const unfit = this.#parts.check?.error
        attempt.answered(this.#reader.usage, unfit)
        if (unfit) yield this.#told(unfit)
        return
      }
      this.#cut({ kind: 'closed-early', after: 'headers', isSent: true })
      yield this.#told(errorOf({ kind: 'closed-early', after: 'headers', isSent: true }, target))
    } catch (error) {
      isOver = true
      const failure = failureOf(error) ?? garbled(error)
      this.#cut(failure)
      await answer.body.return()
      yield this.#told(isMillraceError(error) ? error : errorOf(failure, target))
    } finally {
      if (!isOver) await this.#left()
    }
  }

  /** All of it at once, where it is read before anybody gets it; what it says in the provider's dialect. Ask `begin` first. */
  async whole(): Promise<{ readonly body: Buffer; readonly said: Said | undefined } | { readonly failure: Failure }> {
    const parts: Buffer[] = []
    for await (const part of this.pass()) parts.push(part)
    return this.#failure ? { failure: this.#failure } : { body: joined(parts), said: this.said }
  }

  /** What it says so far, for who listens. */
  get said(): Said | undefined {
    return this.#listener?.said
  }

  /** Hears what has arrived, up to a failure. */
  #hearAll(out: Buffer[]): { readonly told: ProviderFailure; readonly words: Buffer } | undefined {
    for (let frame = this.#frames.shift(); frame; frame = this.#frames.shift()) {
      const heard = this.#reader.hear(frame)
      this.#listener?.listen(frame)
      if (heard.failure) {
        // The provider's own words for it, if the client speaks its language.
        const words = this.#parts.carried ? this.#told(tellableFailure(heard.failure)) : frame.raw
        return { told: heard.failure, words }
      }
      this.#keep(out, frame, heard)
    }
    if (this.#trouble) throw this.#trouble
    return undefined
  }

  #keep(out: Buffer[], frame: SseFrame, { isHidden }: Heard): void {
    const { carried, check } = this.#parts
    if (check && frame.data !== undefined && !isHidden && !check.mayPass(frame)) return
    if (!carried) {
      if (!isHidden) out.push(frame.raw)
      return
    }
    const words = carried.carry(frame)
    if (words !== '') out.push(Buffer.from(words))
  }

  #take(next: IteratorResult<Buffer>): void {
    if (next.done) {
      this.#isDone = true
      const last = this.#blocks.end()
      if (last) this.#frames.push(last)
      return
    }
    try {
      for (const frame of this.#blocks.feed(next.value)) this.#frames.push(frame)
    } catch (error) {
      this.#trouble = error instanceof Error ? error : new Error(String(error))
    }
  }

  /** A use that was told before the cut is what the provider bills. */
  #cut(failure: Failure): void {
    const { attempt } = this.#parts
    attempt.reports(this.#reader.model)
    if (this.#reader.isComplete) return attempt.answered(this.#reader.usage)
    this.#failure = failure
    attempt.failed(failure)
  }

  /** The client has hung up. */
  async #left(): Promise<void> {
    const { answer, attempt, onHangUp } = this.#parts
    if (onHangUp === 'cancel') {
      await answer.body.return()
      return attempt.failed({ kind: 'aborted', isSent: true })
    }
    try {
      while (!this.#isDone) {
        this.#take(await answer.body.next())
        for (const frame of this.#frames.splice(0)) this.#reader.hear(frame)
      }
      attempt.reports(this.#reader.model)
      attempt.answered(this.#reader.isComplete ? this.#reader.usage : undefined)
    } catch (error) {
      attempt.failed(failureOf(error) ?? garbled(error))
    }
  }

  async #fail(failure: Failure): Promise<Failure> {
    await this.#parts.answer.body.return()
    this.#parts.attempt.failed(failure, this.#reader.usage)
    return failure
  }

  #told(error: TellableError): Buffer {
    const { status, code, message } = error
    return Buffer.from(this.#parts.client.errorEvent({ status, code, message }))
  }
}

const joined = (parts: readonly Buffer[]): Buffer => (parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts))

const statusOf = ({ status }: ProviderFailure): Failure => ({ kind: 'status', isSent: true, status })

const garbled = (error: unknown): Failure => ({
  kind: 'garbled',
  why: isMillraceError(error) ? error.code : 'its events cannot be read',
  isSent: true,
})

/** A provider's failure, for a client that speaks another dialect. */
export const tellableFailure = ({ status, code, type, message }: ProviderFailure): TellableError => ({
  status,
  code: code ?? type,
  message,
})

export const tellable = ({ status, code, message }: MillraceError): TellableError => ({ status, code, message })
