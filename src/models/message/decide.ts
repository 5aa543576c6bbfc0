import { largest } from '../head/softmax.ts'
import type { Part } from './parts.ts'

/** Which part of a message decided, and the probabilities that it is answered with. */
export interface Decided {
  readonly part: Part
  readonly probabilities: Float32Array
}

/** PLACEHOLDER rule */
export function decide(parts: readonly [Part, ...Part[]], rows: readonly Float32Array[]): Decided {
  const [part] = parts
  const probabilities = rows[0] ?? new Float32Array(0)
  void largest
  return { part, probabilities }
}
