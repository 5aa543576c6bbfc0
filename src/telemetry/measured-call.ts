import type { Instant, Millis } from '../core/clock.ts'
import type { FailureKind } from '../core/errors/failure-kind.ts'
import type { Nano } from '../core/money.ts'

/** Tokens, in disjoint parts. */
export interface MeasuredUsage {
  readonly input: number
  readonly cacheRead: number
  readonly cacheWrite: number
  readonly cacheWriteLong: number
  readonly output: number
  readonly reasoning: number
}

export interface MeasuredCost {
  readonly nano: Nano
  readonly currency: string
}

export interface MeasuredAttempt {
  readonly kind: string
  readonly version: string
  readonly model: string
  readonly provider: string
  readonly startedAt: Instant
  readonly firstByte?: Millis
  readonly firstContent?: Millis
  readonly total: Millis
  readonly outcome: 'answered' | 'failed'
  readonly error?: string
  readonly failure?: FailureKind
  readonly usage?: MeasuredUsage
}

/** What telemetry needs of a finished call. No text of it, and no person: what goes into a label is a name of the project or of an enumeration. */
export interface MeasuredCall {
  readonly id: string
  readonly tenant: string
  readonly dialect: string
  readonly route: string
  readonly routeVersion: string
  readonly pipeline?: string
  readonly run?: string
  readonly step?: string
  readonly task?: string
  readonly startedAt: Instant
  readonly total: Millis
  readonly firstContent?: Millis
  readonly isStream: boolean
  readonly status: number
  readonly answered?: {
    readonly version: string
    readonly model: string
    readonly provider: string
    readonly arm: string
    /** The model that says it answered: any text. */
    readonly reported?: string
  }
  readonly cache?: { readonly kind: 'exact' | 'semantic'; readonly saved?: MeasuredCost }
  readonly error?: { readonly code: string; readonly kind: FailureKind }
  readonly usage?: MeasuredUsage
  readonly cost?: MeasuredCost
  readonly attempts: readonly MeasuredAttempt[]
  /** The arm that the call was led to, whoever answered it. */
  readonly drawn?: { readonly arm: string; readonly version: string }
  /** W3C Trace Context of whoever called, as it came. */
  readonly traceparent?: string
}

/** Whom a call counts to: who answered; where nobody did, who was asked last. */
export function modelOf({ answered, attempts }: MeasuredCall): { readonly model: string; readonly provider: string } {
  const { model = '', provider = '' } = answered ?? attempts.at(-1) ?? {}
  return { model, provider }
}

/** What the database takes as a name: no NUL, no half character, no novel. */
export const named = (text: string): string => text.replaceAll('\0', '').toWellFormed().slice(0, 200)
