import type { Millis } from '../../core/clock.ts'

/**
 * How long a statement of the engine is waited for (E8): one connection that was silent for half a second held 50 other runs for 15 s, as
 * long as the pool's own timeout. A healthy one takes milliseconds; a disk that stalls may take a second.
 */
export const quick: Millis = 2000

/** A client-side timeout of one statement. The pool then throws its connection away: what became of the statement is not known. */
export const within = (ms: Millis): { readonly query_timeout: Millis } => ({ query_timeout: ms })
