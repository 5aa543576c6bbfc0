import type { Money } from '../routes/facts.ts'
import type { CallRecord, RecordedAttempt } from '../routes/call-record.ts'
import type { Call } from './call.ts'
import type { AttemptOutcome } from './call-outcome.ts'

/** What of a call its route's replays need. `budgets`: with every level above them. */
export function recordOf(
  call: Call,
  o: {
    readonly attempts: readonly AttemptOutcome[]
    readonly shadows: readonly AttemptOutcome[]
    readonly budgets: readonly string[]
    readonly isCached: boolean
  },
): CallRecord {
  const { bounds, caller, diary, health, id, route, worst } = call
  const { needs, regions, ...facts } = call.facts
  return {
    id,
    tenant: caller.tenant,
    route: route.route,
    version: route.digest,
    facts: { ...facts, ...(regions && { regions: [...regions] }), ...(needs && { needs: [...needs] }) },
    health,
    worst,
    bounds,
    budgets: [...o.budgets],
    ...(o.isCached && { cached: true }),
    ...(diary.stoppedBy !== undefined && { stoppedBy: diary.stoppedBy }),
    ...(diary.downgradedBy !== undefined && { downgradedBy: diary.downgradedBy }),
    attempts: diary.taken
      .map(({ outcome, score, version }) => ({
        ...recorded(version, o.attempts),
        outcome,
        ...(score !== undefined && { score }),
      }))
      .concat(judgesOf(call, o.attempts)),
    shadows: [...new Set(o.shadows.map((one) => one.version))].map((version) => recorded(version, o.shadows)),
  }
}

/** Versions that were asked only to score another's answer. */
function judgesOf({ diary }: Call, attempts: readonly AttemptOutcome[]): RecordedAttempt[] {
  const judges = attempts.filter(
    (one) => one.kind === 'judge' && !diary.taken.some((taken) => taken.version === one.version),
  )
  return [...new Set(judges.map((one) => one.version))].map((version) => recorded(version, judges))
}

/** All tries of one version together. */
function recorded(version: string, attempts: readonly AttemptOutcome[]): RecordedAttempt {
  const own = attempts.filter((one) => one.version === version)
  const usage =
    own.findLast((one) => one.outcome === 'answered' && one.usage)?.usage ?? own.find((one) => one.usage)?.usage
  const cost = costOf(own)
  return {
    version,
    outcome: own.some((one) => one.outcome === 'answered') ? 'answered' : 'failed',
    ...(usage && { usage }),
    ...(cost && { cost }),
  }
}

/** Of attempts in one currency; undefined where a cost is unknown, which is no zero (C6). */
export function costOf(attempts: readonly AttemptOutcome[]): Money | undefined {
  const [first, ...rest] = attempts
  if (!first?.cost) return undefined
  let { nano } = first.cost
  for (const { cost } of rest) {
    if (cost?.currency !== first.cost.currency) return undefined
    nano += cost.nano
  }
  return { nano, currency: first.cost.currency }
}
