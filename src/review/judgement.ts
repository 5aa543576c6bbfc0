import { MillraceError } from '../core/errors/millrace-error.ts'
import { canonicalJson, digestOf, type Json } from '../core/json.ts'
import { authorityOf, type ItemContent, shownDigestOf } from './content.ts'
import type { DecideItem, Decision, ItemKind, Verdict } from './item.ts'
import { problemsOf } from './value-check.ts'

/** The rules of a decision, without a database: what an approval approves now, and whether a request may be taken. */

const longestNote = 4_000

/** What stands to be decided. */
export interface Proposal {
  readonly value: Json | undefined
  /** A decision must name it: it changes when an approver edits what the next one is asked to approve. */
  readonly shownDigest: string
  readonly actionDigest: string | undefined
  readonly isEditable: boolean
}
export interface Judgement {
  /** Undefined when rejected. */
  readonly value: Json | undefined
  readonly edited: boolean
  readonly actionDigest: string | undefined
}

export const verdictsOf = (kind: ItemKind): readonly Verdict[] =>
  kind === 'approve' ? ['approve', 'reject'] : ['answer']

/**
 * Several approvers approve the same arguments (W3): what the first of them made of the proposal is what the next is shown, and only the first may
 * edit. Otherwise two persons could approve two different things, and their sum would count.
 */
export function proposalOf(content: ItemContent, earlier: readonly Decision[]): Proposal {
  const { kind, action, proposed } = content
  const asked = shownDigestOf(content)
  if (kind === 'answer' || !action || proposed === undefined)
    return { value: undefined, shownDigest: asked, actionDigest: undefined, isEditable: false }
  const first = earlier.find((decision) => decision.verdict === 'approve')
  const value = first?.value ?? proposed
  const actionDigest = authorityOf(action, value)
  const shownDigest = first?.edited ? digestOf([asked, actionDigest]) : asked
  return { value, shownDigest, actionDigest, isEditable: !first }
}

/**
 * Takes or refuses what a person sent, by the content of the item alone.
 * Errors: `review/changed`, `review/wrong-verdict`, `review/bad-reason`, `review/bad-value`, `review/bad-input`.
 */
export function judge(content: ItemContent, proposal: Proposal, request: DecideItem): Judgement {
  const { item, verdict, shownDigest, value } = request
  checkInput(request)
  if (shownDigest !== proposal.shownDigest) throw new MillraceError('review/changed', { item })
  const verdicts = verdictsOf(content.kind)
  if (!verdicts.includes(verdict))
    throw new MillraceError('review/wrong-verdict', { item, verdict, allowed: verdicts.join(', ') })
  checkReason(content, request)
  if (verdict === 'approve') return approval(content, proposal, request)
  if (verdict === 'answer') return { value: checkedValue(content, request), edited: false, actionDigest: undefined }
  if (value !== undefined) throw badValue(request, ['a rejection carries no value'])
  return { value: undefined, edited: false, actionDigest: undefined }
}

/** W5: the authority is computed anew over exactly what was approved; an edit counts as one only if it changes something. */
function approval(content: ItemContent, proposal: Proposal, request: DecideItem): Judgement {
  const { action, proposed } = content
  if (!action || proposed === undefined || proposal.value === undefined)
    throw new MillraceError('review/changed', { item: request.item })
  const isOther = request.value !== undefined && !isSame(request.value, proposal.value)
  if (isOther && !proposal.isEditable)
    throw badValue(request, ['another person has approved these arguments: approve them as they are, or reject them'])
  const value = isOther ? checkedValue(content, request) : proposal.value
  return { value, edited: !isSame(value, proposed), actionDigest: authorityOf(action, value) }
}

/** The same request as the one that made `decision`: a repeat after a lost answer. */
export function isRepeat(decision: Decision, earlier: Proposal, request: DecideItem): boolean {
  const { verdict, reason, note, claim, shownDigest } = request
  const value = request.value ?? (verdict === 'approve' ? earlier.value : undefined)
  return isSame(
    { verdict, reason, note, claim, shownDigest, value },
    {
      verdict: decision.verdict,
      reason: decision.reason,
      note: decision.note,
      claim: decision.claim,
      shownDigest: decision.shownDigest,
      value: decision.value,
    },
  )
}

function checkedValue({ form }: ItemContent, request: DecideItem): Json {
  const { value } = request
  if (value === undefined) throw badValue(request, ['an answer needs a value'])
  const problems = problemsOf(form.valueSchema, value)
  if (problems.length > 0) throw badValue(request, problems)
  return value
}

function checkReason({ form }: ItemContent, { item, verdict, reason }: DecideItem): void {
  const isNeeded = verdict === 'reject' && form.reasons.length > 0
  const isKnown = reason === undefined ? !isNeeded : form.reasons.includes(reason)
  if (!isKnown)
    throw new MillraceError('review/bad-reason', {
      item,
      known: form.reasons.join(', ') || 'none: the form has no reasons',
    })
}

function checkInput({ note = '', activeMs = 0 }: DecideItem): void {
  const problems = [
    ...(note.length > longestNote ? [`note: expected at most ${longestNote} characters`] : []),
    ...(!note.isWellFormed() ? ['note: holds half a character'] : []),
    ...(Number.isInteger(activeMs) && activeMs >= 0 && activeMs < 2 ** 31 ? [] : ['activeMs: expected milliseconds']),
  ]
  if (problems.length > 0) throw new MillraceError('review/bad-input', { problems: problems.join('; ') })
}

const badValue = ({ item }: DecideItem, problems: readonly string[]): MillraceError =>
  new MillraceError('review/bad-value', { item, problems: problems.join('; ') })

function isSame(a: Json, b: Json): boolean {
  try {
    return canonicalJson(a) === canonicalJson(b)
  } catch {
    return false // what JSON cannot hold is never the same as what it can
  }
}
