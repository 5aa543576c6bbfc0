import { MillraceError } from '../../core/errors/millrace-error.ts'
import { isId, type PersonId, type ReservationId, type TenantId } from '../../core/ids.ts'
import { type Connection, type Pool, transaction } from '../../store/pool.ts'
import type { CostAudit } from './cost-audit.ts'
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
export async function correct(pool: Pool | Connection, correction: Correction): Promise<readonly CostAlert[]> {
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

/**
 * A person's correction, audited: told twice under one key, it is booked and audited once. Answers whether it was booked now, and what is to be
 * told of it. Errors: `cost/not-held`.
 */
export async function correctByPerson(
  pool: Pool,
  audit: CostAudit,
  correction: Omit<Correction, 'id' | 'by'> & { readonly id: string; readonly actor: PersonId },
): Promise<{ readonly isNew: boolean; readonly alerts: readonly CostAlert[] }> {
  const { actor, id, key, tenant } = correction
  if (!isId('res', id)) throw new MillraceError('cost/not-held', { reservation: id.slice(0, 100), why: 'it is no id' })
  return transaction(pool, async (connection) => {
    // The row is what is waited for: whoever tells it at the same time sees it after.
    await connection.query('select from reservation where t = $1 and id = $2 for no key update', [tenant, id])
    const { rowCount } = await connection.query(
      'select from cost_correction where t = $1 and reservation = $2 and key = $3',
      [tenant, id, key],
    )
    if (rowCount !== 0) return { isNew: false, alerts: [] }
    const alerts = await correct(connection, { ...correction, id, by: actor })
    await audit.append(connection, [{ tenant, actor, action: 'cost/corrected', object: id }])
    return { isNew: true, alerts }
  })
}
