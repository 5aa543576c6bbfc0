import type { ErrorDetails } from '../../core/errors/entry.ts'
import { isMillraceError } from '../../core/errors/millrace-error.ts'
import { canonicalJson, type Json } from '../../core/json.ts'
import type { Evidence, Settlement } from './ports.ts'

/** How a step's body fails on purpose: with a code, with what may be done, and with what it leaves behind. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure'
  readonly code: string
  /** True: the attempt was the last one. */
  readonly isTerminal: boolean
  /** Denied by policy. */
  readonly isDenial: boolean
  /** Of an effect: whether it landed is not known, so `ifUnknown` decides (E2). */
  readonly isOutcomeUnknown: boolean
  /** Milliseconds until the next attempt, when the target said so. */
  readonly retryAfter: number | undefined
  readonly evidence: Evidence | undefined
  readonly details: Json | undefined

  constructor(
    code: string,
    message: string,
    options: {
      terminal?: boolean
      denial?: boolean
      unknown?: boolean
      retryAfter?: number
      evidence?: Evidence
      details?: Json
      cause?: unknown
    } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.isTerminal = options.terminal ?? false
    this.isDenial = options.denial ?? false
    this.isOutcomeUnknown = options.unknown ?? false
    this.retryAfter = options.retryAfter
    this.evidence = options.evidence
    this.details = options.details
  }
}

/** What an author catches: the recorded failure of a step, a wait or the run. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure'
  readonly code: string
  readonly details: Json | undefined

  constructor(code: string, message: string, details?: Json) {
    super(message)
    this.code = code
    this.details = details
  }
}

/** The attempt has lost: its position was taken, its process is going, or its time is over. The scheduler decides who tries again (E16). */
export class AttemptLost extends Error {
  override readonly name = 'AttemptLost'
}

/** The longest message that a log keeps of an error: a huge one once crashed an engine. */
const mostMessage = 2000
const mostDetails = 64 * 1024

/** An error as a settlement; a stack never gets into the log. */
export function settlementOf(error: unknown): Extract<Settlement, { error: unknown }> {
  const message = (error instanceof Error ? error.message : String(error)).slice(0, mostMessage).toWellFormed()
  if (error instanceof StepFailure || error instanceof RunFailure) {
    return { error: { code: error.code, message, ...(isKeepable(error.details) && { details: error.details }) } }
  }
  if (isMillraceError(error)) {
    const details: ErrorDetails = error.details
    const plain = Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined)) as Json
    return { error: { code: error.code, message, details: plain } }
  }
  return { error: { code: 'step/failed', message } }
}

/** The code with which an exception of the author's own code fails a run (E7); a step's failure that nobody caught keeps its own. */
export const codeOfAuthorsError = (error: unknown): string =>
  error instanceof StepFailure || error instanceof RunFailure || isMillraceError(error) ? error.code : 'run/exception'

/** Details that JSON cannot hold are dropped: a failure must never be what cannot be recorded. */
function isKeepable(details: Json | undefined): details is Json {
  try {
    return details !== undefined && canonicalJson(details).length <= mostDetails
  } catch {
    return false
  }
}

/** True when no further attempt can help. */
export const isTerminal = (error: unknown): boolean =>
  error instanceof StepFailure ? error.isTerminal : isMillraceError(error) && error.retry === 'never'
