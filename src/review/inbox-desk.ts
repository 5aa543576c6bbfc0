import type { Instant } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import type { PersonId, TenantId, WorkItemId } from '../core/ids.ts'
import { type Pool, transaction } from '../store/pool.ts'
import { lockStanding } from './claims.ts'
import type { ReleaseItem } from './item.ts'
import type { ReviewAction, ReviewAudit } from './ports.ts'
import { whyNotHeld } from './refusals.ts'

export interface QueueState {
  readonly queue: string
  readonly open: number
  readonly overdue: number
  readonly snoozed: number
  /** Counted no further. */
  readonly isMore: boolean
  readonly oldest: Instant
}
export interface InHand {
  readonly tenant: TenantId
  readonly person: PersonId
  readonly queue?: string | undefined
  /** Left out: what the person wants to pass over. */
  readonly skip?: readonly string[] | undefined
}
export type GivenTo = { readonly to: PersonId } | { readonly queue: string }

const mostCounted = 20_000
const longestSnooze = 90 * 24 * 3_600_000

/**
 * Owns: what a person does with an item that they do not decide (put it aside, give it on), and what waits by queue.
 * Does not own: claims and decisions. Each change needs the current claim, frees the item, and is recorded in its transaction.
 */
export class InboxDesk {
  readonly #pool: Pool
  readonly #audit: ReviewAudit

  constructor(options: { pool: Pool; audit: ReviewAudit }) {
    this.#pool = options.pool
    this.#audit = options.audit
  }

  async queues(tenant: TenantId): Promise<readonly QueueState[]> {
    const { rows } = await this.#pool.query<{
      queue: string
      open: number
      overdue: number
      snoozed: number
      oldest: Date
      counted: number
    }>({
      name: 'inbox-queues',
      text: `select queue, count(*)::int as open, count(*) filter (where due <= now())::int as overdue,
          count(*) filter (where snoozed_until > now())::int as snoozed, min(created) as oldest, sum(count(*)) over ()::int as counted
        from (select queue, due, snoozed_until, created from work_item where t = $1 and state = 'open' limit ${mostCounted}) x
        group by queue order by overdue desc, queue`,
      values: [tenant],
    })
    return rows.map(({ counted, oldest, ...row }) => ({
      ...row,
      isMore: counted >= mostCounted,
      oldest: oldest.getTime(),
    }))
  }

  async inHand({ tenant, person, queue, skip = [] }: InHand): Promise<WorkItemId | undefined> {
    const { rows } = await this.#pool.query<{ id: WorkItemId }>({
      name: queue === undefined ? 'in-hand' : 'in-hand-of-queue',
      text: `select id from work_item where t = $1 and state = 'open' and holder = $2 and effective_at is null and id <> all($3)
        ${queue === undefined ? '' : 'and queue = $4'} order by priority, coalesce(due, 'infinity'), id limit 1`,
      values: queue === undefined ? [tenant, person, skip] : [tenant, person, skip, queue],
    })
    return rows[0]?.id
  }

  /** The due time stands: what is put aside past it is escalated all the same (W7). */
  snooze(request: ReleaseItem & { readonly until: Instant }): Promise<void> {
    return this.#change(request, 'review/snoozed', {
      set: `snoozed_until = least(to_timestamp($3::float8 / 1000), clock_timestamp() + ${longestSnooze}::float8 * interval '1 ms')`,
      value: request.until,
    })
  }

  reassign(request: ReleaseItem & GivenTo): Promise<void> {
    if ('queue' in request && request.queue === '')
      throw new MillraceError('review/bad-input', { problems: 'queue: expected a name' })
    return this.#change(request, 'review/reassigned', {
      set: 'queue' in request ? 'queue = $3, assignee = null' : 'assignee = $3',
      value: 'queue' in request ? request.queue : request.to,
    })
  }

  #change(request: ReleaseItem, action: ReviewAction, how: { set: string; value: unknown }): Promise<void> {
    const { tenant, item, person } = request
    return transaction(this.#pool, async (connection) => {
      const refused = whyNotHeld({ ...(await lockStanding(connection, request)), ...request })
      if (refused) throw refused
      await connection.query({
        text: `update work_item set holder = null, lease_until = null, ${how.set} where t = $1 and id = $2`,
        values: [tenant, item, how.value],
      })
      await this.#audit.append(connection, [{ tenant, actor: person, action, object: item }])
    })
  }
}
