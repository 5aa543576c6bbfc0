import type { PersonId, TenantId } from '../../core/ids.ts'
import { type Connection, type Pool, transaction } from '../../store/pool.ts'
import { deleteAnswers } from './statements.ts'

/** What this needs of the audit log. */
export interface CacheAudit {
  append(
    connection: Connection,
    entries: readonly {
      readonly tenant: TenantId
      readonly actor: PersonId | undefined
      readonly action: 'routes/cache-emptied'
      /** The route's name. */
      readonly object: string
    }[],
  ): Promise<void>
}

/** Takes out all answers of a route, with its audit entry. Answers how many; of none nothing is told. */
export function emptyRoute(
  { audit, pool }: { readonly pool: Pool; readonly audit: CacheAudit },
  { actor, route, tenant }: { readonly tenant: TenantId; readonly route: string; readonly actor: PersonId },
): Promise<number> {
  return transaction(pool, async (connection) => {
    const count = (await deleteAnswers(connection, { tenant, route })).get(route) ?? 0
    if (count > 0) await audit.append(connection, [{ tenant, actor, action: 'routes/cache-emptied', object: route }])
    return count
  })
}
