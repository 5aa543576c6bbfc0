import { z } from 'zod'
import type { PersonId, TenantId } from '../../core/ids.ts'
import { budgetDeclaration } from '../../sdk/costs.ts'
import { type Pool, transaction } from '../../store/pool.ts'
import { badBudget, type Declared, refuseBadThresholds, refuseBadTree, writeBudgets } from './budgets.ts'
import type { CostAudit } from './cost-audit.ts'

const { shape } = budgetDeclaration
const change = budgetDeclaration.omit({ id: true }).extend({ stop: shape.stop.removeDefault() }).partial()

/** What is to be another one; of a budget that is not there yet, currency, cap and period must be said. */
export type BudgetChange = z.input<typeof change>

/**
 * Changes a budget, or adds one: at once, in every process. It stays until the settings say something else of it than they do now.
 * Errors: `cost/bad-budget`.
 */
export async function setBudget(
  pool: Pool,
  audit: CostAudit,
  q: { readonly tenant: TenantId; readonly actor: PersonId; readonly id: string; readonly change: BudgetChange },
): Promise<void> {
  const { actor, id, tenant } = q
  const parsed = change.safeParse(q.change)
  if (!parsed.success) throw badBudget(id, z.prettifyError(parsed.error).replaceAll('\n', ' '))
  await transaction(pool, async (connection) => {
    // All of the tree: two changes at once could close a circle that neither closes alone.
    const { rows } = await connection.query<Row>(
      'select id, parent, currency, cap, period, warn, downgrade, stop from budget where t = $1 order by id for no key update',
      [tenant],
    )
    const known = rows.map(declaredOf)
    const before = known.find((one) => one.id === id)
    const { currency = before?.currency, cap = before?.cap, period = before?.period } = parsed.data
    if (currency === undefined || cap === undefined || period === undefined)
      throw badBudget(id, 'it is new: say its currency, cap and period')
    if (before && before.currency !== currency) throw badBudget(id, `it counts in ${before.currency}, for good`)
    const { stop = before?.stop ?? 100 } = parsed.data
    const after: Declared = { ...before, ...given(parsed.data), id, currency, cap, period, stop }
    refuseBadThresholds(after)
    refuseBadTree([...known.filter((one) => one.id !== id), after])
    await writeBudgets(connection, tenant, [after])
    const action = before ? 'budgets/changed' : 'budgets/added'
    await audit.append(connection, [{ tenant, actor, action, object: id }])
  })
}

interface Row {
  id: string
  parent: string | null
  currency: string
  cap: string
  period: Declared['period']
  warn: number | null
  downgrade: number | null
  stop: number
}

const declaredOf = ({ cap, currency, downgrade, id, parent, period, stop, warn }: Row): Declared => ({
  id,
  currency,
  cap: BigInt(cap),
  period,
  stop,
  ...(parent !== null && { parent }),
  ...(warn !== null && { warn }),
  ...(downgrade !== null && { downgrade }),
})

const given = <T extends object>(values: T): Partial<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T> // of its own entries
