import type { Clock, Millis } from '../core/clock.ts'
import type { ParsedMail, Unreadable } from './parse-mail.ts'
import { ParserThread } from './parser-thread.ts'

/** What people write is smaller, its pictures not counted; what costs seconds to parse is larger. */
const large = 256 * 1024

/**
 * Owns: which of two threads parses a mail. Does not own: the threads' limits. Large mail waits for large mail only: one thread for all let a mail
 * of 25 MB, whose parsing takes seconds, hold up every other. The second thread starts with the first large mail.
 */
export class MailParser {
  readonly #small: ParserThread
  readonly #large: ParserThread

  constructor(clock: Clock, limits: { readonly work?: Millis } = {}) {
    this.#small = new ParserThread(clock, limits)
    this.#large = new ParserThread(clock, limits)
  }

  /** Errors: `intake/stopping`, and whatever keeps a thread from starting. */
  parse(bytes: Uint8Array): Promise<ParsedMail | Unreadable> {
    return (bytes.length < large ? this.#small : this.#large).parse(bytes)
  }

  async close(): Promise<void> {
    await Promise.all([this.#small.close(), this.#large.close()])
  }
}
