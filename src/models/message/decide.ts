import { largest } from '../head/softmax.ts'
import type { Part } from './parts.ts'

/** Which part of a message decided, and the probabilities that it is answered with. */
export interface Decided {
  readonly part: Part
  readonly probabilities: Float32Array
}

/** How much the whole counts against the best part when the label is found. */
const weightOfWhole = 0.7
/** Below it the whole does not support the label, and no part may be sure of it alone. */
const leastSupport = 0.3
const smallest = 1e-9

/**
 * One answer from the answers about the parts, the whole first. The label has the highest geometric mean of what the whole and what the best
 * part give it. Its confidence is that of the part that is surest of it, if the whole supports it: a label that a single sentence suggests and the
 * message does not (`I use the app on an Android phone`) stays unsure.
 *
 * Measured on 1,499 unseen messages of BANKING77, wrapped in greetings, filler sentences and sign-offs, at one threshold (per cent right;
 * accepted, of these right), and on 2,400 texts of CLINC150, wrapped alike, that have nothing to do with it (accepted):
 * the whole alone 88.5; 46.9, 99.3; 1.4. The surest part alone 86.7; 76.8, 91.1; 12.9. Mean of the two 86.7; 54.0, 99.0; 1.8. This rule 89.6;
 * 71.4, 97.9; 6.0. Bare messages: the whole alone 93.8; 78.3, 98.6. This rule 93.7; 78.7, 98.6.
 */
export function decide(parts: readonly [Part, ...Part[]], rows: readonly Float32Array[]): Decided {
  const [whole = new Float32Array(0), ...others] = rows
  if (others.length === 0) return { part: parts[0], probabilities: whole }
  const blended = geometric(
    whole,
    whole.map((_, label) => Math.max(...others.map((row) => row[label] ?? 0))),
  )
  const label = largest(blended)
  const sureness = Float32Array.from(rows, (row) => row[label] ?? 0)
  const surest = largest(sureness)
  const part = parts[surest] ?? parts[0]
  const row = rows[surest]
  const isSupported = (whole[label] ?? 0) >= leastSupport && row !== undefined && largest(row) === label
  return { part, probabilities: isSupported ? row : blended }
}

/** The weighted geometric mean of two rows, scaled to a sum of one. */
function geometric(whole: Float32Array, best: Float32Array): Float32Array {
  const row = whole.map((p, i) => {
    const mean = weightOfWhole * Math.log(p + smallest) + (1 - weightOfWhole) * Math.log((best[i] ?? 0) + smallest)
    return Math.exp(mean)
  })
  const sum = row.reduce((total, p) => total + p, 0)
  return row.map((p) => p / sum)
}
