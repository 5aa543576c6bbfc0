import { timeOf } from '../../core/ids.ts'
import { costOf, type Price, worstOf } from '../cost/price.ts'
import type { Usage } from '../cost/usage.ts'
import { type BudgetReplay, loweredTier } from './budget-replay.ts'
import type { CallRecord, RecordedAttempt } from './call-record.ts'
import type { ConstraintName } from './constraints.ts'
import type { Money, RequestFacts } from './facts.ts'
import { nextMove, type Taken } from './follow.ts'
import type { ModelVersion } from './model-version.ts'
import { type Plan, planRoute, type Refusal } from './plan-route.ts'
import { modelOf, type RouteVersion } from './route-version.ts'

/** What calls are held against in a replay. */
export interface Proposed {
  readonly route: RouteVersion
  readonly budgets: BudgetReplay
  /** The price of a model at a moment, and whether it is one that is proposed: then what was booked does not count. */
  readonly priceOf: (
    model: ModelVersion,
    at: number,
  ) => { readonly price: Price; readonly isProposed: boolean } | undefined
}

/** What a proposal would have made of one call. */
export interface Replayed {
  /** In order. */
  readonly asked: readonly string[]
  readonly answeredBy: string | undefined
  readonly shadows: readonly string[]
  /** Why nobody was asked. */
  readonly refusedBy: ConstraintName | 'budget' | undefined
  readonly isUnavailable: boolean
  readonly refusals: readonly Refusal[]
  readonly costs: readonly Money[]
  /** Answers whose cost is not known. */
  readonly unpriced: number
  /** Costs that follow from what another model used. */
  readonly estimated: number
  /** Scores that were taken to suffice, since nobody gave them. */
  readonly assumedScores: number
  /** Versions of the prices that were counted with. */
  readonly prices: readonly string[]
}

/**
 * One call again, from what is recorded of it, with nobody asked. A version that was asked then fares as it did; another one is taken to answer,
 * to use as many tokens as the answer that there was, and to satisfy its cascade.
 */
export function replayCall(proposed: Proposed, record: CallRecord): Replayed {
  const { budgets, route } = proposed
  const at = timeOf(record.id)
  const bill = new Bill(proposed, record)
  if (record.stoppedBy !== undefined && !budgets.has(record.stoppedBy)) return bill.done({ refusedBy: 'budget' })
  const wasShort = record.downgradedBy !== undefined && !budgets.has(record.downgradedBy)
  const isShort = wasShort || (!budgets.isEmpty && budgets.isShort(record.budgets, at))
  const facts: RequestFacts = isShort ? { ...record.facts, mostTier: loweredTier(route) } : record.facts
  const plan = planRoute({ route, facts, health: record.health, worst: bill.worst })
  if (plan.stages.length === 0)
    return bill.done({ plan, refusedBy: plan.passed.length > 0 ? undefined : plan.refusals[0]?.constraint })
  const taken: Taken[] = []
  for (;;) {
    const move = nextMove(plan, taken)
    if (move.kind !== 'ask') {
      if (taken.length > 0) for (const shadow of plan.shadows) bill.pay(shadow)
      return bill.done({ plan, taken, answeredBy: move.kind === 'answer' ? move.version : undefined })
    }
    const { version } = move.attempt
    if (budgets.refusal(record.budgets, at, bill.worst[version]) !== undefined) {
      const kept = taken.findLast((one) => one.outcome === 'answered')?.version // an unsure answer is better than none
      return bill.done({ plan, taken, answeredBy: kept, refusedBy: kept === undefined ? 'budget' : undefined })
    }
    const known = bill.known(version)
    const score = known?.score ?? (move.scorer ? bill.assumeScore() : undefined)
    bill.pay(version, move.scorer?.by === 'agreement' && !known ? move.scorer.samples : 1)
    if (move.scorer?.by === 'judge') bill.pay(move.scorer.version)
    taken.push({ version, outcome: known?.outcome ?? 'answered', ...(score !== undefined && { score }) })
  }
}

/** Adds up what a replayed call costs. */
class Bill {
  readonly worst: Readonly<Record<string, Money>>
  readonly #proposed: Proposed
  readonly #record: CallRecord
  readonly #costs = new Map<string, bigint>()
  readonly #prices = new Set<string>()
  #unpriced = 0
  #estimated = 0
  #assumed = 0

  constructor(proposed: Proposed, record: CallRecord) {
    this.#proposed = proposed
    this.#record = record
    this.worst = this.#worstCases()
  }

  /** What became of a version in the call as it was. */
  known(version: string): RecordedAttempt | undefined {
    return [...this.#record.attempts, ...this.#record.shadows].find((one) => one.version === version)
  }

  assumeScore(): number {
    this.#assumed++
    return 1
  }

  pay(version: string, times = 1): void {
    const known = this.known(version)
    const found = this.#priceOf(version)
    if (known && !found?.isProposed) {
      if (known.cost) return this.#add(known.cost)
      if (known.outcome === 'failed') return
    }
    if (known?.outcome === 'failed' && !known.usage) return
    const usage = known?.usage ?? this.#usageThen()
    if (!found || !usage) return void this.#unpriced++
    const nano = costOf(found.price, usage)
    if (nano === undefined) return void this.#unpriced++
    if (!known?.usage) this.#estimated++
    this.#prices.add(found.price.version)
    this.#add({ nano: nano * BigInt(times), currency: found.price.currency })
  }

  done(o: {
    readonly plan?: Plan
    readonly taken?: readonly Taken[]
    readonly answeredBy?: string | undefined
    readonly refusedBy?: Replayed['refusedBy']
  }): Replayed {
    const { plan, taken = [] } = o
    return {
      asked: taken.map((one) => one.version),
      answeredBy: o.answeredBy,
      shadows: taken.length > 0 ? (plan?.shadows ?? []) : [],
      refusedBy: o.refusedBy,
      isUnavailable: o.refusedBy === undefined && taken.length === 0,
      refusals: plan?.refusals ?? [],
      costs: [...this.#costs].map(([currency, nano]) => ({ nano, currency })),
      unpriced: this.#unpriced,
      estimated: this.#estimated,
      assumedScores: this.#assumed,
      prices: [...this.#prices],
    }
  }

  #add({ currency, nano }: Money): void {
    this.#costs.set(currency, (this.#costs.get(currency) ?? 0n) + nano)
    this.#proposed.budgets.spend(this.#record.budgets, timeOf(this.#record.id), { nano, currency })
  }

  #priceOf(version: string): ReturnType<Proposed['priceOf']> {
    return this.#proposed.priceOf(modelOf(this.#proposed.route, version), timeOf(this.#record.id))
  }

  #usageThen(): Usage | undefined {
    const { attempts } = this.#record
    return (attempts.findLast((one) => one.outcome === 'answered' && one.usage) ?? attempts.find((one) => one.usage))
      ?.usage
  }

  /** As recorded, else computed, for whom the proposal may ask; only where something is held against them. */
  #worstCases(): Readonly<Record<string, Money>> {
    const { budgets, route } = this.#proposed
    const { bounds, facts, worst } = this.#record
    if (budgets.isEmpty && !route.policy.constraints.mostCost && !facts.mostCost) return worst
    const cases: Record<string, Money> = {}
    for (const version of Object.keys(route.models)) {
      const found = this.#priceOf(version)
      const recorded = worst[version]
      if (recorded && !found?.isProposed) cases[version] = recorded
      else if (found) {
        const nano = worstOf(found.price, bounds)
        if (nano === undefined) continue
        cases[version] = { nano, currency: found.price.currency }
        this.#prices.add(found.price.version)
      }
    }
    return cases
  }
}
