import type { Millis } from '../../core/clock.ts'
import type { ProcessId, ReservationId, TenantId } from '../../core/ids.ts'
import type { Pool } from '../../store/pool.ts'

/** A process beats every second. One that was only slow, and is taken for dead, has its cost booked as the worst case: hence patience. */
const deadAfter: Millis = 30_000

/**
 * What is held by processes that beat no more, that ended in order and left it (their beat is infinite), or that never beat at all.
 * `me` is never dead.
 */
export async function orphans(
  pool: Pool,
  me: ProcessId,
  limit: number,
): Promise<readonly { readonly tenant: TenantId; readonly id: ReservationId }[]> {
  const { rows } = await pool.query<{ tenant: TenantId; id: ReservationId }>({
    name: 'cost-orphans',
    text: `select r.t as tenant, r.id from reservation r left join process p on p.id = r.process
      where r.state = 'held' and r.process <> $1
        and (p.beat = 'infinity' or coalesce(p.beat, r.at) < clock_timestamp() - $2 * interval '1 ms')
      order by r.t, r.id limit $3`,
    values: [me, deadAfter, limit],
  })
  return rows
}
