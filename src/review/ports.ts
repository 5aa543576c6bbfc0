import type { KeyObject } from 'node:crypto'
import type { KeyId, PersonId, RunId, TenantId } from '../core/ids.ts'
import type { Connection } from '../store/pool.ts'

/** What the review plane needs of the other planes, in its own words. */

export interface ReviewKeys {
  /** Errors: `governance/no-such-key`, `governance/key-destroyed`. */
  get(tenant: TenantId, key: KeyId): Promise<KeyObject>
  /** Opens a key that was read beside what it sealed. Errors: `governance/key-destroyed`. */
  unwrap(tenant: TenantId, key: KeyId, wrapped: Uint8Array | null): KeyObject
}

export type ReviewAction =
  | 'review/claimed'
  | 'review/released'
  | 'review/approved'
  | 'review/rejected'
  | 'review/answered'
  | 'review/escalated'
  | 'review/held'
  | 'review/undone'
  | 'review/effect-refused'
  | 'review/snoozed'
  | 'review/reassigned'

interface ReviewAuditEntry {
  readonly tenant: TenantId
  /** Undefined: Millrace itself, as a due time demands. */
  readonly actor: PersonId | undefined
  readonly action: ReviewAction
  /** The work item's id. */
  readonly object: string
}
export interface ReviewAudit {
  /** Over the caller's connection: an entry commits with what it records (W4). */
  append(connection: Connection, entries: readonly ReviewAuditEntry[]): Promise<void>
}

/** A person has rejected what a run proposed: what was made from the same answers goes in the decision's transaction. */
export type OnRejected = (
  connection: Connection,
  rejected: { readonly tenant: TenantId; readonly run: RunId },
) => Promise<unknown>

/** Whether a person has a part that decides, asked again when a held decision takes effect. */
export type MayDecide = (tenant: TenantId, person: PersonId) => Promise<boolean>

/** Sends a run's wake, after the commit. A hint: what is lost the sweeper sends (E22). */
export type SendWake = (run: RunId) => Promise<void>
