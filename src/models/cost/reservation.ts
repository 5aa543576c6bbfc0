import type { MillraceError } from '../../core/errors/millrace-error.ts'
import type { ReservationId, RunId, TenantId } from '../../core/ids.ts'
import type { Nano } from '../../core/money.ts'
import type { Price } from './price.ts'

/**
 * Why an attempt is made: each of them costs, and each has its own reservation (C3). `repair`: its answer did not fit the schema; `sample` and
 * `judge`: to score an answer of a cascade.
 */
export type AttemptKind = 'first' | 'retry' | 'hedge' | 'fallback' | 'shadow' | 'repair' | 'sample' | 'judge'

/** Whom and what an attempt's cost is counted for. */
export interface AttemptFacts {
  readonly kind: AttemptKind
  /** The call that the attempt belongs to. */
  readonly call?: string | undefined
  readonly pipeline?: string | undefined
  readonly run?: RunId | undefined
  readonly step?: string | undefined
  readonly task?: string | undefined
  readonly entity?: { readonly type: string; readonly id: string } | undefined
}

export interface Attempt {
  readonly tenant: TenantId
  /** Nodes of the budget tree, by id; the levels above them apply too. None: the attempt is recorded, and nothing limits it. */
  readonly budgets: readonly string[]
  readonly provider: string
  readonly model: string
  readonly price: Price | undefined
  /** What `worstOf` says. */
  readonly worst: Nano | undefined
  readonly facts: AttemptFacts
  /** There is a cheaper way to do it: past a budget's `downgrade` it is refused, so that the caller takes that one. */
  readonly mayDowngrade?: boolean
}

/** How far the budgets of an attempt are spent: the worst of its levels. */
export type Standing = 'normal' | 'warn' | 'downgrade'

/** An attempt that may be made. */
export interface Reservation {
  readonly id: ReservationId
  readonly tenant: TenantId
  /** What it is settled by, whatever the price book says meanwhile (C8). Undefined: its cost is not known, and no budget applies. */
  readonly price: Price | undefined
  readonly held: Nano | undefined
  readonly standing: Standing
}

export type Admission =
  | { readonly outcome: 'admitted'; readonly reservation: Reservation }
  /** `downgrade`: ask again with the cheaper way. Nothing was sent and nothing is held. */
  | { readonly outcome: 'refused' | 'downgrade'; readonly error: MillraceError }

export type EndState = 'settled' | 'assumed' | 'released'

export interface Ended {
  readonly state: EndState
  /** False: it had ended before, in this state, and nothing was booked now (C4). */
  readonly isFirst: boolean
  /** What was booked by this end; undefined where the cost is not known. */
  readonly cost: Nano | undefined
}

/** Something that people should hear of; each threshold once a period (C9). */
export interface CostAlert {
  readonly tenant: TenantId
  /** Empty for an `excess`: it is no single budget's. */
  readonly budget: string
  readonly period: string
  /**
   * `warn`, `downgrade`, `stop`: the threshold is spent. `refused`: a call found no room, for the first time in the period.
   * `overdrawn`: more than the cap is spent. `excess`: an attempt cost more than it held (C5), by `amount`.
   */
  readonly kind: 'warn' | 'downgrade' | 'stop' | 'refused' | 'overdrawn' | 'excess'
  readonly reservation?: ReservationId
  /** What was spent then, or the excess. */
  readonly amount: Nano
}
