import type { EventId, PersonId } from '../../core/ids.ts'
import { mainTenant } from '../../core/ids.ts'
import type { AuditLog } from '../../governance/audit-log.ts'
import { type Pool, transaction } from '../../store/pool.ts'

export interface Held {
  readonly id: EventId
  /** Milliseconds since 1970. */
  readonly since: number
  /** When the backup was made that was restored: what happened after is not known here. */
  readonly backupMade: number
}

/**
 * Owns: the row of `effects_hold`, which a restore sets (restore-backup). While it stands, nothing runs by itself. Does not own: what that
 * means (unattended).
 */
export class EffectsHold {
  readonly #pool: Pool
  readonly #audit: AuditLog

  constructor(options: { pool: Pool; audit: AuditLog }) {
    this.#pool = options.pool
    this.#audit = options.audit
  }

  async read(): Promise<Held | undefined> {
    const { rows } = await this.#pool.query<{ id: EventId; since: Date; made: Date }>({
      name: 'effects-hold',
      text: 'select id, since, backup_made as made from effects_hold',
    })
    const [row] = rows
    return row && { id: row.id, since: row.since.getTime(), backupMade: row.made.getTime() }
  }

  /** With its audit record, in one transaction. False: nothing was held. */
  release(actor: PersonId): Promise<boolean> {
    return transaction(this.#pool, async (connection) => {
      const { rows } = await connection.query<{ id: EventId }>('delete from effects_hold returning id')
      const [row] = rows
      if (!row) return false
      await this.#audit.append(connection, [{ tenant: mainTenant, actor, action: 'effects/released', object: row.id }])
      return true
    })
  }
}
