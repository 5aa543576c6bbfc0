import type { Instant, Millis } from '../../core/clock.ts'
import type { KeyId, PersonId, ProcessId, RunId, SubjectId, TenantId, WriterId } from '../../core/ids.ts'
import type { Json } from '../../core/json.ts'
import type { Phase, RowOutcome, StepKind } from '../../core/lineage.ts'

/**
 * The ports of the engine (docs/specs/engine.md): the log of a run is its only journal; a scheduler drives one segment of a run
 * at a time. Each has a memory implementation and a real one, under one conformance suite.
 */

// ---------------------------------------------------------------- rows

/** A version or a person that took part in a step. The digest is SHA-256 hex of the content (or of the minted id of a person). */
export interface Factor {
  readonly kind:
    | 'classifier'
    | 'model'
    | 'prompt'
    | 'embedding'
    | 'rules'
    | 'collection'
    | 'chunk'
    | 'document'
    | 'policy'
    | 'action'
    | 'form'
    | 'reviewer'
    | 'pipeline'
  readonly digest: string
  /** What people call it: `support-intent@3f2a…`. Stands in the factor's row, never in a leaf. */
  readonly name: string
}

/** What a step leaves behind besides its result: its lineage. */
export interface Evidence {
  readonly factors?: readonly Factor[]
  /** 0 to 1. */
  readonly confidence?: number
  /** Nano-units; absent: not known. */
  readonly cost?: number
  /** What a person needs to understand the step: encrypted with the result, never in a leaf. */
  readonly detail?: Json
}

/** How a row ended: `ok` a result, `error` a failure with a code, `timedOut` a wait whose deadline came first. */
export type Settlement =
  | { readonly ok: Json }
  | { readonly error: { readonly code: string; readonly message: string; readonly details?: Json } }
  | { readonly timedOut: true }

/** A row to append. The log seals `settlement`, `evidence` and `input` into the row's body and computes its leaf. */
export interface NewRow {
  readonly run: RunId
  readonly seq: number
  /** `scope/kind:resource[:hash of the author's key]#ordinal`, or `$cancel`, `$end`. */
  readonly key: string
  readonly kind: StepKind
  readonly phase: Phase
  readonly outcome: RowOutcome
  readonly writer: WriterId
  /** The database's time as the segment knows it (the load's time, carried on by the monotonic clock), whole milliseconds. */
  readonly at: Instant
  /** From now until the row's deadline; the database computes the moment (E11). */
  readonly dueIn?: Millis
  readonly settlement?: Settlement
  readonly evidence?: Evidence
  /** SHA-256 of the canonical arguments: on a step's first row (E17). */
  readonly argumentsDigest?: string
  /** Of an effect's intent: which action is attempted, under which token (L1). */
  readonly effect?: { readonly actionDigest: string; readonly token: Token; readonly argumentsDigest: string }
  /** How long the body ran. */
  readonly ms?: Millis
  /** Of `$end`: the run's final state, and the number of its rows (L6). */
  readonly final?: { readonly state: FinalState; readonly rows: number }
}

export interface LoadedRow {
  readonly seq: number
  readonly key: string
  readonly kind: StepKind
  readonly phase: Phase
  readonly writer: WriterId
  readonly at: Instant
  /** Milliseconds left until its deadline, by the database's clock at the load; negative when past. */
  readonly left?: Millis
  readonly settlement?: Settlement
  readonly argumentsDigest?: string
}

// ---------------------------------------------------------------- runs

export type FinalState = 'succeeded' | 'failed' | 'cancelled' | 'killed'
/** `open` covers running, waiting and backing off; a paused run is not woken. */
export type RunState = 'open' | 'paused' | FinalState
/** Lower runs first. */
export type Priority = 0 | 1 | 2 | 3

export interface StartRun {
  readonly tenant: TenantId
  readonly run: RunId
  /** The first run of a chain of retries and replays: tokens are made from it (E2). Defaults to `run`. */
  readonly root?: RunId
  readonly parent?: { readonly run: RunId; readonly key: string }
  readonly pipeline: string
  /** SHA-256 of the pipeline's bundle (E9). */
  readonly digest: string
  readonly input: Json
  readonly entity?: { readonly type: string; readonly id: string }
  readonly subject?: SubjectId
  /** The key that seals the run's rows; a log without encryption ignores it. */
  readonly key?: KeyId
  /** The person in whose name the run acts. */
  readonly principal?: PersonId
  readonly priority?: Priority
}

/** What the author's function returned, or why it did not. */
export type RunOutcome = { readonly state: FinalState; readonly settlement: Settlement }

export interface LoadedRun {
  readonly tenant: TenantId
  readonly run: RunId
  readonly root: RunId
  readonly parent?: { readonly run: RunId; readonly key: string }
  readonly pipeline: string
  readonly digest: string
  readonly input: Json
  readonly entity?: { readonly type: string; readonly id: string }
  readonly subject?: SubjectId
  /** The key that seals the run's rows, and what the run keeps elsewhere. */
  readonly key?: KeyId
  readonly principal?: PersonId
  readonly state: RunState
  /** It has an `$end` (E10). A run whose state is `killed` and that has not ended waits for its `$end`. */
  readonly hasEnded: boolean
  readonly cancel: boolean
  /** The count of bells rung so far: only one above this sends a wake (E19). */
  readonly bell: number
  readonly started: Instant
  /** The database's time at the load. */
  readonly now: Instant
  /** In order, dense from 0. */
  readonly rows: readonly LoadedRow[]
  /** How many processes died while they had the run, with no row of it between (E7); absent: none. */
  readonly claims?: number
}

/** Who loads a run, to drive it. `isAlone`: no other suspect is driven beside it (E7). */
export interface Claim {
  readonly process: ProcessId
  readonly writer: WriterId
  readonly isAlone?: boolean
}

/** What the process's one poll reads of a live run (E19). */
export interface RunFlags {
  readonly run: RunId
  readonly cancel: boolean
  readonly bell: number
  readonly state: RunState
}

/** What is known of a run without its code. */
export interface RunReport {
  readonly state: RunState
  /** Once it has ended. */
  readonly outcome?: RunOutcome
  /** Of an open run: a segment drives it, it waits and holds nothing, or its last attempt failed and the next is not due. */
  readonly activity: 'running' | 'waiting' | 'backing-off'
}

// ---------------------------------------------------------------- the log

/**
 * `taken`: the position is another writer's, or the row before it is missing; the attempt has lost (E16). `ringsParent`: of an `$end`, that
 * the parent's bell rose above the one that its last load saw, so that a wake of the parent is due (E4, E19).
 */
export type Appended = { readonly at: Instant; readonly left?: Millis; readonly ringsParent?: boolean } | 'taken'

export interface Log {
  /**
   * One read: rows in order, root, input, flags, the database's time. Counts the claim as E7 says; a suspect that is not alone is counted,
   * and not claimed. `undefined`: no such run.
   */
  load(run: RunId, claim: Claim): Promise<LoadedRun | undefined>
  /** First in first out, durable, group-committed. Rejects only with a MillraceError of this row's own. `isDead` is asked just before it is sent. */
  append(row: NewRow, isDead: () => boolean): Promise<Appended>
  /** An attempt is over: what the log keeps for its writer can go. */
  release(writer: WriterId): void
  /** Bytes of the bodies that the writer's rows keep inline so far; what its load found included (E24). */
  inlineOf(writer: WriterId, run: RunId): number
  /** Inserts run and wake; `already-known` for a run that exists (the first start's input stays). */
  insert(run: StartRun): Promise<'accepted' | 'already-known'>
  /** Raises the bell. True when it is the first above the one that the last load saw: then a wake is due (E19). */
  ring(run: RunId): Promise<boolean>
  /** Sets a flag or state; false when the run does not exist or has ended. */
  flag(
    run: RunId,
    flag: 'cancel' | 'pause' | 'resume' | 'kill',
    why?: { readonly code: string; readonly message: string },
  ): Promise<boolean>
  /** The flags of live runs, in one query. */
  poll(runs: readonly RunId[]): Promise<readonly RunFlags[]>
  /** The run parks: it wants to be woken at `after` or by a bell above `bell` (E22). True: such a bell has rung already. */
  park(run: RunId, options: { readonly after: Millis | undefined; readonly bell: number }): Promise<boolean>
  /** An attempt has failed: unless the run is loaded again within so long, its wake is overdue (E22). */
  dueWithin(run: RunId, ms: Millis): Promise<void>
  /** Marks and returns runs whose wake is overdue, at most `limit` (E22). The caller sends after the commit. */
  overdue(limit: number): Promise<readonly RunId[]>
  /** Keeps this process's heartbeat (E7). */
  beat(process: ProcessId): Promise<void>
  /** The process ends in order: what it leaves undone makes nobody a suspect (E7). */
  leave(process: ProcessId): Promise<void>
  /** The process goes on with the run, and its death would tell nothing of it (E7). */
  unclaim(run: RunId, process: ProcessId): Promise<void>
  /** State and, when ended, outcome. */
  outcome(run: RunId): Promise<RunReport | undefined>
}

// ---------------------------------------------------------------- the scheduler

export interface Scheduler {
  /** At least once; a hint. `after` at most a minute: longer ones are the sweeper's (E22). */
  wake(run: RunId, after?: Millis): Promise<void>
  /** One segment at a time for a run; a throw is retried. `over` aborts when the attempt no longer counts (E6). */
  serve(segment: (run: RunId, over: AbortSignal) => Promise<void>): Promise<AsyncDisposable>
}

// ---------------------------------------------------------------- what the corridor uses

export interface Doorbell {
  readonly run: RunId
  readonly key: string
}

/** 64 hex digits: SHA-256 of `[root, step key, generation]` (E2). */
export type Token = string

/** What an effect does when a crash left its outcome unknown (E2, E17). */
export type IfUnknown =
  | { readonly kind: 'token-is-idempotent' }
  | { readonly kind: 'ask-a-human' }
  /** Answers the outcome, or undefined: it did not happen. */
  | {
      readonly kind: 'lookup'
      readonly find: (token: Token, signal: AbortSignal) => Promise<Settled<Json> | undefined>
    }

export interface RetryPolicy {
  /** Attempts in all, at least 1. */
  readonly attempts: number
  readonly first: Millis
  readonly factor: number
  readonly most: Millis
}

export interface Settled<T> {
  readonly value: T
  readonly evidence?: Evidence
}

export interface StepOptions {
  readonly kind: StepKind
  /** Compared on replay by digest (E17). */
  readonly arguments: Json
  readonly effect: false | { readonly ifUnknown: IfUnknown; readonly action: Factor }
  readonly timeout: Millis
  readonly retry: RetryPolicy
}

export interface WaitOptions<T extends Json> {
  readonly kind: StepKind
  readonly arguments: Json
  /** May run twice: idempotent (E20). Its evidence goes into the `open` row. */
  open(bell: Doorbell): Promise<Evidence | undefined>
  /** From Postgres, never from a replica (E4). */
  read(bell: Doorbell): Promise<Settled<T> | undefined>
  /** Closes the item under its row lock, or returns the decision that won (E20). Idempotent; there may be no item. */
  close(bell: Doorbell, why: 'timeout' | 'cancelled' | 'dropped'): Promise<Settled<T> | undefined>
  readonly until?: Millis
}

export const timedOut: unique symbol = Symbol('timed out')
export type TimedOut = typeof timedOut

/** What a run's code gets. Step keys are given without their ordinal; the context counts. */
export interface RunContext {
  readonly run: LoadedRun
  step<T extends Json>(
    key: string,
    body: (signal: AbortSignal, attempt: { readonly token: Token; readonly attempt: number }) => Promise<Settled<T>>,
    options: StepOptions,
  ): Promise<T>
  wait<T extends Json>(key: string, options: WaitOptions<T>): Promise<T | TimedOut>
  sleep(key: string, ms: Millis): Promise<void>
  call(key: string, child: Omit<StartRun, 'run' | 'parent' | 'root'>): Promise<RunOutcome>
  /** The recorded time of the last settled row. */
  now(): Instant
  /** In [0, 1), seeded by the root: the same on every replay. */
  random(): number
  /** Steps asked for inside go on after a cancel. */
  shield<T>(body: () => Promise<T>): Promise<T>
  readonly isCancelled: boolean
}

/** The code of a run: replayed from the top by every segment. */
export type RunHandler = (context: RunContext) => Promise<Json>

export interface Engine {
  /** Drives runs until it is disposed of: then what is under way may land, within `limits.drain`, and what is left goes on elsewhere. */
  serve(handlerOf: (run: LoadedRun) => RunHandler | undefined): Promise<AsyncDisposable>
  start(run: StartRun): Promise<'accepted' | 'already-known'>
  ring(bell: Doorbell): Promise<void>
  cancel(run: RunId): Promise<boolean>
  /** Without compensation. */
  kill(run: RunId): Promise<boolean>
  pause(run: RunId): Promise<boolean>
  resume(run: RunId): Promise<boolean>
  state(run: RunId): Promise<'running' | 'waiting' | 'backing-off' | 'paused' | 'finished' | 'absent'>
}
