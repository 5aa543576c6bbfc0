import { z } from '@hono/zod-openapi'

/** What the API says of work items; times are milliseconds since 1970. */

const json = z.unknown()
const versioned = z.object({ name: z.string(), digest: z.string() })
const claim = z.object({
  number: z.number(),
  holder: z.string().optional(),
  leaseUntil: z.number().optional(),
  isLive: z.boolean(),
})
export const itemSummary = z
  .object({
    id: z.string(),
    run: z.string(),
    kind: z.enum(['approve', 'answer']),
    state: z.enum(['open', 'decided', 'closed']),
    closedWhy: z.enum(['timeout', 'cancelled', 'dropped']).optional(),
    queue: z.string(),
    priority: z.number(),
    created: z.number().openapi({ description: 'Milliseconds since 1970, as every time here.' }),
    due: z.number().optional(),
    isOverdue: z.boolean(),
    expires: z.number().optional(),
    escalated: z.number().optional(),
    settled: z.number().optional(),
    claim,
    effectiveAt: z.number().optional().openapi({ description: 'A decision of the holder is held until then.' }),
    snoozedUntil: z.number().optional(),
    assignee: z.string().optional(),
    form: z.string(),
    action: z.string().optional(),
    why: z.array(z.string()).readonly(),
    quorum: z.number(),
    firstLine: z.string().optional(),
    unreadable: z.enum(['erased', 'damaged']).optional(),
  })
  .openapi('WorkItemSummary')
export const itemVerdict = z.enum(['approve', 'reject', 'answer'])
const itemDecision = z
  .object({
    item: z.string(),
    ordinal: z.number(),
    person: z.string(),
    at: z.number(),
    claim: z.number(),
    verdict: itemVerdict,
    reason: z.string().optional(),
    note: z.string().optional(),
    value: json.optional(),
    edited: z.boolean(),
    shownDigest: z.string(),
    actionDigest: z.string().optional(),
    activeMs: z.number().optional(),
  })
  .openapi('Decision')
const permission = z.object({ allowed: z.boolean(), why: z.string().optional() })
export const itemDetail = itemSummary
  .omit({ form: true, action: true, firstLine: true, unreadable: true })
  .extend({
    firstLine: z.string(),
    stepKey: z.string(),
    form: versioned.extend({ reasons: z.array(z.string()).readonly(), valueSchema: json }),
    action: versioned.optional(),
    shows: json,
    proposed: json.optional(),
    proposedFirst: json.optional(),
    shownDigest: z.string(),
    actionDigest: z.string().optional(),
    verdicts: z.array(itemVerdict).readonly(),
    isEditable: z.boolean(),
    may: z.object({ claim: permission, decide: permission }),
    decisions: z.array(itemDecision).readonly(),
  })
  .openapi('WorkItem')
export const itemClaim = z.object({ item: z.string(), claim: z.number(), person: z.string(), leaseUntil: z.number() })
export const decided = z.object({
  decision: itemDecision,
  state: z.enum(['open', 'decided', 'closed']),
  effectiveAt: z.number().optional().openapi({ description: 'Held until then; absent: it has taken effect.' }),
  isRepeat: z.boolean(),
})
export const queueState = z.object({
  queue: z.string(),
  open: z.number(),
  overdue: z.number(),
  snoozed: z.number(),
  isMore: z.boolean().openapi({ description: 'More wait than were counted.' }),
  oldest: z.number(),
})
export const draft = z.object({ version: z.number(), saved: z.number(), content: json })
export const shownAgain = z.object({
  decision: z.string(),
  item: z.string(),
  ordinal: z.number(),
  person: z.string(),
  at: z.number(),
  verdict: itemVerdict,
  shownDigest: z.string(),
  fits: z.boolean(),
  content: json.optional(),
  seen: z
    .object({
      evidence: z.array(z.string()).readonly().optional(),
      visibleMs: z.number().optional(),
      key: z.string().optional(),
    })
    .optional(),
})
