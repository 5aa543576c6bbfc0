/** What the timeline needs of a step. */
export interface TimedStep {
  readonly key: string
  readonly kind: string
  readonly state: string
  readonly began: number
  readonly ended?: number | undefined
  /** How long its body ran. */
  readonly ms?: number | undefined
}

export type TimelineEntry<Step extends TimedStep> =
  | { readonly is: 'step'; readonly step: Step; readonly worked: number; readonly waited: number }
  /** Nothing happened for so long. */
  | { readonly is: 'idle'; readonly from: number; readonly for: number }

/** Shorter gaps are the machine's own. */
const leastIdle = 2000

/**
 * The steps in the order in which they were asked for. Waiting is told apart from working: a question that stood for two days beside steps of
 * milliseconds is a line of its own and no bar, else every other bar would be a hair. `now`: of steps that have not ended.
 */
export function timelineOf<Step extends TimedStep>(
  steps: readonly Step[],
  run: { readonly started: number; readonly now: number },
): readonly TimelineEntry<Step>[] {
  let reached = run.started
  return steps.flatMap((step): TimelineEntry<Step>[] => {
    const gap = step.began - reached
    const end = step.ended ?? run.now
    reached = Math.max(reached, end)
    const took = Math.max(0, end - step.began)
    const worked = Math.min(
      step.ms ?? (waits.has(step.kind) || step.state === 'waiting' ? 0 : took),
      took || (step.ms ?? 0),
    )
    const entry = { is: 'step', step, worked, waited: Math.max(0, took - worked) } as const
    return gap >= leastIdle ? [{ is: 'idle', from: step.began - gap, for: gap }, entry] : [entry]
  })
}

/** Kinds whose time is somebody else's. */
const waits = new Set(['review', 'gate', 'sleep', 'signal', 'call', 'task'])
