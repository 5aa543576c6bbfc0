import type { MillraceError } from '../../core/errors/millrace-error.ts'
import { loweredTier } from '../routes/budget-replay.ts'
import { nextMove, type Taken } from '../routes/follow.ts'
import { type Plan, type PlannedAttempt, planRoute } from '../routes/plan-route.ts'
import { whyNobody } from '../routes/refused.ts'
import type { ModelVersion } from '../routes/model-version.ts'
import { modelOf } from '../routes/route-version.ts'
import type { Answer } from './answer.ts'
import type { Asker } from './asking.ts'
import type { Call } from './call.ts'
import type { SaidByProvider } from './paid-attempt.ts'
import { scoreOf } from './scoring.ts'

/** The answer of a call, by the version that the plan names for it. */
export interface Walked {
  readonly answer: Answer
  readonly planned: PlannedAttempt
}

/** Nobody answered. `said`: the provider's own words, in the client's dialect, if they say more than ours. */
export interface Unanswered {
  readonly error: MillraceError
  readonly said: SaidByProvider | undefined
  /** Who was asked last. */
  readonly by?: ModelVersion
}

/**
 * Walks a plan, version after version, until one has answered well enough. A budget that is past its downgrade threshold makes a new plan of the same
 * inputs, with the route's cheapest tier as the highest; what was asked before counts there too.
 */
export async function walk(call: Call, plan: Plan, asker: Asker, listens: boolean): Promise<Walked | Unanswered> {
  const { taken } = call.diary
  const answers = new Map<string, Walked>()
  let present = plan
  let last: Unanswered | undefined
  for (;;) {
    const move = nextMove(present, taken)
    if (move.kind === 'answer') return found(answers, move.version)
    if (move.kind === 'failed') break
    const { attempt: planned, scorer } = move
    const asked = await asker.ask(call, planned, {
      isFirst: taken.length === 0,
      left: left(present, taken),
      wantsWhole: scorer !== undefined,
      isChecked: scorer?.by !== 'schema',
      listens,
    })
    if (asked.kind === 'answered') {
      const { answer } = asked
      answers.set(planned.version, { answer, planned })
      const score = scorer && (await scoreOf({ answer, asker, call, planned, scorer }))
      taken.push({ version: planned.version, outcome: 'answered', ...(score !== undefined && { score }) })
      continue
    }
    last = { error: asked.error, said: asked.said, by: modelOf(call.route, planned.version) }
    if (asked.then === 'downgrade') {
      const lower = lowered(call)
      if (lower.stages.length === 0) return { error: whyNobody(call.route, lower), said: undefined }
      present = lower
      continue
    }
    taken.push({ version: planned.version, outcome: 'failed' })
    if (asked.then === 'stop') break
  }
  // An answer that was too unsure is better than none.
  const kept = taken.findLast((one) => one.outcome === 'answered')
  if (kept) return found(answers, kept.version)
  if (!last) throw new TypeError('a plan with a stage asks somebody')
  return last
}

/** Every model above the route's cheapest tier is refused, so that it does not come to a second downgrade. */
const lowered = ({ facts, health, route, worst }: Call): Plan =>
  planRoute({ route, facts: { ...facts, mostTier: loweredTier(route) }, health, worst })

/** Versions that may be asked after the next one. */
const left = (plan: Plan, taken: readonly Taken[]): number =>
  plan.stages.flatMap(({ attempts }) => attempts).length - taken.length - 1

function found(answers: ReadonlyMap<string, Walked>, version: string): Walked {
  const walked = answers.get(version)
  if (walked) return walked
  throw new TypeError(`${version} answered, and its answer is not here`)
}
