import type { KeyObject } from 'node:crypto'
import { MillraceError } from '../core/errors/millrace-error.ts'
import type { Random } from '../core/random.ts'
import { ringBell } from '../store/bell.ts'
import { type Connection, type Pool, transaction } from '../store/pool.ts'
import { lockStanding } from './claims.ts'
import { type ItemContent, openItem, sealDecision } from './content.ts'
import type { Decided, DecideItem, Decision, Verdict } from './item.ts'
import { isRepeat, judge, type Judgement, proposalOf } from './judgement.ts'
import type { OnRejected, ReviewAction, ReviewAudit, ReviewKeys, SendWake } from './ports.ts'
import { whyNotDecide } from './refusals.ts'
import { decisionOf, type ItemRow } from './rows.ts'

/**
 * Owns: taking a decision. Does not own: what it must say (`judgement.ts`), or who holds the item (`claims.ts`).
 *
 * 1. Everything is judged under the item's row lock, so a decision, a close and another decision have one order (W2, E20).
 * 2. The decision, its audit record and the bell of the run commit together (W4); the wake is sent after, and may be lost (E22).
 * 3. One decision for each person and item (W3): the same one sent again is answered from the row, another one is refused.
 * 4. A rejection settles at once, an approval when `quorum` distinct persons approved the same arguments. A decision that does not settle the
 *    item frees it for the next person.
 */
export class Decisions {
  readonly #pool: Pool
  readonly #keys: ReviewKeys
  readonly #audit: ReviewAudit
  readonly #wake: SendWake
  readonly #random: Random
  readonly #onRejected: OnRejected | undefined

  constructor(options: {
    pool: Pool
    keys: ReviewKeys
    audit: ReviewAudit
    wake: SendWake
    random: Random
    onRejected?: OnRejected | undefined
  }) {
    this.#onRejected = options.onRejected
    this.#pool = options.pool
    this.#keys = options.keys
    this.#audit = options.audit
    this.#wake = options.wake
    this.#random = options.random
  }

  async decide(request: DecideItem): Promise<Decided> {
    const { decided, wakes } = await transaction(this.#pool, (connection) => this.#decide(connection, request))
    for (const run of wakes) void this.#wake(run).catch(() => {}) // a hint: whoever decided does not wait for the scheduler
    return decided
  }

  async #decide(
    connection: Connection,
    request: DecideItem,
  ): Promise<{ decided: Decided; wakes: readonly ItemRow['run'][] }> {
    const { row, decisions: rows } = await lockStanding(connection, request)
    const key = this.#keys.unwrap(request.tenant, row.key_id, row.wrapped)
    const content = openItem(key, row.body)
    const decisions = rows.map((decision) => decisionOf(decision, key))
    const own = decisions.find((decision) => decision.person === request.person)
    if (own) return { decided: repeated({ row, content, decisions, own, request }), wakes: [] }
    const refused = whyNotDecide({ row, decisions: rows, ...request })
    if (refused) throw refused
    const proposal = proposalOf(content, decisions)
    // The content names the digests that the columns hold: a row that was changed by hand decides nothing.
    const isIntact = proposalOf(content, []).shownDigest === row.shown_digest
    if (!isIntact) throw new MillraceError('review/changed', { item: row.id })
    const judgement = judge(content, proposal, request)
    if (judgement.actionDigest !== undefined && !judgement.edited && judgement.actionDigest !== row.action_digest)
      throw new MillraceError('review/changed', { item: row.id })
    const isSettled = request.verdict !== 'approve' || decisions.length + 1 >= row.quorum
    const decision = await this.#insert(connection, { key, row, request, judgement, ordinal: decisions.length + 1 })
    await connection.query({
      name: isSettled ? 'settle-work-item' : 'free-work-item',
      text: `update work_item set holder = null, lease_until = null ${isSettled ? ", state = 'decided', settled = clock_timestamp()" : ''} where t = $1 and id = $2`,
      values: [request.tenant, row.id],
    })
    const { tenant, person, item, verdict } = request
    await this.#audit.append(connection, [{ tenant, actor: person, action: recorded[verdict], object: item }])
    if (verdict === 'reject') await this.#onRejected?.(connection, { tenant, run: row.run })
    const isWakeDue = isSettled && (await ringBell(connection, row.run))
    return {
      decided: { decision, state: isSettled ? 'decided' : 'open', isRepeat: false },
      wakes: isWakeDue ? [row.run] : [],
    }
  }

  async #insert(connection: Connection, made: NewDecision): Promise<Decision> {
    const { key, row, ordinal, request, judgement } = made
    const { tenant, item, person, claim, verdict, shownDigest, reason, note, activeMs } = request
    const { value, edited, actionDigest } = judgement
    const { rows } = await connection.query<{ at: Date }>({
      name: 'insert-decision',
      text: `insert into decision (t, item, ordinal, person, claim_no, verdict, shown_digest, action_digest, active_ms, reason, key_id, body)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning at`,
      values: [
        tenant,
        item,
        ordinal,
        person,
        claim,
        verdict,
        shownDigest,
        actionDigest ?? null,
        activeMs ?? null,
        reason ?? null,
        row.key_id,
        sealDecision(key, { value, edited, note }, this.#random),
      ],
    })
    const at = rows[0]?.at.getTime() ?? 0
    return {
      item,
      ordinal,
      person,
      at,
      claim,
      verdict,
      reason,
      note,
      value,
      edited,
      shownDigest,
      actionDigest,
      activeMs,
    }
  }
}

interface NewDecision {
  readonly key: KeyObject
  readonly row: ItemRow
  readonly ordinal: number
  readonly request: DecideItem
  readonly judgement: Judgement
}

const recorded: Record<Verdict, ReviewAction> = {
  approve: 'review/approved',
  reject: 'review/rejected',
  answer: 'review/answered',
}

/** The person has decided before: the same again is the same decision, anything else is refused. Errors: `review/decided`. */
function repeated(known: {
  row: ItemRow
  content: ItemContent
  decisions: readonly Decision[]
  own: Decision
  request: DecideItem
}): Decided {
  const { row, content, decisions, own, request } = known
  const earlier = proposalOf(
    content,
    decisions.filter((decision) => decision.ordinal < own.ordinal),
  )
  if (isRepeat(own, earlier, request)) return { decision: own, state: row.state, isRepeat: true }
  throw new MillraceError('review/decided', { item: row.id, verdict: own.verdict, person: own.person })
}
