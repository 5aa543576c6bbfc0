import type { Clock, Millis } from '../../../core/clock.ts'
import { mintId, type RunId } from '../../../core/ids.ts'
import { systemRandom } from '../../../core/random.ts'
import type { Json } from '../../../core/json.ts'
import type {
  Engine,
  LoadedRow,
  Log,
  RunContext,
  RunOutcome,
  Scheduler,
  Settled,
  StepOptions,
  WaitOptions,
} from '../ports.ts'
import { AttemptLost } from '../failures.ts'
import { defaultLimits, type SegmentLimits } from '../limits.ts'
import { Segment } from '../segment.ts'

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
  /** Drives a segment of the run beside the scheduler's, as a process would that does not know that another has it. */
  rival(run: RunId): Promise<void>
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
const action = { kind: 'action', digest: 'a'.repeat(64), name: 'test action' } as const
export const effect: StepOptions & { readonly effect: object } = {
  ...pure,
  kind: 'act',
  effect: { ifUnknown: { kind: 'token-is-idempotent' }, action },
}
export const value = async <T>(x: T): Promise<Settled<T>> => ({ value: x })

export interface SuiteSize {
  /** How many shapes of pipelines a property draws. */
  readonly trees: number
  readonly waits: number
}

/** What each part of the suite gets. */
export interface Suite {
  /** A bed that is disposed of when its test is over. */
  readonly bedFor: (code: (context: RunContext) => Promise<Json>, options?: BedOptions) => Promise<Bed>
  readonly makeBed: MakeBed
  readonly size: SuiteSize
}

/** A decision that a test makes from outside. */
export interface Mailbox {
  decision: Json | undefined
  readonly closed: string[]
  wait(until?: Millis): WaitOptions<Json>
}

export function mailbox(): Mailbox {
  const box: Mailbox = {
    decision: undefined,
    closed: [],
    wait: (until) => ({
      kind: 'review',
      arguments: null,
      open: async () => undefined,
      read: async () => (box.decision === undefined ? undefined : { value: box.decision }),
      close: async (_bell, why) => {
        box.closed.push(why)
        return box.decision === undefined ? undefined : { value: box.decision }
      },
      ...(until !== undefined && { until }),
    }),
  }
  return box
}

/** A segment that no scheduler knows of; that it loses its position is what a test wants. */
export async function driveAsRival(o: {
  readonly log: Log
  readonly clock: Clock
  readonly code: (context: RunContext) => Promise<Json>
  readonly run: RunId
}): Promise<void> {
  const writer = mintId('wri', o.clock.today(), systemRandom)
  const loaded = await o.log.load(o.run, { process: mintId('pro', o.clock.today(), systemRandom), writer })
  if (loaded?.state !== 'open') return
  const children = { start: async () => {}, outcome: async () => undefined, cancel: async () => {} }
  const segment = new Segment({ loaded, log: o.log, clock: o.clock, writer, limits: defaultLimits, children })
  await segment.drive(o.code).catch((error: unknown) => {
    if (!(error instanceof AttemptLost)) throw error
  })
}
