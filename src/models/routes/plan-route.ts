import { type Breach, breachOf, type Demands, demandsOf } from './constraints.ts'
import type { Illness, RequestFacts, RouteInputs } from './facts.ts'
import { armOf, unit } from './rendezvous.ts'
import { modelOf, type RoutePolicy, type RouteTarget, type RouteVersion, type Scorer } from './route-version.ts'

/** Where in a route a model stands. */
export type Place = 'target' | 'fallback' | 'cascade' | 'judge' | 'shadow'

/** Why this model, at this place of the order. */
export type Reason = 'only-target' | 'sticky' | 'drawn' | 'fallback' | 'escalation' | 'pinned'

export interface PlannedAttempt extends RouteTarget {
  readonly reason: Reason
}

/** Asked in order until one answers. Where `scorer` is set and the answer scores below `least`, the next stage is asked. */
export interface Stage {
  readonly attempts: readonly PlannedAttempt[]
  readonly scorer?: Scorer
  readonly least?: number
}

export interface Refusal extends Breach {
  readonly version: string
  readonly place: Place
}

export interface Passed {
  readonly version: string
  readonly place: Place
  readonly why: Illness
}

/** What is to be done with a call; no stage: nobody may or can be asked, `refusals` and `passed` say why. */
export interface Plan {
  readonly stages: readonly Stage[]
  /** Versions that are asked beside. */
  readonly shadows: readonly string[]
  readonly refusals: readonly Refusal[]
  /** May be asked, and are ill. */
  readonly passed: readonly Passed[]
}

/**
 * How a call is routed: a function of its inputs and nothing else, so that recorded inputs give the same plan for ever.
 *
 * 1. Constraints filter every candidate before any order: targets, fallback, cascade, judge, shadows. What is unknown is refused.
 * 2. A key has one arm as long as arms and weights stay (rendezvous.ts). The choice is among the targets that may be asked; illness does not
 *    change it: a key whose arm is ill goes to the fallback, and no other arm of the experiment.
 * 3. No stage names a version twice, and no later stage one that an earlier stage asks first.
 * 4. A shadow is never the one that is asked first.
 * 5. A call that is pinned goes to that version or to nobody, wherever in the route it stands.
 * 6. A cascade whose judge may not be asked begins at its last stage: an answer that nobody can score is never taken for a sure one.
 */
export function planRoute({ route, facts, health, worst }: RouteInputs): Plan {
  const sieve = new Sieve(route, demandsOf(route.policy, facts), health, worst)
  if (facts.pinned !== undefined) return pinnedPlan(route, facts.pinned, sieve)
  const arms = route.policy.targets.filter((one) => sieve.may(one.version, 'target'))
  const arm = armOf(route.route, facts.key ?? facts.draw, arms)
  const first = arm && sieve.isWell(arm.version, 'target') ? [{ ...plain(arm), reason: reasonOf(arms, facts) }] : []
  const fallback = route.policy.fallback
    .filter((one) => sieve.may(one.version, 'fallback') && sieve.isWell(one.version, 'fallback'))
    .map((one): PlannedAttempt => ({ ...one, reason: 'fallback' }))
  const stages = cascaded(route.policy, sieve, first, fallback)
  return { stages, shadows: shadowsOf(route, sieve, facts, stages), refusals: sieve.refusals, passed: sieve.passed }
}

function pinnedPlan({ policy }: RouteVersion, version: string, sieve: Sieve): Plan {
  const found = [...policy.targets, ...policy.fallback, ...(policy.cascade?.then ?? [])].find(
    (one) => one.version === version,
  )
  if (!found) {
    const why = 'the version that gave what this goes on from is not in the route any more'
    return { stages: [], shadows: [], refusals: [{ version, place: 'target', constraint: 'issuer', why }], passed: [] }
  }
  const mayAsk = sieve.may(version, 'target') && sieve.isWell(version, 'target')
  const stages = mayAsk ? [{ attempts: [{ ...plain(found), reason: 'pinned' as const }] }] : []
  return { stages, shadows: [], refusals: sieve.refusals, passed: sieve.passed }
}

/** The stages of a route: one, or those of its cascade. */
function cascaded(
  { cascade }: RoutePolicy,
  sieve: Sieve,
  first: readonly PlannedAttempt[],
  fallback: readonly PlannedAttempt[],
): readonly Stage[] {
  const base = distinct([...first, ...fallback])
  if (!cascade) return base.length > 0 ? [{ attempts: base }] : []
  const asked = new Set(base.slice(0, 1).map((one) => one.version))
  const escalations = distinct(
    cascade.then
      .filter((one) => sieve.may(one.version, 'cascade') && sieve.isWell(one.version, 'cascade'))
      .map((one): PlannedAttempt => ({ ...one, reason: 'escalation' })),
  ).filter((one) => !asked.has(one.version))
  const { scorer, least } = cascade
  const canScore =
    scorer.by !== 'judge' || (sieve.may(scorer.version, 'judge') && sieve.isWell(scorer.version, 'judge'))
  const last = escalations.at(-1)
  if (!canScore && last) return [{ attempts: distinct([last, ...fallback]) }]
  const sets = [base, ...escalations.map((one) => [one])].filter((attempts) => attempts.length > 0)
  return sets.map((attempts, n) => ({ attempts, ...(n < sets.length - 1 && { scorer, least }) }))
}

function shadowsOf(
  { policy, route }: RouteVersion,
  sieve: Sieve,
  { draw }: RequestFacts,
  stages: readonly Stage[],
): readonly string[] {
  if (stages.length === 0) return []
  const first = stages[0]?.attempts[0]?.version
  const chosen = policy.shadows.filter(
    ({ version, share }) =>
      version !== first &&
      unit(route, `shadow ${version}`, draw) < share &&
      sieve.may(version, 'shadow') &&
      sieve.isWell(version, 'shadow'),
  )
  return [...new Set(chosen.map((one) => one.version))]
}

/** Holds each candidate against what the call demands, and notes what did not pass. */
class Sieve {
  readonly refusals: Refusal[] = []
  readonly passed: Passed[] = []
  readonly #route: RouteVersion
  readonly #demands: Demands
  readonly #health: RouteInputs['health']
  readonly #worst: RouteInputs['worst']

  constructor(route: RouteVersion, demands: Demands, health: RouteInputs['health'], worst: RouteInputs['worst']) {
    this.#route = route
    this.#demands = demands
    this.#health = health
    this.#worst = worst
  }

  may(version: string, place: Place): boolean {
    const breach = breachOf(this.#demands, modelOf(this.#route, version), this.#worst[version])
    if (breach) this.refusals.push({ version, place, ...breach })
    return breach === undefined
  }

  isWell(version: string, place: Place): boolean {
    const why = this.#health[version]
    if (why) this.passed.push({ version, place, why })
    return why === undefined
  }
}

const reasonOf = (arms: readonly { readonly weight: number }[], { key }: RequestFacts): Reason =>
  arms.filter((one) => one.weight > 0).length === 1 ? 'only-target' : key === undefined ? 'drawn' : 'sticky'

const plain = ({ arm, version, timeouts, onHangUp }: RouteTarget): RouteTarget => ({ arm, version, timeouts, onHangUp })

function distinct(attempts: readonly PlannedAttempt[]): readonly PlannedAttempt[] {
  const seen = new Set<string>()
  return attempts.filter(({ version }) => !seen.has(version) && seen.add(version))
}
