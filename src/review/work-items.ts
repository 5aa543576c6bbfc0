import type { Clock, Instant } from '../core/clock.ts'
import type { PersonId, TenantId, WorkItemId } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import type { Pool } from '../store/pool.ts'
import { Claims } from './claims.ts'
import { Decisions } from './decisions.ts'
import { type Draft, Drafts, type OfDraft, type SaveDraft } from './drafts.ts'
import { Escalation } from './escalation.ts'
import { type GivenTo, type InHand, InboxDesk, type QueueState } from './inbox-desk.ts'
import { ItemLists } from './item-lists.ts'
import type {
  Claim,
  ClaimItem,
  ClaimNext,
  ClosedWhy,
  Decided,
  DecideItem,
  ItemDetail,
  ItemPage,
  ListItems,
  OfItem,
  PersonsAnswer,
  Question,
  ReleaseItem,
  StepOfRun,
  UndoDecision,
} from './item.ts'
import { ItemViews } from './item-views.ts'
import type { MayDecide, OnRejected, ReviewAudit, ReviewKeys, SendWake } from './ports.ts'
import { Questions } from './questions.ts'
import { type OfDecision, type Shown, ShownAgain } from './shown.ts'

export interface WorkItemsOptions {
  readonly pool: Pool
  readonly keys: ReviewKeys
  readonly audit: ReviewAudit
  readonly wake: SendWake
  readonly random: Random
  readonly clock: Clock
  readonly onRejected?: OnRejected | undefined
  /** Asked when a held decision takes effect; absent: everybody may. */
  readonly mayDecide?: MayDecide | undefined
}

/**
 * The review plane's front: what a step asks (the port `People` of execution), and what a person lists, claims and decides.
 * Each method is one transaction at most; every rule stands with the part that it delegates to.
 */
export class WorkItems {
  readonly #questions: Questions
  readonly #lists: ItemLists
  readonly #views: ItemViews
  readonly #claims: Claims
  readonly #decisions: Decisions
  readonly #escalation: Escalation
  readonly #desk: InboxDesk
  readonly #drafts: Drafts
  readonly #shown: ShownAgain

  constructor(options: WorkItemsOptions) {
    const decisions = new Decisions(options)
    this.#decisions = decisions
    this.#questions = new Questions({ ...options, takeHeld: (of) => decisions.takeHeld(of) })
    this.#lists = new ItemLists(options)
    this.#views = new ItemViews(options)
    this.#claims = new Claims(options)
    this.#escalation = new Escalation(options)
    this.#desk = new InboxDesk(options)
    this.#drafts = new Drafts(options)
    this.#shown = new ShownAgain(options)
  }

  /** Idempotent for (run, stepKey). Errors: `review/other-question`, `run/no-key`, the key's. */
  ask(question: Question): Promise<WorkItemId> {
    return this.#questions.ask(question)
  }

  /** The decision, once there is one, from Postgres (E4, W6). Errors: the key's. */
  answer(step: StepOfRun): Promise<PersonsAnswer | undefined> {
    return this.#questions.answer(step)
  }

  /** Closes the item under its row lock, or answers the decision that won (E20). */
  close(step: StepOfRun, why: ClosedWhy): Promise<PersonsAnswer | undefined> {
    return this.#questions.close(step, why)
  }

  /** One page. An item whose key was destroyed stands in it without its first line. Errors: `review/bad-cursor`. */
  list(request: ListItems): Promise<ItemPage> {
    return this.#lists.list(request)
  }

  /** The whole item, and what `person` may do. Errors: `review/no-such-item`, `governance/key-destroyed`. */
  show(request: OfItem & { readonly person?: PersonId | undefined }): Promise<ItemDetail> {
    return this.#views.show(request)
  }

  /**
   * Claims an item, or renews a claim by its number.
   * Errors: `review/no-such-item`, `review/claimed`, `review/claim-lost`, `review/decided`, `review/closed`, `review/not-eligible`, `review/bad-input`.
   */
  claim(request: ClaimItem): Promise<Claim> {
    return this.#claims.claim(request)
  }

  /** Claims the first free item that the person may decide; undefined: there is none. Errors: `review/bad-input`. */
  claimNext(request: ClaimNext): Promise<Claim | undefined> {
    return this.#claims.claimNext(request)
  }

  /** Gives a claim back. Errors: `review/no-such-item`, `review/claim-lost`, `review/decided`, `review/closed`. */
  release(request: ReleaseItem): Promise<void> {
    return this.#claims.release(request)
  }

  /**
   * Takes a decision: the decision, its audit record and the run's bell are one transaction (W4). Sent twice, it counts once.
   * Errors: as `claim`, and `review/changed`, `review/wrong-verdict`, `review/bad-reason`, `review/bad-value`, the key's.
   */
  decide(request: DecideItem): Promise<Decided> {
    return this.#decisions.decide(request)
  }

  /** Errors: `review/nothing-held`. */
  undo(request: UndoDecision): Promise<Claim> {
    return this.#decisions.undo(request)
  }

  /** Held decisions whose time has come, of all tenants. Answers how many: less than `limit` means that none is left. */
  takeEffect(limit: number): Promise<number> {
    return this.#decisions.takeEffect(limit)
  }

  /** What waits, by queue, and how it went lately. */
  queues(tenant: TenantId): Promise<readonly QueueState[]> {
    return this.#desk.queues(tenant)
  }

  /** What the person holds and has not decided, the first in its order. */
  inHand(request: InHand): Promise<WorkItemId | undefined> {
    return this.#desk.inHand(request)
  }

  /** Puts a held item aside until a time. Errors: as `release`, `review/bad-input`. */
  snooze(request: ReleaseItem & { readonly until: Instant }): Promise<void> {
    return this.#desk.snooze(request)
  }

  /** Gives a held item to a person or a queue. Errors: as `release`. */
  reassign(request: ReleaseItem & GivenTo): Promise<void> {
    return this.#desk.reassign(request)
  }

  /** Undefined: there is none. Errors: `review/no-such-item`, the key's. */
  draft(request: OfDraft): Promise<Draft | undefined> {
    return this.#drafts.read(request)
  }

  /** Errors: `review/no-such-item`, `review/draft-changed`, the key's. */
  saveDraft(request: SaveDraft): Promise<Draft> {
    return this.#drafts.save(request)
  }

  /** What a decision was made on. Errors: `review/no-such-decision`, the key's. */
  shown(request: OfDecision): Promise<Shown> {
    return this.#shown.show(request)
  }

  /** Marks at most `limit` items that are past due, of all tenants (W7). Answers how many: less than `limit` means that none is left. */
  escalate(limit: number): Promise<number> {
    return this.#escalation.escalate(limit)
  }
}

export type * from './item.ts'
