import type { KeyObject } from 'node:crypto'
import type { Instant, Millis } from '../core/clock.ts'
import { isMillraceError, MillraceError } from '../core/errors/millrace-error.ts'
import type { Random } from '../core/random.ts'
import { ringBell } from '../store/bell.ts'
import { type Connection, type Pool, transaction } from '../store/pool.ts'
import { lockStanding, type Standing } from './claims.ts'
import { type ItemContent, openItem, sealDecision } from './content.ts'
import { type HeldDecision, HeldDecisions, type HeldOf } from './held-decisions.ts'
import type { Claim, Decided, DecideItem, Decision, UndoDecision, Verdict } from './item.ts'
import { isRepeat, judge, type Judgement, type Proposal, proposalOf } from './judgement.ts'
import type { MayDecide, OnRejected, ReviewAction, ReviewAudit, ReviewKeys, SendWake } from './ports.ts'
import { whyNotDecide } from './refusals.ts'
import { decisionOf, type ItemRow } from './rows.ts'
import { keepShown } from './shown.ts'

/**
 * Owns: taking a decision. Does not own: what it must say (`judgement.ts`), or who holds the item (`claims.ts`).
 *
 * 1. Everything is judged under the item's row lock, so a decision, a close and another decision have one order (W2, E20).
 * 2. The decision, its audit record and the bell of the run commit together (W4); the wake is sent after, and may be lost (E22).
 * 3. One decision for each person and item (W3): the same one sent again is answered from the row, another one is refused.
 * 4. A rejection settles at once, an approval when `quorum` distinct persons approved the same arguments. A decision that does not settle the
 *    item frees it for the next person.
 * 5. A decision that is held has been judged, and stands in Postgres: nobody else claims the item, and nothing escalates it. When its time comes
 *    it is judged again, with the person's part; what is refused then frees the item and says why.
 * 6. The bytes that a decision was made on are kept with it.
 */
export class Decisions {
  readonly #pool: Pool
  readonly #keys: ReviewKeys
  readonly #audit: ReviewAudit
  readonly #wake: SendWake
  readonly #random: Random
  readonly #onRejected: OnRejected | undefined
  readonly #mayDecide: MayDecide
  readonly #held: HeldDecisions

  constructor(options: {
    pool: Pool
    keys: ReviewKeys
    audit: ReviewAudit
    wake: SendWake
    random: Random
    onRejected?: OnRejected | undefined
    mayDecide?: MayDecide | undefined
  }) {
    this.#mayDecide = options.mayDecide ?? (async () => true)
    this.#held = new HeldDecisions(options)
    this.#onRejected = options.onRejected
    this.#pool = options.pool
    this.#keys = options.keys
    this.#audit = options.audit
    this.#wake = options.wake
    this.#random = options.random
  }

  async decide(request: DecideItem): Promise<Decided> {
    const { decided, wakes } = await transaction(this.#pool, (connection) => this.#decide(connection, request))
    this.#send(wakes)
    return decided
  }

  /** Undoes a decision that is held: the person holds the item again, under a new number, so that a repeat of what was undone counts no more. */
  undo(request: UndoDecision): Promise<Claim> {
    return this.#held.undo(request)
  }

  /** Lets at most `limit` held decisions take effect whose time has come, of all tenants. Answers how many it looked at. */
  async takeEffect(limit: number): Promise<number> {
    const due = await this.#held.due(limit)
    const failures: unknown[] = []
    // One that cannot be read must not keep the others waiting behind it.
    for (const one of due) await this.takeHeld(one).catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw new AggregateError(failures, 'held decisions did not take effect')
    return due.length
  }

  /** Also before its time: a deadline that comes meanwhile does not undo what was decided before it (E20). */
  async takeHeld(of: HeldOf): Promise<void> {
    this.#send(await transaction(this.#pool, (connection) => this.#takeHeld(connection, of)))
  }

  async #takeHeld(connection: Connection, of: HeldOf): Promise<readonly ItemRow['run'][]> {
    const standing = await lockStanding(connection, of)
    const held = await this.#held.read(connection, of)
    if (!held) return []
    try {
      const key = this.#keys.unwrap(of.tenant, standing.row.key_id, standing.row.wrapped)
      const request = this.#held.requestOf(of, held, key)
      if (!(await this.#mayDecide(of.tenant, held.person)))
        throw new MillraceError('review/not-eligible', { item: of.item, why: 'their part no longer decides' })
      const row = { ...standing.row, effective_at: null }
      const judged = this.#judge({ ...standing, row }, request)
      await this.#held.end(connection, held, { state: 'taken' })
      return (await this.#take(connection, judged)).wakes
    } catch (error) {
      if (!isMillraceError(error)) throw error
      await this.#held.end(connection, held, { state: 'refused', refused: error.code })
      const { tenant, item: object } = of
      await this.#audit.append(connection, [{ tenant, actor: held.person, action: 'review/effect-refused', object }])
      return []
    }
  }

  #send(wakes: readonly ItemRow['run'][]): void {
    for (const run of wakes) void this.#wake(run).catch(() => {}) // a hint: whoever decided does not wait for the scheduler
  }

  async #decide(
    connection: Connection,
    request: DecideItem,
  ): Promise<{ decided: Decided; wakes: readonly ItemRow['run'][] }> {
    const standing = await lockStanding(connection, request)
    const { row, decisions: rows } = standing
    const key = this.#keys.unwrap(request.tenant, row.key_id, row.wrapped)
    const decisions = rows.map((decision) => decisionOf(decision, key))
    const own = decisions.find((decision) => decision.person === request.person)
    if (own) return { decided: repeated({ row, content: openItem(key, row.body), decisions, own, request }), wakes: [] }
    const { holdFor = 0 } = request
    if (!(holdFor >= 0 && holdFor <= longestHold))
      throw new MillraceError('review/bad-input', { problems: 'holdFor: expected at most a minute, in milliseconds' })
    const held = await this.#held.ofItem(connection, request)
    if (held?.person === request.person && this.#held.isSame(held, request, key))
      return {
        decided: heldOf(this.#judge({ ...standing, row: { ...row, effective_at: null } }, request), held, true),
        wakes: [],
      }
    const judged = this.#judge(standing, request)
    if (holdFor === 0) return this.#take(connection, judged)
    const { tenant, person, item } = request
    const made = await this.#held.hold(connection, {
      request: { ...request, activeMs: judged.activeMs },
      row,
      key,
      holdFor,
    })
    await this.#audit.append(connection, [{ tenant, actor: person, action: 'review/held', object: item }])
    return { decided: heldOf(judged, made, false), wakes: [] }
  }

  /** Errors: all that a decision can be refused with. */
  #judge({ row, decisions: rows }: Standing, request: DecideItem): Judged {
    const key = this.#keys.unwrap(request.tenant, row.key_id, row.wrapped)
    const content = openItem(key, row.body)
    const decisions = rows.map((decision) => decisionOf(decision, key))
    const refused = whyNotDecide({ row, decisions: rows, ...request })
    if (refused) throw refused
    const proposal = proposalOf(content, decisions)
    // The content names the digests that the columns hold: a row that was changed by hand decides nothing.
    const isIntact = proposalOf(content, []).shownDigest === row.shown_digest
    if (!isIntact) throw new MillraceError('review/changed', { item: row.id })
    const judgement = judge(content, proposal, request)
    if (judgement.actionDigest !== undefined && !judgement.edited && judgement.actionDigest !== row.action_digest)
      throw new MillraceError('review/changed', { item: row.id })
    const activeMs = boundedBy(row, request.activeMs)
    return { key, row, content, request, judgement, proposal, ordinal: decisions.length + 1, activeMs }
  }

  async #take(connection: Connection, judged: Judged): Promise<{ decided: Decided; wakes: readonly ItemRow['run'][] }> {
    const { row, request, ordinal } = judged
    const isSettled = request.verdict !== 'approve' || ordinal >= row.quorum
    const decision = await this.#insert(connection, judged)
    await connection.query({
      name: 'drop-draft',
      text: 'delete from draft where t = $1 and item = $2 and person = $3',
      values: [request.tenant, row.id, request.person],
    })
    await connection.query({
      name: isSettled ? 'settle-work-item' : 'free-work-item',
      text: `update work_item set holder = null, lease_until = null, effective_at = null ${isSettled ? ", state = 'decided', settled = clock_timestamp()" : ''} where t = $1 and id = $2`,
      values: [request.tenant, row.id],
    })
    const { tenant, person, item, verdict } = request
    await this.#audit.append(connection, [{ tenant, actor: person, action: recorded[verdict], object: item }])
    if (verdict === 'reject') await this.#onRejected?.(connection, { tenant, run: row.run })
    const isWakeDue = isSettled && (await ringBell(connection, row.run))
    return {
      decided: { decision, state: isSettled ? 'decided' : 'open', effectiveAt: undefined, isRepeat: false },
      wakes: isWakeDue ? [row.run] : [],
    }
  }

  async #insert(connection: Connection, made: Judged): Promise<Decision> {
    const { key, row, ordinal, request, judgement, activeMs } = made
    const { tenant, item, person, claim, verdict, shownDigest, reason, note } = request
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
    await keepShown(connection, { ...made, tenant, item, keyId: row.key_id, random: this.#random })
    return decisionAt(made, rows[0]?.at.getTime() ?? 0)
  }
}

const longestHold = 60_000

interface Judged {
  readonly key: KeyObject
  readonly row: ItemRow
  readonly content: ItemContent
  readonly ordinal: number
  readonly request: DecideItem
  readonly judgement: Judgement
  readonly proposal: Proposal
  readonly activeMs: Millis | undefined
}

/** Nobody has worked on it longer than they have held it, whatever their client's clock says. */
const boundedBy = ({ now, claimed }: ItemRow, activeMs: Millis | undefined): Millis | undefined =>
  activeMs === undefined || !claimed ? activeMs : Math.min(activeMs, Math.max(now.getTime() - claimed.getTime(), 0))

function decisionAt({ request, ordinal, judgement, activeMs }: Judged, at: Instant): Decision {
  const { item, person, claim, verdict, reason, note, shownDigest } = request
  return { item, ordinal, person, at, claim, verdict, reason, note, shownDigest, activeMs, ...judgement }
}

const heldOf = (judged: Judged, held: HeldDecision, isRepeat: boolean): Decided => ({
  decision: decisionAt(judged, held.made),
  state: 'open',
  effectiveAt: held.effectiveAt,
  isRepeat,
})

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
  if (isRepeat(own, earlier, request))
    return { decision: own, state: row.state, effectiveAt: undefined, isRepeat: true }
  throw new MillraceError('review/decided', { item: row.id, verdict: own.verdict, person: own.person })
}
