import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../src/store/pool.ts'

/** Records and ends are booked behind the answers: how long they may take. */
const longest = 15_000

/**
 * Throws unless every request was sent once, reserved once, ended and recorded: a gateway that is quick because it leaves something out is not
 * measured.
 */
export async function refuseUnequal(
  pool: Pool,
  { requests, upstream }: { readonly requests: number; readonly upstream: number },
): Promise<void> {
  const until = performance.now() + longest
  for (;;) {
    const { rows } = await pool.query<{ reservations: number; held: number; records: number; balance: string }>(
      `select (select count(*)::int from reservation) as reservations, (select count(*)::int from reservation where state = 'held') as held,
        (select count(*)::int from model_call) as records, (select coalesce(sum(held), 0)::text from budget_period) as balance`,
    )
    const [row] = rows
    if (!row) throw new TypeError('counts are one row')
    const { balance, held, records, reservations } = row
    if (upstream === requests && reservations === requests && records === requests && held === 0 && balance === '0')
      return
    if (performance.now() > until)
      throw new Error(
        `${requests} requests made ${upstream} calls upstream, ${reservations} reservations (${held} still held), ${records} records`,
      )
    await sleep(50)
  }
}
