import type { KeyObject } from 'node:crypto'
import type { KeyId, PersonId, RunId, TenantId, WorkItemId } from '../core/ids.ts'
import type { Connection, Pool } from '../store/pool.ts'
import { openDecision } from './content.ts'
import type { ClaimState, ClosedWhy, Decision, ItemKind, ItemState, ItemSummary, Verdict } from './item.ts'

/** The rows of `work_item` and `decision` as Postgres gives them, and what people read of them. */

/** An item's columns without its body: what lists read. `now` is the database's time at reading: no other clock counts (W7). */
export const summaryColumns = `i.id, i.run, i.step_key, i.kind, i.queue, i.priority, i.created, i.due, i.expires, i.escalated, i.state, i.closed_why, i.settled,
  i.claim_no, i.holder, i.lease_until, i.claimed, i.effective_at, i.snoozed_until, i.assignee, i.quorum, i.author, i.form, i.action, i.why, i.shown_digest, i.action_digest, i.head, i.key_id, k.wrapped, clock_timestamp() as now`

export interface SummaryRow {
  readonly id: WorkItemId
  readonly run: RunId
  readonly step_key: string
  readonly kind: ItemKind
  readonly queue: string
  readonly priority: number
  readonly created: Date
  readonly due: Date | null
  readonly expires: Date | null
  readonly escalated: Date | null
  readonly state: ItemState
  readonly closed_why: ClosedWhy | null
  readonly settled: Date | null
  readonly claim_no: number
  readonly holder: PersonId | null
  readonly lease_until: Date | null
  readonly claimed: Date | null
  /** A decision of the holder is held until then. */
  readonly effective_at: Date | null
  readonly snoozed_until: Date | null
  readonly assignee: PersonId | null
  readonly quorum: number
  readonly author: PersonId | null
  readonly form: string
  readonly action: string | null
  readonly why: string[]
  readonly shown_digest: string
  readonly action_digest: string | null
  readonly head: Buffer
  readonly key_id: KeyId
  readonly wrapped: Buffer | null
  readonly now: Date
}
export interface ItemRow extends SummaryRow {
  readonly body: Buffer
}
export interface DecisionRow {
  readonly item: WorkItemId
  readonly ordinal: number
  readonly person: PersonId
  readonly at: Date
  readonly claim_no: number
  readonly verdict: Verdict
  readonly shown_digest: string
  readonly action_digest: string | null
  readonly active_ms: number | null
  readonly reason: string | null
  readonly body: Buffer
}

/** One item with its body; with `lock`, under its row lock until the transaction ends. */
export async function readItem(
  connection: Pool | Connection,
  { tenant, item, lock }: { tenant: TenantId; item: WorkItemId; lock: boolean },
): Promise<ItemRow | undefined> {
  const { rows } = await connection.query<ItemRow>({
    name: lock ? 'lock-work-item' : 'work-item',
    text: `select ${summaryColumns}, i.body from work_item i left join subject_key k on k.t = i.t and k.id = i.key_id
      where i.t = $1 and i.id = $2 ${lock ? 'for update of i' : ''}`,
    values: [tenant, item],
  })
  return rows[0]
}

/** In their order. After a lock this must be a statement of its own: the one that waited for the lock sees an old snapshot of other tables. */
export async function readDecisions(
  connection: Pool | Connection,
  { tenant, item }: { tenant: TenantId; item: WorkItemId },
): Promise<readonly DecisionRow[]> {
  const { rows } = await connection.query<DecisionRow>({
    name: 'decisions',
    text: `select item, ordinal, person, at, claim_no, verdict, shown_digest, action_digest, active_ms, reason, body
      from decision where t = $1 and item = $2 order by ordinal`,
    values: [tenant, item],
  })
  return rows
}

export const claimState = (row: SummaryRow): ClaimState => ({
  number: row.claim_no,
  holder: row.holder ?? undefined,
  leaseUntil: row.lease_until?.getTime(),
  isLive: row.lease_until !== null && row.lease_until > row.now,
})

/** `viewer`: only the holder is told that a decision is held. */
export const summaryOf = (
  row: SummaryRow,
  viewer: PersonId | undefined,
): Omit<ItemSummary, 'firstLine' | 'unreadable'> => ({
  id: row.id,
  run: row.run,
  kind: row.kind,
  state: row.state,
  closedWhy: row.closed_why ?? undefined,
  queue: row.queue,
  priority: row.priority,
  created: row.created.getTime(),
  due: row.due?.getTime(),
  isOverdue: row.state === 'open' && row.due !== null && row.due <= row.now,
  expires: row.expires?.getTime(),
  escalated: row.escalated?.getTime(),
  settled: row.settled?.getTime(),
  claim: claimState(row),
  effectiveAt: row.holder === viewer ? row.effective_at?.getTime() : undefined,
  snoozedUntil: row.snoozed_until?.getTime(),
  assignee: row.assignee ?? undefined,
  form: row.form,
  action: row.action ?? undefined,
  why: row.why,
  quorum: row.quorum,
})

export function decisionOf(row: DecisionRow, key: KeyObject): Decision {
  const { value, edited, note } = openDecision(key, row.body)
  return {
    item: row.item,
    ordinal: row.ordinal,
    person: row.person,
    at: row.at.getTime(),
    claim: row.claim_no,
    verdict: row.verdict,
    reason: row.reason ?? undefined,
    note,
    value,
    edited,
    shownDigest: row.shown_digest,
    actionDigest: row.action_digest ?? undefined,
    activeMs: row.active_ms ?? undefined,
  }
}
