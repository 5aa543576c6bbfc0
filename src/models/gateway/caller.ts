import type { KeyId, SubjectId, TenantId } from '../../core/ids.ts'
import type { DataClass } from '../../sdk/models.ts'
import type { AttemptFacts } from '../cost/reservation.ts'
import type { Priority } from '../providers/admission.ts'

/** Who calls, and what of that counts: for routing, for money, for the queue. Nothing of it comes from the request's own words. */
export interface Caller {
  readonly tenant: TenantId
  /** Nodes of the budget tree that the call is held against; the levels above them apply too. */
  readonly budgets: readonly string[]
  /** What the data may be, the most delicate unless the key says less. */
  readonly dataClass: DataClass
  readonly priority: Priority
  /** The business key that arms stick to, as a keyed hash. */
  readonly key?: string
  /** The person whom the call concerns, with their key: what is kept of it is theirs. */
  readonly subject?: { readonly id: SubjectId; readonly key: KeyId }
  /** The key that it came with. */
  readonly client?: string
  /** The routes that it may ask; absent: all. */
  readonly routes?: readonly string[]
  /** What the request was made from (documents of collections): a kept answer dies with any of it. Asked when one is to be kept. */
  readonly sources?: () => Promise<readonly string[]>
  readonly facts: Omit<AttemptFacts, 'kind' | 'call'>
}
