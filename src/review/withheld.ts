import type { PersonId } from '../core/ids.ts'
import type { Decision } from './item.ts'
import type { SummaryRow } from './rows.ts'

/**
 * What others decided, as a person who may still decide is told of it: nothing, so that the second opinion is one. Every answer of the review
 * plane that carries decisions goes through here. Without a person it is the platform that reads.
 */
export function withheldFrom(
  person: PersonId | undefined,
  row: Pick<SummaryRow, 'state'>,
  decisions: readonly Decision[],
): readonly Decision[] {
  const mayStillDecide = person !== undefined && row.state === 'open'
  if (!mayStillDecide || decisions.some((decision) => decision.person === person)) return decisions
  return []
}
