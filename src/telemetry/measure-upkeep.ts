import type { Instant } from '../core/clock.ts'
import type { Pool } from '../store/pool.ts'

const day = 86_400_000
/** Minutes are kept so long, then their hours. */
const minutesFor = 3 * day
const hoursFor = 400 * day
/** Which run a call belonged to, and each shadow's answer. The sums by day stay. */
const singlesFor = 100 * day

/**
 * Adds sketches of old minutes to their hours, and forgets what is older than anybody asks for. Several processes may do so at once: who comes
 * second finds the minutes gone.
 */
export async function keepMeasuresSmall(pool: Pool, now: Instant): Promise<void> {
  await pool.query(rollUp, [now - minutesFor])
  await pool.query('delete from call_latency where grain = $2 and at < to_timestamp($1 / 1000.0)', [
    now - hoursFor,
    'hour',
  ])
  for (const table of ['arm_answer', 'shadow_comparison'])
    await pool.query(`delete from ${table} where at < to_timestamp($1 / 1000.0)`, [now - singlesFor])
}

/** An hour that was made before is taken out, and comes back with what came late; the sum needs both, so that it is made after both are gone. */
const rollUp = `with minutes as (
    delete from call_latency where grain = 'minute' and at < date_trunc('hour', to_timestamp($1 / 1000.0), 'UTC') returning *
  ), hours as (
    delete from call_latency c using (select distinct t, date_trunc('hour', at, 'UTC') as hour from minutes) m
    where c.grain = 'hour' and c.t = m.t and c.at = m.hour returning c.*
  ), rolled as (
    select t, date_trunc('hour', at, 'UTC') as hour, route, dialect, model, task, kind, count, total, least, most, bins, counts
    from (select * from minutes union all select * from hours) x
  ), added as (
    select t, hour, route, dialect, model, task, kind, bin, sum(n)::bigint as n
    from rolled, unnest(bins, counts) as u(bin, n) group by 1, 2, 3, 4, 5, 6, 7, 8
  ), sketch as (
    select t, hour, route, dialect, model, task, kind, array_agg(bin order by bin) as bins, array_agg(n order by bin) as counts
    from added group by 1, 2, 3, 4, 5, 6, 7
  ), summed as (
    select t, hour, route, dialect, model, task, kind, sum(count) as count, sum(total) as total, min(least) as least, max(most) as most
    from rolled group by 1, 2, 3, 4, 5, 6, 7
  )
  insert into call_latency (t, at, grain, route, dialect, model, task, kind, process, count, total, least, most, bins, counts)
  select t, hour, 'hour', route, dialect, model, task, kind, '', count, total, least, most, bins, counts
  from summed join sketch using (t, hour, route, dialect, model, task, kind)`
