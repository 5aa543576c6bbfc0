import { z } from 'zod'
import type { Clock, Instant, Millis } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { type PlanId, mintId, type TenantId } from '../../core/ids.ts'
import type { Random } from '../../core/random.ts'
import { budgetDeclaration } from '../../sdk/costs.ts'
import type { Pool } from '../../store/pool.ts'
import { readDeclaredPrices } from '../cost/declared-prices.ts'
import type { PriceBook } from '../cost/price-book.ts'
import { BudgetReplay } from './budget-replay.ts'
import { planTraffic, trafficPlan, type TrafficPlan } from './plan-traffic.ts'
import type { Proposed } from './replay-call.ts'
import type { RouteRegistry } from './route-registry.ts'
import { routeRow } from './route-statements.ts'
import type { RouteVersion } from './route-version.ts'
import type { TrafficLog, Window } from './traffic-log.ts'

/** Calls that ended this shortly ago may not be recorded yet: a plan that holds some of them could not be repeated. */
const settlesWithin = 30_000
/** How far back a plan looks. */
const usualWindow: Millis = 86_400_000
/** As many as a plan replays in some ten seconds; the oldest of the window come first. */
const mostPlanned = 200_000

/** What is proposed beside the route, as the project's settings declare it. Prices hold for all of the window. */
interface Proposal {
  readonly prices: readonly unknown[]
  readonly budgets: readonly unknown[]
}

const storedBody = z.strictObject({
  window: z.strictObject({ from: z.number(), to: z.number(), most: z.number() }),
  prices: z.array(z.unknown()),
  budgets: z.array(z.unknown()),
  result: trafficPlan,
})

export interface StoredPlan {
  readonly id: PlanId
  readonly route: string
  /** The version that it proposes. */
  readonly digest: string
  /** The version that answered when it was made; undefined: none did. */
  readonly base: string | undefined
  readonly window: { readonly from: Instant; readonly to: Instant; readonly most: number }
  readonly result: TrafficPlan
}

export interface PlanRequest {
  readonly tenant: TenantId
  readonly route: string
  /** The version that answers, unless another is named by its digest or the beginning. */
  readonly version?: string | undefined
  /** Price declarations (`millrace.config.ts`). Errors: `cost/bad-price`. */
  readonly prices?: readonly unknown[] | undefined
  /** Budget declarations. Errors: `cost/bad-budget`. */
  readonly budgets?: readonly unknown[] | undefined
  /** The first moment of the window; unless it is said, a day ago. */
  readonly from?: Instant | undefined
  readonly to?: Instant | undefined
  readonly most?: number | undefined
}

/** Owns: plans that were made. Does not own: what a replay is (plan-traffic.ts), which version answers (route-registry.ts). */
export class RoutePlanner {
  readonly #pool: Pool
  readonly #registry: RouteRegistry
  readonly #traffic: TrafficLog
  readonly #prices: PriceBook
  readonly #clock: Clock
  readonly #random: Random

  constructor(o: {
    readonly pool: Pool
    readonly registry: RouteRegistry
    readonly traffic: TrafficLog
    readonly prices: PriceBook
    readonly clock: Clock
    readonly random: Random
  }) {
    this.#pool = o.pool
    this.#registry = o.registry
    this.#traffic = o.traffic
    this.#prices = o.prices
    this.#clock = o.clock
    this.#random = o.random
  }

  /** Replays the route's recorded calls on a version, and keeps the outcome. Errors: `model/no-such-route`, `model/no-such-version`, `cost/bad-price`. */
  async plan(o: PlanRequest): Promise<StoredPlan> {
    const { tenant, route } = o
    const version = await this.#registry.version(tenant, route, o.version)
    const base = (await routeRow(this.#pool, tenant, route))?.digest
    const latest = this.#clock.today() - settlesWithin
    const window = {
      from: o.from ?? this.#clock.today() - usualWindow,
      to: Math.min(o.to ?? latest, latest),
      most: Math.min(o.most ?? mostPlanned, mostPlanned),
    }
    const [prices, budgets] = [o.prices ?? [], o.budgets ?? []]
    const result = await this.#replay(version, { tenant, route, ...window }, { prices, budgets })
    const id = mintId('pln', this.#clock.today(), this.#random)
    await this.#pool.query(
      'insert into route_plan (t, id, route, digest, base, body) values ($1, $2, $3, $4, $5, $6)',
      [tenant, id, route, version.digest, base ?? null, JSON.stringify({ window, prices, budgets, result })],
    )
    return { id, route, digest: version.digest, base, window, result }
  }

  /** Errors: `model/no-such-plan`. */
  async show(tenant: TenantId, id: string): Promise<StoredPlan> {
    const { plan } = await this.#read(tenant, id)
    return plan
  }

  /**
   * Replays a plan's calls on its version again. `isSame`: each call came out as it did then; where it is not, `hasSameTraffic` says whether the
   * recorded calls are the same, so that only a price of the book can have changed. Errors: `model/no-such-plan`.
   */
  async again(
    tenant: TenantId,
    id: string,
  ): Promise<{ readonly isSame: boolean; readonly hasSameTraffic: boolean; readonly result: TrafficPlan }> {
    const { body, plan } = await this.#read(tenant, id)
    const version = await this.#registry.version(tenant, plan.route, plan.digest)
    const result = await this.#replay(version, { tenant, route: plan.route, ...plan.window }, body)
    const hasSameTraffic = result.traffic === plan.result.traffic
    return { isSame: hasSameTraffic && result.digest === plan.result.digest, hasSameTraffic, result }
  }

  async #read(
    tenant: TenantId,
    id: string,
  ): Promise<{ readonly plan: StoredPlan; readonly body: z.output<typeof storedBody> }> {
    const { rows } = await this.#pool.query<{ route: string; digest: string; base: string | null; body: unknown }>(
      'select route, digest, base, body from route_plan where t = $1 and id = $2',
      [tenant, id],
    )
    const [row] = rows
    if (!row) throw new MillraceError('model/no-such-plan', { plan: id.slice(0, 100), route: 'any' })
    const body = storedBody.parse(row.body)
    const { base, digest, route } = row
    const { result, window } = body
    return { body, plan: { id: id as PlanId, route, digest, base: base ?? undefined, window, result } } // the table holds no other ids
  }

  async #replay(route: RouteVersion, window: Window, { budgets, prices }: Proposal): Promise<TrafficPlan> {
    const walked = new BudgetReplay(budgets.map(readBudget))
    return planTraffic({ route, budgets: walked, priceOf: this.#pricing(prices) }, this.#traffic.read(window))
  }

  /** A proposed price holds whenever the call was: it says what such calls would cost. */
  #pricing(declared: readonly unknown[]): Proposed['priceOf'] {
    const proposed = readDeclaredPrices(declared)
    return ({ provider, upstream }, at) => {
      const other = proposed.findLast((one) => one.price.provider === provider && one.price.model === upstream)
      if (other) return { price: other.price, isProposed: true }
      const price = this.#prices.priceOf({ provider, model: upstream, at })
      return price && { price, isProposed: false }
    }
  }
}

function readBudget(declared: unknown): z.output<typeof budgetDeclaration> {
  const read = budgetDeclaration.safeParse(declared)
  if (read.success) return read.data
  const why = read.error.issues.map(({ message, path }) => `${path.join('.')}: ${message}`).join('; ')
  throw new MillraceError('cost/bad-budget', { budget: 'of the proposal', why })
}
