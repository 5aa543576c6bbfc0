import type { TenantId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'

/** Owns: what this process knows of a tenant's budget tree: who stands above whom, and what they count in. For records; what is admitted, Postgres decides. */
export class BudgetLevels {
  readonly #pool: Pool
  readonly #tenant: TenantId
  #parents: ReadonlyMap<string, string> = new Map()
  #currencies: ReadonlyMap<string, string> = new Map()

  private constructor(pool: Pool, tenant: TenantId) {
    this.#pool = pool
    this.#tenant = tenant
  }

  static async open(pool: Pool, tenant: TenantId): Promise<BudgetLevels> {
    const levels = new BudgetLevels(pool, tenant)
    await levels.refresh()
    return levels
  }

  async refresh(): Promise<void> {
    const { rows } = await this.#pool.query<{ id: string; parent: string | null; currency: string }>({
      name: 'budget-levels',
      text: 'select id, parent, currency from budget where t = $1',
      values: [this.#tenant],
    })
    this.#parents = new Map(rows.flatMap(({ id, parent }) => (parent === null ? [] : [[id, parent] as const])))
    this.#currencies = new Map(rows.map(({ currency, id }) => [id, currency]))
  }

  /** What the first of these counts in. */
  currencyOf([budget]: readonly string[]): string | undefined {
    return budget === undefined ? undefined : this.#currencies.get(budget)
  }

  /** These budgets and all above them, each once. */
  of(budgets: readonly string[]): readonly string[] {
    const levels = new Set<string>()
    for (const budget of budgets)
      for (let one: string | undefined = budget; one !== undefined && !levels.has(one); one = this.#parents.get(one))
        levels.add(one)
    return [...levels]
  }
}
