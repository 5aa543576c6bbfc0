import type { Capability, DataClass, Tier } from '../../sdk/models.ts'
import type { Nano } from '../../core/money.ts'
import type { RouteVersion } from './route-version.ts'

export interface Money {
  readonly nano: Nano
  readonly currency: string
}

/** What is known of a call before anyone is asked. Recorded as it is: no text of the call, no outside id. */
export interface RequestFacts {
  /** The business key that arms stick to, as a keyed hash. Absent: every call draws anew. */
  readonly key?: string
  /** Of this call alone (hex): the arm of a call without a key follows from it, and which shadows are asked. */
  readonly draw: string
  readonly dataClass: DataClass
  /** Where the caller's data may go, beside what the route demands. */
  readonly regions?: readonly string[]
  /** The best tier that the caller's budget still allows. */
  readonly mostTier?: Tier
  readonly mostCost?: Money
  readonly needs?: readonly Capability[]
  /** The version that gave what the call goes on from: nobody else may be asked. */
  readonly pinned?: string
}

/** Why a model is passed over though it may be asked: its breaker is open, or all its keys cool down. Absent: it is well. */
export type Illness = 'breaker-open' | 'cooling-down'

/** All that a plan follows from. */
export interface RouteInputs {
  readonly route: RouteVersion
  readonly facts: RequestFacts
  /** Of models by their versions' digests. */
  readonly health: Readonly<Record<string, Illness>>
  /** What an attempt costs at most, by versions' digests. Asked for only where a cost is limited; absent: unknown. */
  readonly worst: Readonly<Record<string, Money>>
}
