import type { RunId } from '../core/ids.ts'

/**
 * Raises a run's bell inside the transaction that commits what it announces (E4, W4). `isFirst`: it is the first above the one that the last
 * load saw, so a wake is due (E19). No row: the run has ended. If the wake is lost, the sweeper sends it within 5 s (E22).
 * `ended is null` would let a plan made on an empty table walk the index of open runs.
 */
const ringSql = `
with r as (
  update run set bell = bell + 1 where id = $1 and coalesce(ended, 'infinity') = 'infinity' returning t, id, bell)
update wake w set heard_by = least(w.heard_by, clock_timestamp() + interval '5 s') from r where w.t = r.t and w.run = r.id
returning r.bell = w.bell_seen + 1 as is_first`

interface Queryable {
  query<R extends Record<string, unknown>>(config: {
    name: string
    text: string
    values: unknown[]
  }): Promise<{ rows: R[] }>
}

export async function ringBell(connection: Queryable, run: RunId): Promise<boolean> {
  const { rows } = await connection.query<{ is_first: boolean }>({ name: 'ring', text: ringSql, values: [run] })
  return rows[0]?.is_first ?? false
}
