import type { Instant, Millis } from '../core/clock.ts'
import type { KeyId, PersonId, RunId, TenantId, WorkItemId } from '../core/ids.ts'
import type { Json } from '../core/json.ts'

/** The words of the review plane: what a step asks, what a person sees and sends. Times are milliseconds since 1970, by the database's clock. */

export type ItemKind = 'approve' | 'answer'
export type ItemState = 'open' | 'decided' | 'closed'
export type ClosedWhy = 'timeout' | 'cancelled' | 'dropped'
export type Verdict = 'approve' | 'reject' | 'answer'

export interface Versioned {
  readonly name: string
  readonly digest: string
}
export interface ItemForm extends Versioned {
  readonly reasons: readonly string[]
  /** JSON Schema of an edit or an answer. */
  readonly valueSchema: Json
}

// ---------------------------------------------------------------- asked by a step

export interface StepOfRun {
  readonly tenant: TenantId
  readonly run: RunId
  readonly stepKey: string
}
export interface Question extends StepOfRun {
  readonly kind: ItemKind
  readonly queue: string
  /** 0 first, 3 last. */
  readonly priority: number
  readonly dueIn: Millis | undefined
  readonly expiresIn: Millis | undefined
  readonly form: ItemForm
  readonly shows: Json
  readonly firstLine: string
  /** Of `approve`: the arguments that would run. */
  readonly proposed: Json | undefined
  /** Of `approve`: SHA-256 of `[action digest, arguments]` (W5). */
  readonly actionDigest: string | undefined
  readonly action: Versioned | undefined
  readonly why: readonly string[]
  readonly subjectKey: KeyId | undefined
  /** Of `approve`: how many distinct persons must approve the same arguments (W3); 1 unless said. */
  readonly quorum?: number
  /** The person whose work this is: may not decide it (W3). */
  readonly author?: PersonId
}
/** The decision that counts, as the waiting step reads it. */
export interface PersonsAnswer {
  readonly item: WorkItemId
  readonly verdict: Verdict
  readonly person: PersonId
  /** Exactly what was approved or answered; undefined when rejected. */
  readonly value: Json | undefined
  /** SHA-256 of `[action digest, value]`: the authority (W5). */
  readonly actionDigest: string | undefined
  readonly edited: boolean
  readonly reason: string | undefined
}

// ---------------------------------------------------------------- shown to a person

export interface ClaimState {
  /** Only rises (W1). */
  readonly number: number
  readonly holder: PersonId | undefined
  readonly leaseUntil: Instant | undefined
  /** The lease still runs. A holder whose lease has ended may still decide while nobody else has claimed (W2). */
  readonly isLive: boolean
}
/** A row of a list: names and codes, and the first line; no body was loaded. */
export interface ItemSummary {
  readonly id: WorkItemId
  readonly run: RunId
  readonly kind: ItemKind
  readonly state: ItemState
  readonly closedWhy: ClosedWhy | undefined
  readonly queue: string
  readonly priority: number
  readonly created: Instant
  readonly due: Instant | undefined
  readonly isOverdue: boolean
  /** When the run stops waiting; the run sees to it. */
  readonly expires: Instant | undefined
  readonly escalated: Instant | undefined
  readonly settled: Instant | undefined
  readonly claim: ClaimState
  /** A decision of the holder is held until then; it can be undone. */
  readonly effectiveAt: Instant | undefined
  readonly snoozedUntil: Instant | undefined
  /** Only this person takes it as the next one. */
  readonly assignee: PersonId | undefined
  readonly form: string
  readonly action: string | undefined
  /** Why a person is asked, as reason codes. */
  readonly why: readonly string[]
  readonly quorum: number
  /** Undefined where it cannot be read; `unreadable` says why. */
  readonly firstLine: string | undefined
  readonly unreadable: 'erased' | 'damaged' | undefined
}
export interface Permission {
  readonly allowed: boolean
  /** Why not, as a code of the error dictionary. */
  readonly why:
    | 'review/decided'
    | 'review/closed'
    | 'review/not-eligible'
    | 'review/claimed'
    | 'review/claim-lost'
    | 'review/held'
    | undefined
}
export interface Decision {
  readonly item: WorkItemId
  /** 1 is the first. */
  readonly ordinal: number
  readonly person: PersonId
  readonly at: Instant
  /** The claim under which it was made. */
  readonly claim: number
  readonly verdict: Verdict
  readonly reason: string | undefined
  readonly note: string | undefined
  /** What was approved or answered; undefined when rejected. */
  readonly value: Json | undefined
  readonly edited: boolean
  readonly shownDigest: string
  readonly actionDigest: string | undefined
  readonly activeMs: Millis | undefined
}
export interface ItemDetail extends Omit<ItemSummary, 'form' | 'action' | 'firstLine' | 'unreadable'> {
  readonly firstLine: string
  readonly stepKey: string
  readonly form: ItemForm
  readonly action: Versioned | undefined
  readonly shows: Json
  /** What an approval approves now: the step's arguments, or what the first of several approvers made of them. */
  readonly proposed: Json | undefined
  /** What the step proposed. */
  readonly proposedFirst: Json | undefined
  /** A decision names it: it stands for everything above that decides (W5). */
  readonly shownDigest: string
  /** The authority that an unedited approval gives. */
  readonly actionDigest: string | undefined
  /** The verdicts that the item takes. */
  readonly verdicts: readonly Verdict[]
  /** An approver may change the arguments: only the first of several. */
  readonly isEditable: boolean
  /** What the person who looks may do; without a person both are refused as `review/not-eligible`. */
  readonly may: { readonly claim: Permission; readonly decide: Permission }
  readonly decisions: readonly Decision[]
}

// ---------------------------------------------------------------- sent by a person

export interface OfItem {
  readonly tenant: TenantId
  readonly item: WorkItemId
}
export interface ListItems {
  readonly tenant: TenantId
  /** `open` unless said: by priority, due time, id. The others: newest first. */
  readonly state?: ItemState | undefined
  readonly queue?: string | undefined
  /** Of `open`: what this person holds; otherwise: what this person decided. */
  readonly mine?: PersonId | undefined
  /** Of `open`: leaves out what is put aside, or given to somebody else than this person. */
  readonly ready?: PersonId | undefined
  /** Of `open`; `priority` unless said, and a cursor goes on only in its own order. */
  readonly sort?: 'priority' | 'due' | undefined
  /** Who looks. */
  readonly viewer?: PersonId | undefined
  readonly cursor?: string | undefined
  /** 50 unless said, 200 at most. */
  readonly limit?: number | undefined
}
export interface ItemPage {
  readonly items: readonly ItemSummary[]
  /** Undefined: this is the last page. */
  readonly next: string | undefined
}
export interface ClaimItem extends OfItem {
  readonly person: PersonId
  /** Given: the claim is renewed under its number. Absent: a new claim, whose number ends the person's own earlier ones too. */
  readonly claim?: number | undefined
  /** A claim that the person holds is answered again, renewed, instead of a new one: the windows of a person share it. */
  readonly isShared?: boolean | undefined
  /** 10 minutes unless said; a second to a day. */
  readonly lease?: Millis | undefined
}
export interface ClaimNext {
  readonly tenant: TenantId
  readonly person: PersonId
  /** Absent: of any queue. */
  readonly queue?: string | undefined
  readonly lease?: Millis | undefined
}
export interface Claim {
  readonly item: WorkItemId
  readonly claim: number
  readonly person: PersonId
  readonly leaseUntil: Instant
}
export interface ReleaseItem extends OfItem {
  readonly person: PersonId
  readonly claim: number
}
export interface DecideItem extends OfItem {
  readonly person: PersonId
  readonly claim: number
  readonly verdict: Verdict
  /** A code of the form's reasons; a rejection needs one if the form has any. */
  readonly reason?: string | undefined
  /** Free text, at most 4,000 characters; sealed. */
  readonly note?: string | undefined
  /** The edited arguments, or the answer. */
  readonly value?: Json | undefined
  /** `shownDigest` of what the person looked at. */
  readonly shownDigest: string
  /** How long the person worked on it; never more than the time since the claim. */
  readonly activeMs?: Millis | undefined
  /** The decision takes effect so much later, and can be undone until then; 0 unless said, a minute at most. */
  readonly holdFor?: Millis | undefined
  readonly seen?: Seen | undefined
}
/** How the person looked at the item, as their client says. */
export type Seen = {
  readonly evidence?: readonly string[] | undefined
  readonly visibleMs?: Millis | undefined
  readonly key?: string | undefined
}
export interface UndoDecision {
  readonly tenant: TenantId
  readonly person: PersonId
  /** Absent: the newest of this person that is held. */
  readonly item?: WorkItemId | undefined
}
export interface Decided {
  readonly decision: Decision
  /** `open`: other persons must decide too (W3). */
  readonly state: ItemState
  /** When it takes effect; undefined: it has. */
  readonly effectiveAt: Instant | undefined
  /** It was taken before, with the same content. */
  readonly isRepeat: boolean
}
