import type { z } from 'zod'
import type { Instant } from '../../core/clock.ts'
import { type budgetDeclaration } from '../../sdk/costs.ts'
import { type Tier, tiers } from '../../sdk/models.ts'
import type { Money } from './facts.ts'
import type { RouteVersion } from './route-version.ts'

export type ProposedBudget = z.output<typeof budgetDeclaration>

/** The best tier that is still asked when a budget runs short: the cheapest of the route's own, so that somebody is left to ask. */
export const loweredTier = ({ models }: RouteVersion): Tier =>
  tiers.find((tier) => Object.values(models).some((one) => one.tier === tier)) ?? 'economy'

/**
 * Walks proposed budgets through recorded calls, one after the other: what is held is settled before the next call comes, so that calls that
 * were in flight together may in truth be refused a little sooner.
 */
export class BudgetReplay {
  readonly #budgets: ReadonlyMap<string, ProposedBudget>
  readonly #spent = new Map<string, bigint>()

  constructor(budgets: readonly ProposedBudget[]) {
    this.#budgets = new Map(budgets.map((one) => [one.id, one]))
  }

  /** Whether a proposal speaks of this budget. */
  has(id: string): boolean {
    return this.#budgets.has(id)
  }

  get isEmpty(): boolean {
    return this.#budgets.size === 0
  }

  /** One of the budgets has passed its downgrade threshold. */
  isShort(ids: readonly string[], at: Instant): boolean {
    return this.#of(ids).some(
      (one) => one.downgrade !== undefined && this.#spentOf(one, at) * 100n >= one.cap * BigInt(one.downgrade),
    )
  }

  /** The budget that refuses an attempt that may cost this much, if one does. An unknown price is not admitted where a budget applies (C6). */
  refusal(ids: readonly string[], at: Instant, worst: Money | undefined): string | undefined {
    return this.#of(ids).find(
      (one) =>
        worst?.currency !== one.currency || (this.#spentOf(one, at) + worst.nano) * 100n > one.cap * BigInt(one.stop),
    )?.id
  }

  spend(ids: readonly string[], at: Instant, cost: Money): void {
    for (const one of this.#of(ids))
      if (one.currency === cost.currency) this.#spent.set(keyOf(one, at), this.#spentOf(one, at) + cost.nano)
  }

  #of(ids: readonly string[]): ProposedBudget[] {
    return ids.flatMap((id) => this.#budgets.get(id) ?? [])
  }

  #spentOf(budget: ProposedBudget, at: Instant): bigint {
    return this.#spent.get(keyOf(budget, at)) ?? 0n
  }
}

const day = 86_400_000

/** Periods are those of UTC; weeks begin on Monday, as `budget_period_name` has them. */
function keyOf({ id, period }: ProposedBudget, at: Instant): string {
  if (period === 'all') return `${id} all`
  const monday = at - ((new Date(at).getUTCDay() + 6) % 7) * day
  const start = new Date(period === 'week' ? monday : at).toISOString()
  return `${id} ${start.slice(0, period === 'month' ? 7 : 10)}`
}
