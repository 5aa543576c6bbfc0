import type { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Listener } from '../dialects/said.ts'
import type { SseFrame } from '../dialects/sse.ts'
import { type Check, unmet } from './check-of.ts'

/**
 * Owns: the verdict over an answer that passes as a stream, beside its passing on.
 *
 * 1. The block that tells why the answer ended (`finish_reason`, `stop_reason`, `response.completed`) is judged before it passes: without it no client
 *    takes the answer for whole.
 * 2. After a problem nothing passes any more. Whoever passes blocks on hears the rest nevertheless, for the use, and ends with the dialect's error event.
 */
export class StreamCheck {
  readonly #check: Check
  readonly #listener: Listener
  #isJudged = false
  #error: MillraceError<'model/unmet-schema'> | undefined

  /** `listener`: of the dialect that the blocks are in, the provider's or the client's. */
  constructor(check: Check, listener: Listener) {
    this.#check = check
    this.#listener = listener
  }

  /** With what the stream must end, where the answer does not fit. */
  get error(): MillraceError<'model/unmet-schema'> | undefined {
    return this.#error
  }

  /** Whether the client may get this block. Blocks that are hidden from the client are not heard here. */
  mayPass(frame: SseFrame): boolean {
    if (this.#isJudged) return this.#error === undefined
    this.#listener.listen(frame)
    const { said } = this.#listener
    if (said.finish === '') return true
    this.#isJudged = true
    const problems = this.#check.problemsIn(said)
    if (problems.length > 0) this.#error = unmet(problems)
    return this.#error === undefined
  }
}
