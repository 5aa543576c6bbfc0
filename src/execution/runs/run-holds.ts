import { MillraceError } from '../../core/errors/millrace-error.ts'
import { isId, type PersonId, type RunId, type TenantId } from '../../core/ids.ts'
import { ringBell } from '../../store/bell.ts'
import { type Connection, type Pool, transaction } from '../../store/pool.ts'
import type { Hold, Holds } from '../corridor/ports.ts'

/** What releasing needs of the audit log: an entry commits with what it records (W4). */
export interface HoldAudit {
  append(
    connection: Connection,
    entries: readonly {
      readonly tenant: TenantId
      readonly actor: PersonId
      readonly action: 'runs/released'
      readonly object: RunId
    }[],
  ): Promise<void>
}

export interface Released {
  readonly run: RunId
  /** False: it was released before, and nothing has changed. */
  readonly wasHeld: boolean
  /** Nothing of it waited any more. */
  readonly hasEnded: boolean
}

/**
 * Owns: what is held, and its release. Does not own: when a run is held (the inbox, in the statement that accepts its event), and what that
 * means (`act`).
 *
 * 1. A release, its audit record and the bells of all that waits for it commit together (W4); the wakes are sent after, and may be lost (E22).
 * 2. A release is final: nothing holds a run again.
 * 3. Bells are rung from the last called run up to the one that was accepted, as an `$end` takes its own row before its parent's: nobody waits in a circle.
 */
export class RunHolds implements Holds {
  readonly #pool: Pool
  readonly #audit: HoldAudit
  readonly #wake: (run: RunId) => Promise<void>

  constructor(options: { pool: Pool; audit: HoldAudit; wake: (run: RunId) => Promise<void> }) {
    this.#pool = options.pool
    this.#audit = options.audit
    this.#wake = options.wake
  }

  /** Asked by every gate: 0.1 ms. `offset 0` keeps one look by key for each run; as a plain join it read all that is held (10,000: 1.2 ms). */
  async find({ tenant, run }: { readonly tenant: TenantId; readonly run: RunId }): Promise<Hold | undefined> {
    const { rows } = await this.#pool.query<{ run: RunId; released_by: PersonId | null }>({
      name: 'find-hold',
      text: `with recursive up as (
          select id, parent from run where t = $1 and id = $2
          union all select r.id, r.parent from up join run r on r.t = $1 and r.id = up.parent)
        select h.run, h.released_by from up cross join lateral (select * from run_hold where t = $1 and run = up.id offset 0) h
        order by h.released is not null limit 1`,
      values: [tenant, run],
    })
    const [row] = rows
    return row && { run: row.run, releasedBy: row.released_by ?? undefined }
  }

  /** Lets a held run go on; one that was not started yet will not be held. Errors: `run/not-held`, `governance/no-such-run`. */
  async release(q: { readonly tenant: TenantId; readonly run: string; readonly actor: PersonId }): Promise<Released> {
    const { tenant, run, actor } = q
    if (!isId('run', run)) throw new MillraceError('governance/no-such-run', { run: run.slice(0, 64) })
    const { released, wakes } = await transaction(this.#pool, async (connection) => {
      const { rowCount } = await connection.query({
        name: 'release-hold',
        text: 'update run_hold set released = clock_timestamp(), released_by = $3 where t = $1 and run = $2 and released is null',
        values: [tenant, run, actor],
      })
      const known = await stateOf(connection, tenant, run)
      if (!known?.isHold) throw new MillraceError(known ? 'run/not-held' : 'governance/no-such-run', { run })
      if (!rowCount) return { released: { run, wasHeld: false, hasEnded: known.hasEnded }, wakes: [] }
      await this.#audit.append(connection, [{ tenant, actor, action: 'runs/released', object: run }])
      return {
        released: { run, wasHeld: true, hasEnded: known.hasEnded },
        wakes: await ringAll(connection, tenant, run),
      }
    })
    for (const one of wakes) void this.#wake(one).catch(() => {}) // a hint: whoever released does not wait for the scheduler
    return released
  }

  /** Releases what is held, the oldest first, at most `limit`: each by itself, so that an outage in between loses none that was told. */
  async releaseAll(q: {
    readonly tenant: TenantId
    readonly actor: PersonId
    readonly limit: number
  }): Promise<readonly Released[]> {
    const { rows } = await this.#pool.query<{ run: RunId }>({
      name: 'standing-holds',
      text: 'select run from run_hold where t = $1 and released is null order by run limit $2',
      values: [q.tenant, q.limit],
    })
    const released: Released[] = []
    for (const { run } of rows) released.push(await this.release({ ...q, run }))
    return released
  }
}

async function stateOf(
  connection: Connection,
  tenant: TenantId,
  run: RunId,
): Promise<{ isHold: boolean; hasEnded: boolean } | undefined> {
  const { rows } = await connection.query<{ is_hold: boolean; is_known: boolean; has_ended: boolean }>({
    name: 'hold-state',
    text: `select exists (select from run_hold where t = $1 and run = $2) as is_hold,
        exists (select from run where t = $1 and id = $2) or exists (select from inbox where t = $1 and run = $2) as is_known,
        exists (select from run where t = $1 and id = $2 and ended is not null) as has_ended`,
    values: [tenant, run],
  })
  const [row] = rows
  return row && (row.is_hold || row.is_known) ? { isHold: row.is_hold, hasEnded: row.has_ended } : undefined
}

/** Rings the run and all that it has called; answers those to which a wake is due. One that was not started yet has no bell. */
async function ringAll(connection: Connection, tenant: TenantId, run: RunId): Promise<readonly RunId[]> {
  const { rows } = await connection.query<{ id: RunId }>({
    name: 'called-runs',
    text: `with recursive down as (
        select $2::text as id, 0 as depth
        union all select r.id, d.depth + 1 from down d join run r on r.t = $1 and r.parent = d.id)
      select id from down order by depth desc, id`,
    values: [tenant, run],
  })
  const wakes: RunId[] = []
  for (const { id } of rows) if (await ringBell(connection, id)) wakes.push(id)
  return wakes
}
