import type { Action } from '../../sdk/resources.ts'
import { type StepKindDefinition } from '../corridor/corridor.ts'

export interface GateQuestion {
  readonly action: Action<unknown, unknown, string, 'required' | 'by-gate'>
  readonly require: boolean
  readonly why: string | undefined
  readonly confidence: number | undefined
}
type GateDecision = { readonly ask: boolean; readonly why: string[] }

/** Below this a person is asked, whatever the author says. */
const leastConfidence = 0.5

/** Decides whether a person is asked before an effect, and records the decision, also that of not asking: sampling and earned autonomy need it. */
export const gateStep: StepKindDefinition<GateQuestion, GateDecision> = {
  kind: 'gate',
  timeout: 10_000,
  retry: { attempts: 1, first: 1, factor: 1, most: 1 },
  resource: ({ action }) => ({ kind: 'action', digest: action.digest, name: action.name }),
  arguments: ({ require, why = null, confidence = null }) => ({ require, why, confidence }),
  async execute({ require, why, confidence }) {
    const reasons = [
      ...(require ? [why ?? 'rule'] : []),
      ...(confidence !== undefined && confidence < leastConfidence ? ['low-confidence'] : []),
    ]
    return {
      value: { ask: reasons.length > 0, why: reasons.length > 0 ? reasons : [why ?? 'not-required'] },
      ...(confidence !== undefined && { evidence: { confidence } }),
    }
  },
}
