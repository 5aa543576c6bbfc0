import type { Plan, PlannedAttempt } from './plan-route.ts'
import type { Scorer } from './route-version.ts'

/** What became of an attempt. `score`: by the stage's scorer; absent: it could not be scored, which is no score that suffices. */
export interface Taken {
  readonly version: string
  readonly outcome: 'answered' | 'failed'
  readonly score?: number
}

export type Move =
  /** `scorer`: the answer is to be scored before the next move. */
  | { readonly kind: 'ask'; readonly attempt: PlannedAttempt; readonly scorer?: Scorer }
  /** The answer that this version gave is the call's. */
  | { readonly kind: 'answer'; readonly version: string }
  | { readonly kind: 'failed' }

/**
 * What comes next in a plan, from what became of its attempts so far: the executor of calls and the replay of traffic walk alike. A version is
 * asked once, whatever stages name it. Where an escalation fails, the answer that was too unsure is better than none.
 */
export function nextMove({ stages }: Plan, taken: readonly Taken[]): Move {
  const outcomes = new Map(taken.map((one) => [one.version, one]))
  let kept: string | undefined
  for (const { attempts, least, scorer } of stages) {
    for (const attempt of attempts) {
      const outcome = outcomes.get(attempt.version)
      if (!outcome) return { kind: 'ask', attempt, ...(scorer && { scorer }) }
      if (outcome.outcome === 'failed') continue
      kept = outcome.version
      if (least === undefined || (outcome.score ?? -1) >= least) return { kind: 'answer', version: kept }
      break
    }
  }
  return kept === undefined ? { kind: 'failed' } : { kind: 'answer', version: kept }
}
