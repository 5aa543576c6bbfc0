import type { KeyObject } from 'node:crypto'
import type { Instant, Millis } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import type { PersonId, TenantId, WorkItemId } from '../core/ids.ts'
import { canonicalJson, type Json } from '../core/json.ts'
import type { Random } from '../core/random.ts'
import { seal, unseal } from '../core/seal.ts'
import { type Connection, type Pool, transaction } from '../store/pool.ts'
import { lockStanding } from './claims.ts'
import type { Claim, DecideItem, UndoDecision } from './item.ts'
import type { ReviewAudit } from './ports.ts'
import type { ItemRow } from './rows.ts'

/** Which held decision. `no` is a bigint as text. */
export interface HeldOf {
  readonly tenant: TenantId
  readonly item: WorkItemId
  readonly no: string
}
export interface HeldDecision extends HeldOf {
  readonly person: PersonId
  readonly made: Instant
  readonly effectiveAt: Instant
  readonly body: Buffer
}
interface HeldRow {
  readonly t: TenantId
  readonly item: WorkItemId
  readonly no: string
  readonly person: PersonId
  readonly made: Date
  readonly effective_at: Date
  readonly body: Buffer
}

const leaseAfterUndo = 10 * 60_000
const columns = 't, item, no, person, made, effective_at, body'

/**
 * Owns: the decisions that are made and have not taken effect (`held_decision`, and `work_item.effective_at`). Does not own: judging them.
 *
 * 1. At most one stands for an item, and `work_item.effective_at` is set exactly while it stands. Both change under the item's row lock.
 * 2. It ends once: taken, undone, refused, or closed with its item.
 * 3. Who undoes holds the item under a new number: a late repeat of what was undone is refused.
 */
export class HeldDecisions {
  readonly #pool: Pool
  readonly #audit: ReviewAudit
  readonly #random: Random

  constructor(options: { pool: Pool; audit: ReviewAudit; random: Random }) {
    this.#pool = options.pool
    this.#audit = options.audit
    this.#random = options.random
  }

  /** Under the item's row lock. */
  async hold(
    connection: Connection,
    made: { readonly request: DecideItem; readonly row: ItemRow; readonly key: KeyObject; readonly holdFor: Millis },
  ): Promise<HeldDecision> {
    const { request, row, key, holdFor } = made
    const { tenant, item, person, claim } = request
    const { rows } = await connection.query<HeldRow>({
      name: 'hold-decision',
      text: `with held as (
          insert into held_decision (t, item, person, claim_no, effective_at, key_id, body)
          values ($1, $2, $3, $4, clock_timestamp() + $5::float8 * interval '1 ms', $6, $7) returning ${columns}),
        marked as (update work_item w set effective_at = h.effective_at from held h where w.t = h.t and w.id = h.item)
        select ${columns} from held`,
      values: [tenant, item, person, claim, holdFor, row.key_id, seal(key, sentOf(request), this.#random).body],
    })
    const [held] = rows
    if (!held) throw new Error('an insert answered no row')
    return heldOf(held)
  }

  async undo(request: UndoDecision): Promise<Claim> {
    const { tenant, person, item } = request
    return transaction(this.#pool, async (connection) => {
      const { rows } = await connection.query<HeldRow>({
        name: item === undefined ? 'newest-held' : 'newest-held-of-item',
        text: `select ${columns} from held_decision where t = $1 and person = $2 and state = 'held'
          ${item === undefined ? '' : 'and item = $3'} order by no desc limit 1`,
        values: item === undefined ? [tenant, person] : [tenant, person, item],
      })
      const [newest] = rows
      if (!newest) throw new MillraceError('review/nothing-held', {})
      await lockStanding(connection, { tenant, item: newest.item })
      const held = await this.read(connection, heldOf(newest))
      if (!held) throw new MillraceError('review/nothing-held', {}) // it took effect while we waited for the lock
      await this.end(connection, held, { state: 'undone' })
      const { rows: claims } = await connection.query<{ claim_no: number; lease_until: Date }>({
        name: 'hold-again',
        text: `update work_item set claim_no = claim_no + 1, holder = $3,
            lease_until = greatest(lease_until, clock_timestamp() + $4::float8 * interval '1 ms')
          where t = $1 and id = $2 returning claim_no, lease_until`,
        values: [tenant, held.item, person, leaseAfterUndo],
      })
      await this.#audit.append(connection, [{ tenant, actor: person, action: 'review/undone', object: held.item }])
      const { claim_no: claim = 0, lease_until: until } = claims[0] ?? {}
      return { item: held.item, claim, person, leaseUntil: until?.getTime() ?? 0 }
    })
  }

  /** By the database's clock; `now()` lets the partial index answer. */
  async due(limit: number): Promise<readonly HeldOf[]> {
    const { rows } = await this.#pool.query<HeldRow>({
      name: 'held-due',
      text: `select ${columns} from held_decision where state = 'held' and effective_at <= now() order by effective_at limit $1`,
      values: [limit],
    })
    return rows.map(heldOf)
  }

  /** Under the item's row lock; undefined: it has ended. */
  async read(connection: Connection, { tenant, item, no }: HeldOf): Promise<HeldDecision | undefined> {
    const held = await this.ofItem(connection, { tenant, item })
    return held?.no === no ? held : undefined
  }

  async ofItem(
    connection: Connection,
    { tenant, item }: Pick<HeldOf, 'tenant' | 'item'>,
  ): Promise<HeldDecision | undefined> {
    const { rows } = await connection.query<HeldRow>({
      name: 'held-of-item',
      text: `select ${columns} from held_decision where t = $1 and item = $2 and state = 'held'`,
      values: [tenant, item],
    })
    return rows[0] && heldOf(rows[0])
  }

  /** Ends it and frees the item; whoever goes on from here says who holds it. */
  async end(
    connection: Connection,
    { tenant, item, no }: HeldOf,
    how: { readonly state: 'taken' | 'undone' | 'refused'; readonly refused?: string },
  ): Promise<void> {
    await connection.query({
      name: 'end-held-decision',
      text: `with ended as (update held_decision set state = $4, refused = $5 where t = $1 and item = $2 and no = $3)
        update work_item set effective_at = null, holder = null, lease_until = null where t = $1 and id = $2`,
      values: [tenant, item, no, how.state, how.refused ?? null],
    })
  }

  requestOf({ tenant, item }: HeldOf, { person, body }: HeldDecision, key: KeyObject): DecideItem {
    const sent = unseal(key, body) as unknown as Omit<DecideItem, 'tenant' | 'item' | 'person'> // sealed by `hold`
    return { ...sent, tenant, item, person }
  }

  /** The same request as the one that is held: a repeat after a lost answer. */
  isSame(held: HeldDecision, request: DecideItem, key: KeyObject): boolean {
    const essence = ({ claim, verdict, reason, note, value, shownDigest }: DecideItem): string =>
      canonicalJson({ claim, verdict, reason, note, value, shownDigest })
    return essence(this.requestOf(held, held, key)) === essence(request)
  }
}

const sentOf = ({ claim, verdict, reason, note, value, shownDigest, activeMs, seen }: DecideItem): Json => ({
  claim,
  verdict,
  reason,
  note,
  value,
  shownDigest,
  activeMs,
  seen,
})

const heldOf = (row: HeldRow): HeldDecision => ({
  tenant: row.t,
  item: row.item,
  no: row.no,
  person: row.person,
  made: row.made.getTime(),
  effectiveAt: row.effective_at.getTime(),
  body: row.body,
})
