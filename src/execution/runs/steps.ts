import type { Instant, Millis } from '../../core/clock.ts'
import type { Json } from '../../core/json.ts'
import type { StepKind } from '../../core/lineage.ts'
import type { Factor } from '../engine/ports.ts'
import type { OpenedRow } from './run-rows.ts'

type StepState = 'running' | 'waiting' | 'retrying' | 'done' | 'failed' | 'denied' | 'timed-out' | 'cancelled'

/** A step as people see it: its rows in one. */
export interface StepView {
  readonly key: string
  readonly kind: StepKind
  /** The name of the resource: `support-intent`. */
  readonly resource: string
  readonly state: StepState
  /** Failed attempts before the one that settled it. */
  readonly retries: number
  readonly began: Instant
  readonly ended: Instant | undefined
  /** How long its body ran: waiting is not working. */
  readonly ms: Millis | undefined
  readonly due: Instant | undefined
  readonly confidence: number | undefined
  readonly result: Json | undefined
  readonly error: { readonly code: string; readonly message: string } | undefined
  readonly detail: Json | undefined
  readonly factors: readonly Factor[]
}

/** The steps of a run in the order in which they were asked for; the run's own rows (`$end`, `$cancel`) are not steps. */
export function stepsOf(rows: readonly OpenedRow[]): StepView[] {
  const own = rows.filter((row) => !row.key.startsWith('$'))
  return [...Map.groupBy(own, (row) => row.key).values()].flatMap((mine) => {
    const [first] = mine
    const last = mine.at(-1)
    return first && last ? [viewOf(first, last, mine)] : []
  })
}

function viewOf(first: OpenedRow, last: OpenedRow, rows: readonly OpenedRow[]): StepView {
  const isSettled = last.phase === 'end'
  const { s: settlement, e: evidence } = last.body
  return {
    key: first.key,
    kind: first.kind,
    resource: resourceOf(first.key),
    state: stateOf(last),
    retries: rows.filter((row) => row.phase.startsWith('try')).length,
    began: first.at,
    ended: isSettled ? last.at : undefined,
    ms: last.ms,
    due: isSettled ? undefined : last.due,
    confidence: last.confidence,
    result: settlement && 'ok' in settlement ? settlement.ok : undefined,
    error: settlement && 'error' in settlement ? settlement.error : undefined,
    detail: evidence?.detail ?? first.body.e?.detail,
    factors: rows.flatMap((row) => row.body.e?.factors ?? []),
  }
}

function stateOf({ phase, outcome }: OpenedRow): StepState {
  if (phase === 'open') return 'waiting'
  if (phase === 'intent') return 'running'
  if (phase !== 'end') return 'retrying'
  return outcome === 'pending' ? 'running' : outcome
}

/** `scope/kind:resource[:hash of the author's key]#ordinal`. */
const resourceOf = (key: string): string => /(?:^|\/)[a-z]+:([^:#]+)/.exec(key)?.[1] ?? key
