import { z } from 'zod'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { TenantId } from '../../core/ids.ts'
import { canonicalJson } from '../../core/json.ts'
import type { Connection, Pool } from '../../store/pool.ts'
import type { Nano } from '../../core/money.ts'
import { budgetDeclaration } from '../../sdk/costs.ts'
import type { Standing } from './reservation.ts'

export type Declared = z.output<typeof budgetDeclaration>

/** How a budget stands in its present period. */
export interface BudgetStatus {
  readonly id: string
  readonly parent: string | undefined
  readonly currency: string
  readonly cap: Nano
  readonly period: string
  readonly held: Nano
  readonly spent: Nano
  readonly standing: Standing | 'stop'
}

/**
 * Makes the budgets what the settings say: those that are new are added, and caps, periods, thresholds and parents of others changed where the
 * settings say something else of them than they did last; what a person has set since stays. What is declared no more stays as it is: attempts
 * of earlier days name it. All or nothing. Errors: `cost/bad-budget`.
 */
export async function declareBudgets(pool: Pool, tenant: TenantId, declared: readonly unknown[]): Promise<void> {
  const budgets = declared.map(read)
  refuseBadTree(budgets)
  await writeBudgets(pool, tenant, budgets, { asDeclared: true })
}

/** Errors: `cost/bad-budget` where one has another currency. */
export async function writeBudgets(
  pool: Pool | Connection,
  tenant: TenantId,
  budgets: readonly Declared[],
  { asDeclared = false }: { readonly asDeclared?: boolean } = {},
): Promise<void> {
  const written = budgets.map((budget) => {
    const row = { ...budget, cap: budget.cap.toString() }
    return { ...row, declared: asDeclared ? canonicalJson(row) : null }
  })
  const { rows } = await pool.query<{ id: string }>(
    `with b as (select * from json_to_recordset($2) as x(id text, parent text, currency text, cap bigint, period text, warn smallint, downgrade smallint, stop smallint, declared text)),
      other as (select b.id from b join budget o on o.t = $1 and o.id = b.id and o.currency <> b.currency),
      done as (insert into budget as o (t, id, parent, currency, cap, period, warn, downgrade, stop, declared)
        select $1, b.id, b.parent, b.currency, b.cap, b.period, b.warn, b.downgrade, b.stop, b.declared from b where not exists (select from other)
        on conflict (t, id) do update set parent = excluded.parent, cap = excluded.cap, period = excluded.period,
          warn = excluded.warn, downgrade = excluded.downgrade, stop = excluded.stop, declared = coalesce(excluded.declared, o.declared)
          where excluded.declared is null or excluded.declared is distinct from o.declared)
      select id from other`,
    [tenant, JSON.stringify(written)],
  )
  const [other] = rows
  if (other)
    throw badBudget(
      other.id,
      'its currency was another one before, and what it has spent is in that; give the new one another name',
    )
}

/** The budgets of a tenant in the order of their ids, each in its present period; `after` is the last id of the page before. */
export async function listBudgets(
  pool: Pool,
  { tenant, after = '', limit = 100, only }: { tenant: TenantId; after?: string; limit?: number; only?: string },
): Promise<readonly BudgetStatus[]> {
  const { rows } = await pool.query<
    Record<'id' | 'currency' | 'cap' | 'period' | 'held' | 'spent', string> & {
      parent: string | null
      standing: BudgetStatus['standing']
    }
  >(
    `select b.id, b.parent, b.currency, b.cap, n.name as period, coalesce(p.held, 0) as held, coalesce(p.spent, 0) as spent,
        case when p.spent >= share_of(b.cap, b.stop) then 'stop' when p.spent >= share_of(b.cap, b.downgrade) then 'downgrade'
          when p.spent >= share_of(b.cap, b.warn) then 'warn' else 'normal' end as standing
      from budget b cross join lateral (select budget_period_name(b.period, clock_timestamp()) as name) n
        left join budget_period p on p.t = b.t and p.budget = b.id and p.period = n.name
      where b.t = $1 and b.id > $2 and ($4::text is null or b.id = $4) order by b.id limit $3`,
    [tenant, after, Math.min(Math.max(limit, 1), 500), only ?? null],
  )
  return rows.map(({ parent, ...row }) => ({
    ...row,
    parent: parent ?? undefined,
    cap: BigInt(row.cap),
    held: BigInt(row.held),
    spent: BigInt(row.spent),
  }))
}

export async function hasBudget(pool: Pool, tenant: TenantId, id: string): Promise<boolean> {
  const { rowCount } = await pool.query('select from budget where t = $1 and id = $2', [tenant, id])
  return rowCount === 1
}

function read(one: unknown, at: number): Declared {
  const parsed = budgetDeclaration.safeParse(one)
  if (!parsed.success) throw badBudget(`at position ${at}`, z.prettifyError(parsed.error).replaceAll('\n', ' '))
  refuseBadThresholds(parsed.data)
  return parsed.data
}

export function refuseBadThresholds({ id, warn = 1, downgrade = Math.max(warn, 1), stop }: Declared): void {
  if (warn > downgrade || downgrade > stop) throw badBudget(id, 'warn, downgrade and stop must rise')
}

export function refuseBadTree(budgets: readonly Declared[]): void {
  const byId = new Map(budgets.map((budget) => [budget.id, budget]))
  if (byId.size < budgets.length)
    throw badBudget(budgets.find((one) => byId.get(one.id) !== one)?.id ?? '', 'it is declared twice')
  for (const budget of budgets) {
    const path = new Set([budget.id])
    for (let one = budget; one.parent !== undefined;) {
      const parent = byId.get(one.parent)
      if (!parent) throw badBudget(one.id, `its parent ${one.parent} is not declared`)
      if (parent.currency !== one.currency)
        throw badBudget(one.id, `its parent ${parent.id} counts in ${parent.currency}`)
      if (path.has(parent.id)) throw badBudget(one.id, `it stands above itself, by way of ${parent.id}`)
      path.add(parent.id)
      one = parent
    }
  }
}

export const badBudget = (budget: string, why: string): MillraceError =>
  new MillraceError('cost/bad-budget', { budget, why })
