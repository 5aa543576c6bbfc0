import { MillraceError } from '../core/errors/millrace-error.ts'
import type { PersonId } from '../core/ids.ts'
import type { Pool } from '../store/pool.ts'
import { openFirstLine, openItem } from './content.ts'
import type { ItemDetail, OfItem } from './item.ts'
import { proposalOf, verdictsOf } from './judgement.ts'
import type { ReviewKeys } from './ports.ts'
import { permissionOf, whyNotClaim, whyNotDecide } from './refusals.ts'
import { withheldFrom } from './withheld.ts'
import { type DecisionRow, decisionOf, type ItemRow, readDecisions, readItem, summaryOf } from './rows.ts'

/** Owns: one item as a person looks at it, with what they may do: so that no client mirrors a rule. */
export class ItemViews {
  readonly #pool: Pool
  readonly #keys: ReviewKeys

  constructor(options: { pool: Pool; keys: ReviewKeys }) {
    this.#pool = options.pool
    this.#keys = options.keys
  }

  async show({ tenant, item, person }: OfItem & { readonly person?: PersonId | undefined }): Promise<ItemDetail> {
    const row = await readItem(this.#pool, { tenant, item, lock: false })
    if (!row) throw new MillraceError('review/no-such-item', { item })
    const decisionRows = await readDecisions(this.#pool, { tenant, item })
    const key = this.#keys.unwrap(tenant, row.key_id, row.wrapped)
    const content = openItem(key, row.body)
    const decisions = decisionRows.map((decision) => decisionOf(decision, key))
    const proposal = proposalOf(content, row.state === 'decided' ? decisions.slice(0, -1) : decisions)
    const { form, action, shows } = content
    return {
      ...summaryOf(row, person),
      firstLine: openFirstLine(key, row.head),
      stepKey: row.step_key,
      form,
      action,
      shows,
      proposed: proposal.value,
      proposedFirst: content.proposed,
      shownDigest: proposal.shownDigest,
      actionDigest: proposal.actionDigest,
      verdicts: verdictsOf(content.kind),
      isEditable: proposal.isEditable,
      may: mayOf(row, decisionRows, person),
      decisions: withheldFrom(person, row, decisions),
    }
  }
}

function mayOf(row: ItemRow, decisions: readonly DecisionRow[], person: PersonId | undefined): ItemDetail['may'] {
  if (person === undefined) {
    const nobody = { allowed: false, why: 'review/not-eligible' } as const
    return { claim: nobody, decide: nobody }
  }
  const standing = { row, decisions, person }
  return {
    claim: permissionOf(whyNotClaim(standing)),
    decide: permissionOf(whyNotDecide({ ...standing, claim: row.claim_no })),
  }
}
