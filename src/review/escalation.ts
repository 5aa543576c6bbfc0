import type { TenantId, WorkItemId } from '../core/ids.ts'
import { type Pool, transaction } from '../store/pool.ts'
import type { ReviewAudit } from './ports.ts'

/**
 * Owns: what happens to an item that is past due (W7): it is marked, raised by one priority class, and recorded, in one transaction, once.
 * Does not own: its expiry, which is the run's. Two sweepers at once skip each other's rows.
 */
export class Escalation {
  readonly #pool: Pool
  readonly #audit: ReviewAudit

  constructor(options: { pool: Pool; audit: ReviewAudit }) {
    this.#pool = options.pool
    this.#audit = options.audit
  }

  /** `now()`, not `clock_timestamp()`: a stable function lets the partial index on `due` answer. */
  escalate(limit: number): Promise<number> {
    return transaction(this.#pool, async (connection) => {
      const { rows } = await connection.query<{ t: TenantId; id: WorkItemId }>({
        name: 'escalate',
        text: `with late as materialized (
            select t, id from work_item where state = 'open' and escalated is null and due is not null and due <= now() and effective_at is null
            order by due limit $1 for update skip locked)
          update work_item w set escalated = clock_timestamp(), escalations = escalations + 1, priority = greatest(priority - 1, 0)
          from late where w.t = late.t and w.id = late.id returning w.t, w.id`,
        values: [limit],
      })
      await this.#audit.append(
        connection,
        rows.map(({ t, id }) => ({ tenant: t, actor: undefined, action: 'review/escalated' as const, object: id })),
      )
      return rows.length
    })
  }
}
