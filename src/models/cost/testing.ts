import { systemClock } from '../../core/clock.ts'
import { mainTenant, mintId, type ProcessId } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import type { Pool } from '../../store/pool.ts'
import type { BudgetDeclaration } from '../../sdk/costs.ts'
import { declareBudgets } from './budgets.ts'
import type { Price } from './price.ts'
import type { Admission, Attempt, CostAlert, Reservation } from './reservation.ts'
import { SpendLedger } from './spend-ledger.ts'
import { noUsage, type Usage } from './usage.ts'

/** A price of one nano-unit a token, so that a test counts in tokens. */
export const unitPrice: Price = {
  version: 'declared/unit',
  provider: 'scripted',
  model: 'parrot',
  currency: 'USD',
  standard: { base: { input: 1_000_000n, cacheRead: 0n, output: 1_000_000n, reasoning: 1_000_000n }, long: [] },
  tiers: {},
}

export const used = (input: number): Usage => ({ ...noUsage, input })

/** So many nano-units as a cap is declared. */
const nanoCap = (nano: number): string => `0.${String(nano).padStart(9, '0')}`

export const declare = (pool: Pool, ...budgets: (Partial<BudgetDeclaration> & { id: string; nano: number })[]) =>
  declareBudgets(
    pool,
    mainTenant,
    budgets.map(({ nano, ...budget }) => ({ currency: 'USD', period: 'month', cap: nanoCap(nano), ...budget })),
  )

export const attempt = (
  worst: number,
  budgets: readonly string[],
  other: Partial<Omit<Attempt, 'facts'>> & { readonly facts?: Partial<Attempt['facts']> } = {},
): Attempt => ({
  tenant: mainTenant,
  budgets,
  provider: 'scripted',
  model: 'parrot',
  price: unitPrice,
  worst: BigInt(worst),
  ...other,
  facts: { kind: 'first', ...other.facts },
})

/** A ledger of a process that beats, and the alerts that it told. */
export async function openLedger(
  pool: Pool,
): Promise<{ ledger: SpendLedger; process: ProcessId; alerts: CostAlert[] }> {
  const process = mintId('pro', systemClock.today(), systemRandom)
  const alerts: CostAlert[] = []
  await pool.query('insert into process (id) values ($1)', [process])
  const ledger = new SpendLedger({
    pool,
    clock: systemClock,
    random: systemRandom,
    process,
    onAlert: (alert) => alerts.push(alert),
  })
  return { ledger, process, alerts }
}

export function admitted(admission: Admission): Reservation {
  if (admission.outcome !== 'admitted') throw admission.error
  return admission.reservation
}

/** The balances, as `budget: held/spent`. */
export async function balances(pool: Pool): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ name: string; sums: string }>(
    `select budget as name, string_agg(held || '/' || spent, ' ' order by period) as sums from budget_period group by budget order by budget`,
  )
  return Object.fromEntries(rows.map(({ name, sums }) => [name, sums]))
}
