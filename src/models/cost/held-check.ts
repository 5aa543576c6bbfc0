import type { TenantId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'
import type { Nano } from '../../core/money.ts'

/** A balance that does not say what its reservations say. */
export interface Difference {
  readonly tenant: TenantId
  readonly budget: string
  readonly period: string
  readonly held: Nano
  readonly heldByReservations: Nano
  readonly spent: Nano
  readonly spentByReservations: Nano
}

/**
 * Computes every balance of a tenant again from its reservations and corrections, in one snapshot (C2). None differs, ever; one that does is a
 * fault of the program. Reads every reservation of the tenant: for a check now and then, not for a request.
 */
export async function differencesOf(pool: Pool, tenant: TenantId): Promise<readonly Difference[]> {
  const { rows } = await pool.query<Record<'budget' | 'period' | 'held' | 'held2' | 'spent' | 'spent2', string>>(
    `with told as (
        select l.budget, l.period, case r.state when 'held' then r.held else 0 end as held,
          coalesce(r.actual, 0) + coalesce((select sum(c.amount) from cost_correction c where c.t = r.t and c.reservation = r.id), 0) as spent
        from reservation r cross join unnest(r.budgets, r.periods) as l(budget, period) where r.t = $1),
      sums as (select budget, period, sum(held) as held, sum(spent) as spent from told group by budget, period),
      kept as (select budget, period, held, spent from budget_period where t = $1)
      select budget, period, coalesce(k.held, 0) as held, coalesce(s.held, 0) as held2, coalesce(k.spent, 0) as spent, coalesce(s.spent, 0) as spent2
      from kept k full join sums s using (budget, period)
      where (coalesce(k.held, 0), coalesce(k.spent, 0)) <> (coalesce(s.held, 0), coalesce(s.spent, 0)) order by budget, period`,
    [tenant],
  )
  return rows.map((row) => ({
    tenant,
    budget: row.budget,
    period: row.period,
    held: BigInt(row.held),
    heldByReservations: BigInt(row.held2),
    spent: BigInt(row.spent),
    spentByReservations: BigInt(row.spent2),
  }))
}
