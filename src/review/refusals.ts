import { MillraceError } from '../core/errors/millrace-error.ts'
import type { PersonId } from '../core/ids.ts'
import type { Permission } from './item.ts'
import { claimState, type DecisionRow, type SummaryRow } from './rows.ts'

/** Why an item cannot be claimed or decided, in the order in which a person would want to know. Read under the row lock where it counts. */

interface Standing {
  readonly row: SummaryRow
  readonly decisions: readonly DecisionRow[]
  readonly person: PersonId
}

export function whyNotClaim(standing: Standing): MillraceError | undefined {
  const { row, person } = standing
  const refused = whySettled(standing) ?? whyNotEligible(standing)
  if (refused) return refused
  const { holder, isLive } = claimState(row)
  if (holder && row.effective_at)
    return whyHeld(row, person) ?? new MillraceError('review/claimed', { item: row.id, holder })
  if (holder && holder !== person && isLive) return new MillraceError('review/claimed', { item: row.id, holder })
  return undefined
}

/** W2: the number and the holder fence, not the time: a lease that has ended still counts while nobody else has claimed. */
export function whyNotHeld(standing: Standing & { readonly claim: number }): MillraceError | undefined {
  const { row, person, claim } = standing
  const isHeld = row.holder === person && row.claim_no === claim
  return (
    whySettled(standing) ??
    whyHeld(row, person) ??
    (isHeld ? undefined : new MillraceError('review/claim-lost', { item: row.id, claim }))
  )
}

export const whyNotDecide = (standing: Standing & { readonly claim: number }): MillraceError | undefined =>
  whySettled(standing) ?? whyNotEligible(standing) ?? whyNotHeld(standing)

/** Said to the holder alone: others learn that the item is claimed, not that a decision stands. */
const whyHeld = ({ id, holder, effective_at }: SummaryRow, person: PersonId): MillraceError | undefined =>
  effective_at && holder === person ? new MillraceError('review/held', { item: id }) : undefined

function whyNotEligible({ row, decisions, person }: Standing): MillraceError | undefined {
  if (row.author === person)
    return new MillraceError('review/not-eligible', { item: row.id, why: 'it is their own work' })
  if (decisions.some((decision) => decision.person === person))
    return new MillraceError('review/not-eligible', { item: row.id, why: 'they decided on it before' })
  return undefined
}

function whySettled({ row, decisions }: Standing): MillraceError | undefined {
  const { id: item, state, closed_why } = row
  if (state === 'closed') return new MillraceError('review/closed', { item, why: closed_why ?? 'dropped' })
  if (state === 'open') return undefined
  const { verdict = 'approve', person = '' } = decisions.at(-1) ?? {}
  return new MillraceError('review/decided', { item, verdict, person })
}

export const permissionOf = (refused: MillraceError | undefined): Permission =>
  refused ? { allowed: false, why: refused.code as Permission['why'] } : { allowed: true, why: undefined } // one of the codes made here
