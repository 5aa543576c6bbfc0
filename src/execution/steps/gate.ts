import type { Action } from '../../sdk/resources.ts'
import { patient, type StepKindDefinition } from '../corridor/corridor.ts'

export interface GateQuestion {
  readonly action: Action<unknown, unknown, string, 'required' | 'by-gate'>
  readonly require: boolean
  readonly why: string | undefined
  readonly confidence: number | undefined
}
type GateDecision = {
  readonly ask: boolean
  readonly why: string[]
  /** The effect waits for a person's release. Absent in records from before there were holds. */
  readonly held?: true
}

/** Below this a person is asked, whatever the author says. */
const leastConfidence = 0.5

/**
 * Decides whether a person is asked before an effect, and whether it is held. The decision is recorded, also that of not asking: sampling
 * and earned autonomy need it.
 */
export const gateStep: StepKindDefinition<GateQuestion, GateDecision> = {
  kind: 'gate',
  timeout: 10_000,
  retry: patient, // the hold is read from the database
  resource: ({ action }) => ({ kind: 'action', digest: action.digest, name: action.name }),
  arguments: ({ require, why = null, confidence = null }) => ({ require, why, confidence }),
  async execute({ require, why, confidence }, { ports, run }) {
    const hold = await ports.holds.find({ tenant: run.run.tenant, run: run.run.run })
    const reasons = [
      ...(require ? [why ?? 'rule'] : []),
      ...(confidence !== undefined && confidence < leastConfidence ? ['low-confidence'] : []),
    ]
    return {
      value: {
        ask: reasons.length > 0,
        why: reasons.length > 0 ? reasons : [why ?? 'not-required'],
        ...(hold && hold.releasedBy === undefined && { held: true }),
      },
      ...(confidence !== undefined && { evidence: { confidence } }),
    }
  },
}
