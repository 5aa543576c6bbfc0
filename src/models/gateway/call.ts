import type { Instant, Millis } from '../../core/clock.ts'
import type { CallId } from '../../core/ids.ts'
import type { Bounds } from '../cost/price.ts'
import type { Dialect, ModelRequest } from '../dialects/dialect.ts'
import type { Headers } from '../providers/headers.ts'
import type { RequestFacts, RouteInputs } from '../routes/facts.ts'
import type { RouteVersion } from '../routes/route-version.ts'
import type { Check } from '../structured/check-of.ts'
import type { Caller } from './caller.ts'
import type { CallDiary } from './diary.ts'

/** One call while it is made. */
export interface Call {
  readonly id: CallId
  readonly startedAt: Instant
  readonly request: ModelRequest
  /** The client's. */
  readonly dialect: Dialect
  /** What the answer must be, as the request says. */
  readonly check: Check | undefined
  readonly route: RouteVersion
  readonly caller: Caller
  readonly headers: Headers
  /** The client's: it has left. */
  readonly signal: AbortSignal
  readonly bounds: Bounds
  readonly facts: RequestFacts
  readonly health: RouteInputs['health']
  readonly worst: RouteInputs['worst']
  /** No attempt begins later, by the monotonic clock. */
  readonly deadline: Millis
  readonly diary: CallDiary
}
