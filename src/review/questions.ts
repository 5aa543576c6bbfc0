import type { Clock } from '../core/clock.ts'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { type KeyId, mintId, type TenantId, type WorkItemId } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import type { Pool } from '../store/pool.ts'
import { type ItemContent, openDecision, sealFirstLine, sealItem, shownDigestOf } from './content.ts'
import type { HeldOf } from './held-decisions.ts'
import type { ClosedWhy, PersonsAnswer, Question, StepOfRun } from './item.ts'
import type { ReviewKeys } from './ports.ts'
import type { DecisionRow } from './rows.ts'

/**
 * Owns: what a waiting step does with its item: open it, read its decision, close it. Does not own: what people do with it.
 *
 * 1. One item for each (run, step), whoever opens it and however often (E20); other content under the same step is refused.
 * 2. What is shown stands sealed under the run's key; in the clear are names and codes that the pipeline's author wrote, and digests.
 * 3. `close` and a decision meet on the item's row: one of them wins, and `close` answers which.
 */
export class Questions {
  readonly #pool: Pool
  readonly #keys: ReviewKeys
  readonly #random: Random
  readonly #clock: Clock
  readonly #takeHeld: (of: HeldOf) => Promise<void>

  constructor(options: {
    pool: Pool
    keys: ReviewKeys
    random: Random
    clock: Clock
    takeHeld: (of: HeldOf) => Promise<void>
  }) {
    this.#takeHeld = options.takeHeld
    this.#pool = options.pool
    this.#keys = options.keys
    this.#random = options.random
    this.#clock = options.clock
  }

  async ask(question: Question): Promise<WorkItemId> {
    const { tenant, run, stepKey, subjectKey } = question
    if (!subjectKey) throw new MillraceError('run/no-key', { run })
    const { kind, form, shows, proposed, action, why } = question
    const content: ItemContent = { kind, form, shows, proposed, action, why }
    const shownDigest = shownDigestOf(content)
    const key = await this.#keys.get(tenant, subjectKey)
    const { rows } = await this.#pool.query<{ id: WorkItemId }>({
      name: 'ask-person',
      text: `insert into work_item (t, id, kind, run, step_key, queue, priority, due, expires, shown_digest, action_digest, quorum, author, form, action, why, head, key_id, body)
        values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp() + $8::float8 * interval '1 ms', clock_timestamp() + $9::float8 * interval '1 ms',
          $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
        on conflict (t, run, step_key) do nothing returning id`,
      values: [
        tenant,
        mintId('rev', this.#clock.today(), this.#random),
        kind,
        run,
        stepKey,
        question.queue,
        question.priority,
        question.dueIn ?? null,
        question.expiresIn ?? null,
        shownDigest,
        question.actionDigest ?? null,
        kind === 'approve' ? (question.quorum ?? 1) : 1,
        question.author ?? null,
        form.name,
        action?.name ?? null,
        why,
        sealFirstLine(key, question.firstLine, this.#random),
        subjectKey,
        sealItem(key, content, this.#random),
      ],
    })
    return rows[0]?.id ?? this.#askedBefore(question, shownDigest)
  }

  async #askedBefore({ tenant, run, stepKey, actionDigest }: Question, shownDigest: string): Promise<WorkItemId> {
    const { rows } = await this.#pool.query<{ id: WorkItemId; shown_digest: string; action_digest: string | null }>({
      name: 'asked-before',
      text: 'select id, shown_digest, action_digest from work_item where t = $1 and run = $2 and step_key = $3',
      values: [tenant, run, stepKey],
    })
    const [row] = rows
    if (row?.shown_digest !== shownDigest || row.action_digest !== (actionDigest ?? null))
      throw new MillraceError('review/other-question', { item: row?.id ?? '', run })
    return row.id
  }

  /** The last decision is the one that settled the item (W3). */
  async answer({ tenant, run, stepKey }: StepOfRun): Promise<PersonsAnswer | undefined> {
    const { rows } = await this.#pool.query<DecisionRow & { key_id: KeyId; wrapped: Buffer | null }>({
      name: 'persons-answer',
      text: `select d.*, k.wrapped from work_item i
        join lateral (select * from decision d where d.t = i.t and d.item = i.id order by d.ordinal desc limit 1) d on true
        left join subject_key k on k.t = d.t and k.id = d.key_id
        where i.t = $1 and i.run = $2 and i.step_key = $3 and i.state = 'decided'`,
      values: [tenant, run, stepKey],
    })
    const [row] = rows
    return row && this.#answerOf(tenant, row)
  }

  #answerOf(tenant: TenantId, row: DecisionRow & { key_id: KeyId; wrapped: Buffer | null }): PersonsAnswer {
    const { value, edited } = openDecision(this.#keys.unwrap(tenant, row.key_id, row.wrapped), row.body)
    const { item, verdict, person, reason, action_digest } = row
    return {
      item,
      verdict,
      person,
      value,
      edited,
      actionDigest: action_digest ?? undefined,
      reason: reason ?? undefined,
    }
  }

  /** The update waits for a decision's row lock and then finds the item decided: only a loser has to read. */
  async close(step: StepOfRun, why: ClosedWhy): Promise<PersonsAnswer | undefined> {
    if (why === 'timeout') await this.#takeStanding(step)
    const { rowCount } = await this.#pool.query({
      name: 'close-work-item',
      text: `with closed as (
          update work_item set state = 'closed', closed_why = $4, settled = clock_timestamp(), holder = null, lease_until = null, effective_at = null
          where t = $1 and run = $2 and step_key = $3 and state = 'open' returning t, id),
        ended as (
          update held_decision h set state = 'closed' from closed c where h.t = c.t and h.item = c.id and h.state = 'held')
        select 1 from closed`,
      values: [step.tenant, step.run, step.stepKey, why],
    })
    return rowCount ? undefined : this.answer(step)
  }

  /** What a person decided before the deadline counts, though it is still held. */
  async #takeStanding({ tenant, run, stepKey }: StepOfRun): Promise<void> {
    const { rows } = await this.#pool.query<{ item: WorkItemId; no: string }>({
      name: 'held-at-deadline',
      text: `select h.item, h.no from work_item i join held_decision h on h.t = i.t and h.item = i.id and h.state = 'held'
        where i.t = $1 and i.run = $2 and i.step_key = $3`,
      values: [tenant, run, stepKey],
    })
    for (const { item, no } of rows) await this.#takeHeld({ tenant, item, no })
  }
}
