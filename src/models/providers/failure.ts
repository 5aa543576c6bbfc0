import type { Millis } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'

export type TimedPhase = 'connect' | 'first-byte' | 'idle' | 'total'

/**
 * Why one attempt gave no answer. It may be logged and recorded whole: no field holds a key, an address or anything of a body.
 * `isSent` is what settles the reservation (C4): false only where provably no byte of the request left this process.
 */
export type Failure = { readonly isSent: boolean } & (
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: `${TimedPhase}-timeout`; readonly limit: Millis }
  /** The connection ended before the headers (`request`) or before the body was whole (`headers`). */
  | { readonly kind: 'closed-early'; readonly after: 'request' | 'headers' }
  | { readonly kind: 'bad-content-type'; readonly contentType: string }
  | { readonly kind: 'too-large'; readonly part: 'headers' | 'body' }
  /** Not HTTP, or an encoding that nobody asked for. */
  | { readonly kind: 'garbled'; readonly why: string }
  | { readonly kind: 'aborted' }
  | StatusFailure
)

/** The upstream answered, and not with success. Redirects are among these: none is followed. */
export interface StatusFailure {
  readonly kind: 'status'
  readonly isSent: boolean
  readonly status: number
  /** What `Retry-After` asks for, from the moment of the answer. */
  readonly retryAfter?: Millis
  /** `x-should-retry`, as OpenAI and Anthropic send it. */
  readonly shouldRetry?: boolean
}

/** Carries a failure out of a body that broke off: a stream can only end with an error. */
export class BrokenOff extends Error {
  override readonly name = 'BrokenOff'
  readonly failure: Failure
  constructor(failure: Failure) {
    super(`the upstream's answer broke off: ${failure.kind}`)
    this.failure = failure
  }
}

/** The failure that ended a body; undefined when the error is not of the upstream. */
export const failureOf = (error: unknown): Failure | undefined =>
  error instanceof BrokenOff ? error.failure : undefined

/** Statuses with which a provider refuses the key, not the request. */
export const isUnauthorised = (status: number): boolean => status === 401 || status === 402 || status === 403

/** What a person or a program is told. `target` is the model version, as routes name it. */
export function errorOf(failure: Failure, target: string): MillraceError {
  switch (failure.kind) {
    case 'refused':
      return new MillraceError('model/upstream-refused', { target, why: failure.why })
    case 'connect-timeout':
    case 'first-byte-timeout':
    case 'idle-timeout':
    case 'total-timeout': {
      const phase = failure.kind.slice(0, -'-timeout'.length)
      return new MillraceError('model/upstream-timeout', { target, phase, limit: failure.limit })
    }
    case 'closed-early':
      return new MillraceError('model/upstream-broke-off', { target, after: failure.after })
    case 'bad-content-type': {
      const why = failure.contentType ? `its content type is ${failure.contentType}` : 'it has no content type'
      return new MillraceError('model/upstream-garbled', { target, why })
    }
    case 'too-large':
      return new MillraceError('model/upstream-garbled', { target, why: `its ${failure.part} pass the limit of size` })
    case 'garbled':
      return new MillraceError('model/upstream-garbled', { target, why: failure.why })
    case 'aborted':
      return new MillraceError('model/upstream-aborted', { target })
    case 'status':
      return statusError(failure, target)
  }
}

function statusError({ status, retryAfter = 1000 }: StatusFailure, target: string): MillraceError {
  if (isUnauthorised(status)) return new MillraceError('model/upstream-unauthorised', { target, status })
  if (status === 429)
    return new MillraceError('model/upstream-busy', { target, seconds: Math.max(1, Math.ceil(retryAfter / 1000)) })
  return new MillraceError('model/upstream-status', { target, status })
}
