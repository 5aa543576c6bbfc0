import type { Instant, Millis } from '../../core/clock.ts'
import type { FailureKind } from '../../core/errors/failure-kind.ts'
import type { CallId, ReservationId, RunId, TenantId } from '../../core/ids.ts'
import type { DataClass } from '../../sdk/models.ts'
import type { AttemptKind } from '../cost/reservation.ts'
import type { Usage } from '../cost/usage.ts'
import type { DialectName } from '../dialects/dialect.ts'
import type { Money } from '../routes/facts.ts'
import type { Reason } from '../routes/plan-route.ts'

/** One attempt of a call, as it ended. */
export interface AttemptOutcome {
  readonly reservation: ReservationId
  readonly kind: AttemptKind
  readonly version: string
  /** The model's name in the registry, and its provider. */
  readonly model: string
  readonly provider: string
  readonly startedAt: Instant
  /** From its start to the first byte of the answer's headers; absent: none came. */
  readonly firstByte?: Millis
  /** To the first content of a stream. */
  readonly firstContent?: Millis
  readonly total: Millis
  /** The model that says it answered. */
  readonly reported?: string
  readonly outcome: 'answered' | 'failed'
  /** The code of its error in the dictionary. */
  readonly error?: string
  readonly failure?: FailureKind
  readonly usage?: Usage
  /** As booked; absent: unknown. */
  readonly cost?: Money
  readonly price?: string
}

/** What became of one call, whoever made it: for its lineage, for measures, for the read-out of an experiment. Holds no text of it. */
export interface CallOutcome {
  readonly id: CallId
  readonly tenant: TenantId
  readonly dialect: DialectName
  /** The name that the client asked for: a route or an alias of one. */
  readonly asked: string
  readonly route: string
  readonly routeVersion: string
  readonly dataClass: DataClass
  /** A keyed hash of the request's bytes: what was asked can be proven by whoever kept it, and guessed by nobody. */
  readonly request?: string
  /** Of the request: what shapes an answer beside its words. */
  readonly parameters: Readonly<Record<string, string | number | boolean>>
  readonly client?: string
  readonly pipeline?: string
  readonly run?: RunId
  readonly step?: string
  readonly task?: string
  readonly startedAt: Instant
  readonly total: Millis
  readonly firstContent?: Millis
  readonly isStream: boolean
  readonly status: number
  /** Who answered, and why it was asked. */
  readonly answered?: {
    readonly version: string
    readonly model: string
    readonly provider: string
    readonly arm: string
    readonly reason: Reason
    /** The model that says it answered. */
    readonly reported?: string
  }
  /** The arm that the call was led to, whoever answered it. */
  readonly drawn?: { readonly arm: string; readonly version: string }
  /** W3C Trace Context of whoever called, as it came. */
  readonly traceparent?: string
  /** The answer came from here, and nobody was asked. */
  readonly cache?: {
    readonly kind: 'exact' | 'semantic'
    readonly from: CallId
    readonly saved?: Money
  }
  readonly error?: { readonly code: string; readonly kind: FailureKind }
  readonly usage?: Usage
  /** Of all attempts together. */
  readonly cost?: Money
  readonly attempts: readonly AttemptOutcome[]
}
