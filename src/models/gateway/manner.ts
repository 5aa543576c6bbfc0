import type { AttemptKind } from '../cost/reservation.ts'
import type { ModelRequest } from '../dialects/dialect.ts'
import type { Priority } from '../providers/admission.ts'

/** How one version is asked. */
export interface Manner {
  readonly request: ModelRequest
  readonly kind: AttemptKind
  readonly priority: Priority
  readonly signal: AbortSignal
  /** A stream is read to its end before anybody gets it. */
  readonly wantsWhole: boolean
  /** The answer is held against what the request demands of it. */
  readonly isChecked: boolean
  /** What a stream says is wanted when it has passed. */
  readonly listens: boolean
}
