import { z } from 'zod'
import type { CallId, TenantId } from '../../core/ids.ts'
import { capabilities, dataClasses, tiers } from '../../sdk/models.ts'

const version = z.string()
/** JSON has no big integers: nano-units stand in it as a decimal number. */
const nano = z.codec(z.string().regex(/^\d+$/), z.bigint(), {
  decode: (text) => BigInt(text),
  encode: (amount) => String(amount),
})
const money = z.strictObject({ nano, currency: z.string() })
const count = z.number()
const usage = z.strictObject({
  input: count,
  cacheRead: count,
  cacheWrite: count,
  cacheWriteLong: count,
  output: count,
  reasoning: count,
  tier: z.string().exactOptional(),
})

/** One version that was asked: its retries together. */
const recordedAttempt = z.strictObject({
  version,
  /** `answered` where any try did. */
  outcome: z.enum(['answered', 'failed']),
  score: z.number().exactOptional(),
  usage: usage.exactOptional(),
  /** Of all its tries, as booked. Of an answer without one it is unknown; a failure without one cost nothing. */
  cost: money.exactOptional(),
})

/** What of a call is recorded as JSON; `callBody.decode` and `.encode` lead to it and back. */
export const callBody = z.strictObject({
  facts: z.strictObject({
    key: z.string().exactOptional(),
    draw: z.string(),
    dataClass: z.enum(dataClasses),
    regions: z.array(z.string()).exactOptional(),
    mostTier: z.enum(tiers).exactOptional(),
    mostCost: money.exactOptional(),
    needs: z.array(z.enum(capabilities)).exactOptional(),
    pinned: version.exactOptional(),
  }),
  health: z.record(z.string(), z.enum(['breaker-open', 'cooling-down'])),
  worst: z.record(z.string(), money),
  /** What the call could use at most: its worst case at any price follows. */
  bounds: z.strictObject({
    inputBound: count,
    outputCap: count,
    answers: count.exactOptional(),
    hasTools: z.boolean().exactOptional(),
    tier: z.string().exactOptional(),
  }),
  /** Every level of the budget tree that it was held against. */
  budgets: z.array(z.string()),
  /** An answer to another call stood for it. */
  cached: z.boolean().exactOptional(),
  /** The budget that refused it. */
  stoppedBy: z.string().exactOptional(),
  /** The budget that was past its downgrade threshold: only the route's cheapest tier was asked from there on. */
  downgradedBy: z.string().exactOptional(),
  /** In the order in which they were asked; empty: nobody was. */
  attempts: z.array(recordedAttempt),
  shadows: z.array(recordedAttempt),
})
export type CallBody = z.output<typeof callBody>
export type RecordedAttempt = CallBody['attempts'][number]

/** A call as routing saw it, and what came of it. No text of it, no outside id: a business key stands here as a keyed hash. */
export interface CallRecord extends CallBody {
  /** Says when. */
  readonly id: CallId
  readonly tenant: TenantId
  readonly route: string
  /** Of the route. */
  readonly version: string
}
