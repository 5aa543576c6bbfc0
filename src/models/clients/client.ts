import type { TenantId } from '../../core/ids.ts'
import type { DataClass } from '../../sdk/models.ts'

/** What a client may have let through; what is absent does not limit. */
export interface Limits {
  /** A minute. */
  readonly requests?: number | undefined
  /** A minute, read and written together. */
  readonly tokens?: number | undefined
  /** Calls at once. */
  readonly atOnce?: number | undefined
}

/** Who calls models, by the key that they have: what it lets them do. Nothing of a request widens it. */
export interface Client {
  /** The key's. */
  readonly id: string
  readonly tenant: TenantId
  /** Nodes of the budget tree that its calls are held against. */
  readonly budgets: readonly string[]
  /** What its data may be at most; a call is taken as that. */
  readonly dataClass: DataClass
  /** The routes that it may call, by name; absent: all. */
  readonly routes?: readonly string[] | undefined
  readonly limits: Limits
}
