import type { Millis } from '../../../core/clock.ts'
import type { RunId } from '../../../core/ids.ts'
import type { Json } from '../../../core/json.ts'
import type { Engine, LoadedRow, Log, RunContext, RunOutcome, Scheduler, Settled, StepOptions } from '../ports.ts'
import type { SegmentLimits } from '../limits.ts'

/** What an implementation offers to the conformance suite. */
export interface Bed {
  readonly engine: Engine
  start(input?: Json, options?: { readonly run?: RunId; readonly digest?: string }): Promise<RunId>
  runId(): RunId
  /** The process dies without a word, and another takes over. */
  crash(): Promise<void>
  /** Until every run has ended, is paused, or waits for something that will not come by itself. */
  rest: () => Promise<void>
  outcome(run: RunId): Promise<RunOutcome | undefined>
  rows(run: RunId): Promise<readonly LoadedRow[]>
  /** For bodies: so long by the bed's clock. */
  delay(ms: Millis): Promise<void>
  /** Removes the last rows of a run's log, behind the back of a live segment. */
  cut(run: RunId, rows: number): Promise<void>
  dispose(): Promise<void>
}

export interface BedOptions {
  readonly limits?: Partial<SegmentLimits>
  readonly wrapLog?: (log: Log) => Log
  readonly wrapScheduler?: (scheduler: Scheduler) => Scheduler
  /** No worker serves until `crash` brings one. */
  readonly isAbsent?: boolean
}

export type MakeBed = (code: (context: RunContext) => Promise<Json>, options?: BedOptions) => Promise<Bed>

export const pure: StepOptions = {
  kind: 'step',
  arguments: null,
  effect: false,
  timeout: 60_000,
  retry: { attempts: 1, first: 50, factor: 2, most: 1000 },
}
export const action = { kind: 'action', digest: 'a'.repeat(64), name: 'test action' } as const
export const effect: StepOptions = {
  ...pure,
  kind: 'act',
  effect: { ifUnknown: { kind: 'token-is-idempotent' }, action },
}
export const value = async <T>(x: T): Promise<Settled<T>> => ({ value: x })
