import type { Taken } from '../routes/follow.ts'
import type { AttemptOutcome } from './call-outcome.ts'
import type { PaidAttempt } from './paid-attempt.ts'

/** Owns: which attempts a call made, and what it took from them. */
export class CallDiary {
  readonly taken: Taken[] = []
  /** The arm that the call was led to. */
  drawn: { readonly arm: string; readonly version: string } | undefined
  /** The budget that had no room, and the one past its downgrade threshold. */
  stoppedBy: string | undefined
  downgradedBy: string | undefined
  readonly #attempts: PaidAttempt[] = []
  readonly #shadows: PaidAttempt[] = []
  #beside: readonly Promise<void>[] = []

  /** Sent so far, those beside it apart. */
  get sent(): number {
    return this.#attempts.length
  }

  note(attempt: PaidAttempt): void {
    this.#attempts.push(attempt)
  }

  noteShadow(attempt: PaidAttempt): void {
    this.#shadows.push(attempt)
  }

  /** What goes on beside the call: it may still note shadows. */
  expect(beside: readonly Promise<void>[]): void {
    this.#beside = beside
  }

  /** When all attempts have been booked that the answer hung on. */
  async attempts(): Promise<readonly AttemptOutcome[]> {
    const outcomes: AttemptOutcome[] = []
    // A race may still add one while others are booked.
    for (let n = 0; n < this.#attempts.length; n++) {
      const attempt = this.#attempts[n]
      if (attempt) outcomes.push(await attempt.ended)
    }
    return outcomes
  }

  async shadows(): Promise<readonly AttemptOutcome[]> {
    await Promise.all(this.#beside)
    return Promise.all(this.#shadows.map((attempt) => attempt.ended))
  }
}
