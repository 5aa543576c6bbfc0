import type { CallId, PersonId, TenantId } from '../../core/ids.ts'
import { type Connection, type Pool, transaction } from '../../store/pool.ts'
import { deleteAnswers } from './statements.ts'

/** What this needs of the audit log. */
export interface CacheAudit {
  append(
    connection: Connection,
    entries: readonly {
      readonly tenant: TenantId
      readonly actor: PersonId | undefined
      readonly action: 'routes/cache-emptied' | 'routes/answer-rejected'
      /** The route's name, or the call. */
      readonly object: string
    }[],
  ): Promise<void>
}

/** Takes out all answers of a route, or the one that a call was given, with its audit entry. Answers how many; of none nothing is told. */
export function emptyRoute(
  { audit, pool }: { readonly pool: Pool; readonly audit: CacheAudit },
  {
    actor,
    call,
    route,
    tenant,
  }: {
    readonly tenant: TenantId
    readonly route: string
    readonly call?: CallId | undefined
    readonly actor: PersonId
  },
): Promise<number> {
  return transaction(pool, async (connection) => {
    const what = call === undefined ? { tenant, route } : { tenant, route, call }
    const count = (await deleteAnswers(connection, what)).get(route) ?? 0
    const action = call === undefined ? 'routes/cache-emptied' : 'routes/answer-rejected'
    if (count > 0) await audit.append(connection, [{ tenant, actor, action, object: call ?? route }])
    return count
  })
}
