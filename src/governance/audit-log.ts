import { type Clock, type Instant } from '../core/clock.ts'
import {
  type EventId,
  type FactorId,
  hashId,
  mintId,
  monthOf,
  type PersonId,
  type RunId,
  type TenantId,
  type WriterId,
} from '../core/ids.ts'
import { sha256 } from '../core/json.ts'
import { leafBytes, leafHash } from '../core/lineage.ts'
import type { Random } from '../core/random.ts'
import type { Connection, Pool } from '../store/pool.ts'

export interface AuditEntry {
  readonly tenant: TenantId
  /** Who; undefined: Millrace itself, as a due time or a run demands. */
  readonly actor: PersonId | undefined
  /** An enumeration: `review/claimed`, `people/added`. */
  readonly action: string
  /** A minted id: of a work item, a person, a key. */
  readonly object: string
}

/**
 * Owns: the records of what nobody's run does (L2), of the same leaf shape as a run's rows. Does not own: when one is due.
 *
 * 1. An entry commits with what it records: it is appended over the caller's connection (W4).
 * 2. An entry and its pending leaf commit together (L3): one statement.
 * 3. A leaf holds no string from outside (L7): who, what and object stand in it as one SHA-256 of minted ids and an enumeration.
 */
export class AuditLog {
  readonly #random: Random
  readonly #clock: Clock
  readonly #writer: WriterId

  constructor(options: { random: Random; clock: Clock }) {
    this.#random = options.random
    this.#clock = options.clock
    this.#writer = mintId('wri', options.clock.today(), options.random)
  }

  /** Two round trips for any number of entries: the database's time, then the rows. In the order given. */
  async append(connection: Pool | Connection, entries: readonly AuditEntry[]): Promise<void> {
    if (entries.length === 0) return
    const { rows } = await connection.query<{ now: string }>({
      name: 'audit-now',
      text: 'select floor(extract(epoch from clock_timestamp()) * 1000)::text as now',
    })
    const at = Number(rows[0]?.now)
    const today = this.#clock.today()
    const ids = entries.map(() => mintId('evt', today, this.#random)).toSorted() // one moment's ids have no order of their own
    const made = entries.flatMap((entry, n) => {
      const id = ids[n]
      return id ? [{ entry, id, leaf: auditLeaf(entry, { id, at, writer: this.#writer }) }] : []
    })
    await connection.query({
      name: 'audit',
      text: `with a as (
          insert into audit_log (t, month, id, actor, action, object, at, leaf, leaf_hash)
          select t, month, id, actor, action, object, to_timestamp($7::float8 / 1000), leaf, leaf_hash
          from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $8::bytea[], $9::bytea[]) as x(t, month, id, actor, action, object, leaf, leaf_hash)
          returning t, id, leaf_hash)
        insert into ledger_pending (t, run, seq, leaf_hash) select t, id, 0, leaf_hash from a`,
      values: [
        made.map((m) => m.entry.tenant),
        made.map((m) => monthOf(m.id)),
        made.map((m) => m.id),
        made.map((m) => m.entry.actor ?? null),
        made.map((m) => m.entry.action),
        made.map((m) => m.entry.object),
        at,
        made.map((m) => m.leaf),
        made.map((m) => leafHash(m.leaf)),
      ],
    })
  }
}

/** The leaf of an entry: the same shape as a run's row, under the entry's own id at position 0. */
export function auditLeaf(
  { tenant, actor, action, object }: AuditEntry,
  { id, at, writer }: { id: EventId; at: Instant; writer: WriterId },
): Buffer {
  return leafBytes({
    run: id as string as RunId, // an audit record stands where a run would: the ledger's position is (id, seq)
    seq: 0,
    key: auditKey({ actor, action, object }),
    kind: 'run',
    phase: 'end',
    outcome: 'done',
    at,
    writer,
    ...(actor && { factors: [personFactor(tenant, actor)] }),
  })
}

/** What a leaf's key is the SHA-256 of. */
export const auditKey = ({ actor, action, object }: Pick<AuditEntry, 'actor' | 'action' | 'object'>): string =>
  `${actor ?? ''} ${action} ${object}`

/** The person as a factor, under the id that a run's log gives the same reviewer. */
const personFactor = (tenant: TenantId, person: PersonId): FactorId =>
  hashId('fac', sha256(`${tenant}/reviewer/${sha256(JSON.stringify(person))}`))
