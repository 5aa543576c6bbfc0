import { dictionary, type DetailsOf, type ErrorCode } from './dictionary.ts'
import type { ErrorDetails, ErrorEntry, RetryClass } from './entry.ts'

/**
 * The one base class. The code is stable; the message says what happened, the likely cause and what to do next.
 * SDK, HTTP (RFC 9457 problem details), CLI and console render the same entry of the dictionary.
 */
export class MillraceError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'MillraceError'
  readonly code: C
  readonly details: DetailsOf<C>
  readonly retry: RetryClass
  readonly status: number

  constructor(code: C, details: DetailsOf<C>, options?: { cause?: unknown }) {
    const known = entryOf(code)
    super(known.message(details), options)
    this.code = code
    this.details = details
    this.retry = known.retry
    this.status = known.status
  }

  get title(): string {
    return entryOf(this.code).title
  }
}

/** True for any MillraceError, or for one with the given code. */
export function isMillraceError<C extends ErrorCode>(error: unknown, code?: C): error is MillraceError<C> {
  return error instanceof MillraceError && (code === undefined || error.code === code)
}

export const errorCodes = (): ErrorCode[] => Object.keys(dictionary) as ErrorCode[]

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(dictionary, code)

/** The entry of a code; the details' type is erased here, and checked where an error is made. */
export const entryOf = (code: ErrorCode): ErrorEntry<ErrorDetails> =>
  dictionary[code] as unknown as ErrorEntry<ErrorDetails>
