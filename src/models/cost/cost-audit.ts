import type { PersonId, TenantId } from '../../core/ids.ts'
import type { Connection } from '../../store/pool.ts'

/** Where changes of budgets and costs are recorded, in the transaction that makes them. */
export interface CostAudit {
  append(
    connection: Connection,
    entries: readonly {
      readonly tenant: TenantId
      readonly actor: PersonId | undefined
      readonly action: string
      readonly object: string
    }[],
  ): Promise<void>
}
