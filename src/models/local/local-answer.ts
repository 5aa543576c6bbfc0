import type { Usage } from '../cost/usage.ts'
import type { Said } from '../dialects/said.ts'

/** An answer of a model within this process, as the gateway gives it on. */
export interface LocalAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
  readonly usage: Usage
  /** For whoever scores it. */
  readonly said?: Said | undefined
}
