import type { TenantId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'

/** Owns: what this process knows of a tenant's budget tree: who stands above whom. For records; what is admitted, Postgres decides. */
export class BudgetLevels {
  readonly #pool: Pool
  readonly #tenant: TenantId
  #parents: ReadonlyMap<string, string> = new Map()

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
    const { rows } = await this.#pool.query<{ id: string; parent: string }>({
      name: 'budget-levels',
      text: 'select id, parent from budget where t = $1 and parent is not null',
      values: [this.#tenant],
    })
    this.#parents = new Map(rows.map(({ id, parent }) => [id, parent]))
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
