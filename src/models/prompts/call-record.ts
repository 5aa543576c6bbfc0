import type { Json } from '../../core/json.ts'
import type { AttemptOutcome, CallOutcome } from '../gateway/call-outcome.ts'

/** A call as a run's record keeps it: who was asked and who answered, why, from where, how often, and for how much. No text of it. */
export function recordOf(outcome: CallOutcome): Json {
  const { answered, attempts, cache, cost, error, usage } = outcome
  return {
    id: outcome.id,
    asked: outcome.asked,
    route: outcome.route,
    routeVersion: outcome.routeVersion,
    dataClass: outcome.dataClass,
    ms: Math.round(outcome.total),
    status: outcome.status,
    ...(answered && {
      model: answered.model,
      version: answered.version,
      provider: answered.provider,
      arm: answered.arm,
      reason: answered.reason,
      ...(answered.reported !== undefined && { reported: answered.reported }),
    }),
    ...(cache && { cache: { kind: cache.kind, from: cache.from, ...moneyOf('saved', cache.saved) } }),
    ...(error && { error: { code: error.code, kind: error.kind } }),
    ...(usage && { usage: { ...usage } }),
    ...moneyOf('cost', cost),
    attempts: attempts.map(attemptOf),
  }
}

const attemptOf = (attempt: AttemptOutcome): Json => ({
  reservation: attempt.reservation,
  kind: attempt.kind,
  version: attempt.version,
  model: attempt.model,
  outcome: attempt.outcome,
  ms: Math.round(attempt.total),
  ...(attempt.error !== undefined && { error: attempt.error }),
  ...moneyOf('cost', attempt.cost),
  ...(attempt.price !== undefined && { price: attempt.price }),
})

/** Nano-units as text: a number loses the last of them. */
function moneyOf(name: string, money: AttemptOutcome['cost']): { readonly [name: string]: Json } {
  return money ? { [name]: { nano: String(money.nano), currency: money.currency } } : {}
}
