import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { ReservationId, TenantId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'
import type { Nano } from '../../core/money.ts'
import type { CostAlert } from './reservation.ts'

export interface Correction {
  readonly tenant: TenantId
  /** The reservation that cost more or less than was booked. */
  readonly id: ReservationId
  /** Names it among the corrections of this reservation: given twice, it is booked once. */
  readonly key: string
  /** What is added, in its currency; below zero: taken off. */
  readonly amount: Nano
  readonly reason: string
  /** A person or a process. */
  readonly by: string
}

/** Adds a row (C7) and books it in the periods of its reservation (C8). Errors: `cost/not-held`. */
export async function correct(pool: Pool, correction: Correction): Promise<readonly CostAlert[]> {
  const { tenant, id, key, amount, reason, by } = correction
  try {
    const { rows } = await pool.query<Omit<CostAlert, 'tenant' | 'amount' | 'reservation'> & { amount: string }>({
      name: 'cost-correct',
      text: 'select budget, period, kind, amount from cost_correct($1, $2, $3, $4, $5, $6)',
      values: [tenant, id, key, amount.toString(), reason, by],
    })
    return rows.map((alert) => ({ ...alert, tenant, amount: BigInt(alert.amount) }))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MR002')
      throw new MillraceError('cost/not-held', { reservation: id, why: error.message }, { cause: error })
    throw error
  }
}
