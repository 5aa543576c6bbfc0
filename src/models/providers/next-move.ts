import type { Millis } from '../../core/clock.ts'
import { type Failure, isUnauthorised } from './failure.ts'

/**
 * What a failure says of whom.
 * - `caller`: gave up. `request`: would fail anywhere. `key`: refused. `busy`: this key or account has had its share.
 * - `passing`: the target may do it next time. `target`: it will not, and another one may. `spent`: the time was used up on it.
 */
export type FailureClass = 'caller' | 'request' | 'key' | 'busy' | 'passing' | 'target' | 'spent'

/** Statuses below 500 that may pass: a request timeout, a lock, too early. */
const passing = new Set([408, 409, 425])
/** The address or the model is wrong here; not implemented. */
const notHere = new Set([404, 405, 410, 501, 505])

export function classOf(failure: Failure): FailureClass {
  switch (failure.kind) {
    case 'aborted':
      return 'caller'
    case 'total-timeout':
      return 'spent'
    case 'refused':
    case 'connect-timeout':
    case 'first-byte-timeout':
    case 'idle-timeout':
    case 'closed-early':
      return 'passing'
    case 'bad-content-type':
    case 'too-large':
    case 'garbled':
      return 'target'
    case 'status': {
      const { status, shouldRetry } = failure
      if (isUnauthorised(status)) return 'key'
      if (status === 429) return 'busy'
      if (status < 400 || notHere.has(status)) return 'target'
      return status >= 500 || passing.has(status) || shouldRetry === true ? 'passing' : 'request'
    }
  }
}

/** What has happened in this call so far, the failure itself included. */
export interface History {
  /** Attempts that were dispatched, on any target, hedges among them. */
  readonly attempts: number
  readonly onTarget: number
  /** The caller has seen content: from there on nothing can be taken back. */
  readonly hasPassedContent: boolean
  /** Candidates of the plan that were not tried. */
  readonly targetsLeft: number
  /** Other keys of this target that may be used now. */
  readonly keysLeft: number
}

export interface RetryLimits {
  /** Of the whole call, and on one target. */
  readonly attempts: number
  readonly onTarget: number
  /** A longer `Retry-After` is not waited for. */
  readonly longestRetryAfter: Millis
  /** Before the nth repetition on a target: at random up to `base * 2^(n-1)`, at most `longestDelay` (full jitter). */
  readonly base: Millis
  readonly longestDelay: Millis
  /** By the clock that `now` is of: no attempt starts after it. */
  readonly deadline: Millis
}

/** Three attempts in all: client libraries repeat twice on their own, and 3 x 3 calls on a busy provider are enough. */
export const defaultRetryLimits: Omit<RetryLimits, 'deadline'> = {
  attempts: 3,
  onTarget: 2,
  longestRetryAfter: 10_000,
  base: 500,
  longestDelay: 8000,
}

export type StopReason = FailureClass | 'content-passed' | 'attempts' | 'deadline'

export type Move =
  | { readonly move: 'repeat'; readonly after: Millis; readonly key: 'same' | 'another' }
  | { readonly move: 'next-target' }
  /** `mayComeBack`: the caller is told to try again after `Retry-After`; otherwise `x-should-retry: false`, since we have tried. */
  | { readonly move: 'stop'; readonly why: StopReason; readonly mayComeBack: boolean }

/**
 * Decides what follows a failed attempt. Pure, so that whoever asks can reserve before the next attempt, record the decision, and replay it.
 * `draw` is a number in [0, 1).
 *
 * cockatiel's retry policy was not taken: it runs the attempts itself, where each of ours needs a reservation first (C3), and draws its own chance.
 *
 * Invariants:
 * 1. After content was passed on, or the caller left, nothing follows.
 * 2. A key that was refused is not tried again, and its target not either.
 * 3. A repetition starts no earlier than `Retry-After`, and before the deadline.
 * 4. `x-should-retry: false` ends the attempts on that target.
 * 5. There are at most `limits.attempts` attempts, `limits.onTarget` of them on one target.
 */
export function nextMove(o: {
  readonly failure: Failure
  readonly history: History
  readonly now: Millis
  readonly limits: RetryLimits
  readonly draw: number
}): Move {
  const { failure, history, now, limits } = o
  const found = classOf(failure)
  if (found === 'caller' || found === 'request') return stop(found)
  if (history.hasPassedContent) return stop('content-passed')
  if (history.attempts >= limits.attempts) return stop('attempts')
  if (now >= limits.deadline) return stop('deadline')
  const repetition = mayRepeat(failure, found, history, limits) ? repeat(o, found) : undefined
  if (repetition) return repetition
  if (history.targetsLeft > 0) return { move: 'next-target' }
  return stop(found, found === 'busy' && history.attempts === 1)
}

const stop = (why: StopReason, mayComeBack = false): Move => ({ move: 'stop', why, mayComeBack })

function mayRepeat(failure: Failure, found: FailureClass, history: History, limits: RetryLimits): boolean {
  if (found !== 'passing' && found !== 'busy') return false
  if (failure.kind === 'status' && failure.shouldRetry === false) return false
  return history.onTarget < limits.onTarget
}

/** Undefined when the wait would be too long. */
function repeat(
  { failure, history, now, limits, draw }: Parameters<typeof nextMove>[0],
  found: FailureClass,
): Move | undefined {
  if (found === 'busy' && history.keysLeft > 0) return { move: 'repeat', after: 0, key: 'another' }
  const asked = failure.kind === 'status' ? failure.retryAfter : undefined
  if (asked !== undefined && asked > limits.longestRetryAfter) return undefined
  // Spread after Retry-After too, or all that were refused come back in one moment.
  const most = asked === undefined ? limits.base * 2 ** Math.max(0, history.onTarget - 1) : limits.base
  const after = (asked ?? 0) + draw * Math.min(most, limits.longestDelay)
  return now + after < limits.deadline ? { move: 'repeat', after, key: 'same' } : undefined
}
