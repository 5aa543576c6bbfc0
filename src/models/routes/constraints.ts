import { type Capability, type DataClass, dataClasses, type Tier, tiers } from '../../sdk/models.ts'
import type { Money, RequestFacts } from './facts.ts'
import type { ModelVersion } from './model-version.ts'
import type { RoutePolicy } from './route-version.ts'

export type ConstraintName = 'region' | 'data-class' | 'tier' | 'cost' | 'capability' | 'issuer'

/** Why a model may not be asked: the constraint, and what of the model did not satisfy it. */
export interface Breach {
  readonly constraint: ConstraintName
  readonly why: string
}

/** What a call demands of whoever answers it: the route's constraints and the request's together. */
export interface Demands {
  /** Every set must hold the model's region. */
  readonly regions: readonly (readonly string[])[]
  readonly dataClass: DataClass
  readonly mostDataClass: DataClass | undefined
  readonly leastTier: Tier | undefined
  /** Each is a limit of its own. */
  readonly mostTiers: readonly Tier[]
  readonly mostCosts: readonly Money[]
  readonly needs: readonly Capability[]
}

export function demandsOf({ constraints }: RoutePolicy, facts: RequestFacts): Demands {
  const { regions, mostDataClass, leastTier, mostTier, mostCost } = constraints
  return {
    regions: present([regions, facts.regions]),
    dataClass: facts.dataClass,
    mostDataClass,
    leastTier,
    mostTiers: present([mostTier, facts.mostTier]),
    mostCosts: present([mostCost && { nano: BigInt(mostCost.nano), currency: mostCost.currency }, facts.mostCost]),
    needs: facts.needs ?? [],
  }
}

/**
 * The first constraint that the model breaks, always looked for in the same order; undefined: it may be asked.
 * What is not known of it does not satisfy: an unknown region is in no region, an unknown cost is over every limit (C6).
 */
export function breachOf(demands: Demands, model: ModelVersion, worst: Money | undefined): Breach | undefined {
  const { dataClass, mostDataClass, leastTier, needs } = demands
  if (mostDataClass && dataClasses.indexOf(dataClass) > dataClasses.indexOf(mostDataClass))
    return { constraint: 'data-class', why: `the route takes data up to ${mostDataClass}, and this is ${dataClass}` }
  if (!model.sees.includes(dataClass))
    return {
      constraint: 'data-class',
      why: `it may see ${model.sees.join(', ') || 'nothing'}, and this is ${dataClass}`,
    }
  for (const regions of demands.regions)
    if (model.region === undefined || !regions.includes(model.region))
      return {
        constraint: 'region',
        why: `it is in ${model.region ?? 'no known region'}, not in ${regions.join(' or ')}`,
      }
  if (leastTier && tiers.indexOf(model.tier) < tiers.indexOf(leastTier))
    return { constraint: 'tier', why: `it is ${model.tier}, and at least ${leastTier} is demanded` }
  for (const mostTier of demands.mostTiers)
    if (tiers.indexOf(model.tier) > tiers.indexOf(mostTier))
      return { constraint: 'tier', why: `it is ${model.tier}, and at most ${mostTier} may be asked` }
  const lacks = needs.find((need) => model.capabilities && !model.capabilities.includes(need))
  if (lacks) return { constraint: 'capability', why: `it cannot do ${lacks}` }
  for (const most of demands.mostCosts) {
    if (!worst) return { constraint: 'cost', why: 'its price is not known' }
    if (worst.currency !== most.currency)
      return { constraint: 'cost', why: `it is priced in ${worst.currency}, the limit is in ${most.currency}` }
    if (worst.nano > most.nano)
      return {
        constraint: 'cost',
        why: `it may cost ${worst.nano} billionths of ${most.currency}, at most ${most.nano} are allowed`,
      }
  }
  return undefined
}

const present = <T>(values: readonly (T | undefined)[]): T[] => values.filter((value) => value !== undefined)
