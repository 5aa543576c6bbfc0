import type { Clock, Millis } from '../core/clock.ts'
import { isId, type RunId, type TenantId } from '../core/ids.ts'
import type { Json } from '../core/json.ts'
import type { RunReader, RunView } from '../execution/runs/run-reader.ts'
import type { DeadLetters } from '../intake/dead-letters.ts'

/** How far a run has come, for who waits for it. */
export interface OutcomeView {
  readonly run: RunId
  /** Nothing but people or a release is waited for any more, or nothing at all. */
  readonly isSettled: boolean
  readonly status: RunView['status'] | 'accepted' | 'dead-letter'
  /** What the pipeline returned. */
  readonly result: Json | undefined
  readonly error: { readonly code: string; readonly message: string } | undefined
  /** Of its first classification. */
  readonly classified: { readonly label: string; readonly confidence: number } | undefined
  /** The person's item that it waits for. */
  readonly item: { readonly id: string; readonly queue: string; readonly why: readonly string[] } | undefined
  /** The release that it waits for. */
  readonly hold: Omit<Extract<RunView['waitsFor'], { kind: 'release' }>, 'kind'> | undefined
  readonly because: string | undefined
  /** Milliseconds since 1970, of the last thing that happened. */
  readonly at: number | undefined
}

const lookEvery: Millis = 100

/** Owns: waiting for runs on behalf of a caller. It reads what is recorded, and changes nothing. */
export class Outcomes {
  readonly #runs: RunReader
  readonly #deadLetters: DeadLetters
  readonly #clock: Clock

  constructor(options: { runs: RunReader; deadLetters: DeadLetters; clock: Clock }) {
    this.#runs = options.runs
    this.#deadLetters = options.deadLetters
    this.#clock = options.clock
  }

  /** Those of the runs that have settled, as soon as there is one, or none when `within` is over or the caller has gone. */
  async settled(
    tenant: TenantId,
    runs: readonly string[],
    within: Millis,
    gone: AbortSignal,
  ): Promise<readonly OutcomeView[]> {
    const known = [...new Set(runs.filter((run): run is RunId => isId('run', run)))]
    const until = this.#clock.now() + within
    for (;;) {
      const settled = (await this.#look(tenant, known)).filter((outcome) => outcome.isSettled)
      if (settled.length > 0 || gone.aborted || this.#clock.now() >= until) return settled
      await new Promise<void>((resolve) => this.#clock.after(lookEvery, resolve))
    }
  }

  async #look(tenant: TenantId, runs: readonly RunId[]): Promise<readonly OutcomeView[]> {
    const [views, letters] = await Promise.all([this.#runs.read(tenant, runs), this.#deadLetters.ofRuns(runs)])
    const dead = [...letters.entries()].map(([run, { code, message, created }]): OutcomeView => {
      const nothing = { result: undefined, classified: undefined, item: undefined, hold: undefined, because: message }
      return { run, isSettled: true, status: 'dead-letter', error: { code, message }, at: created, ...nothing }
    })
    return [...views.map(outcomeOf), ...dead]
  }
}

function outcomeOf(view: RunView): OutcomeView {
  const { run, status, result, error, because, waitsFor, steps } = view
  const item = waitsFor?.kind === 'person' ? { id: waitsFor.item, queue: waitsFor.queue, why: waitsFor.why } : undefined
  const hold = waitsFor?.kind === 'release' ? holdOf(waitsFor) : undefined
  const isOver = status !== 'running' && status !== 'waiting'
  return {
    run,
    isSettled: isOver || (status === 'waiting' && (item ?? hold) !== undefined),
    status,
    result,
    error,
    classified: classifiedOf(view),
    item,
    hold,
    because,
    at: view.ended ?? steps.at(-1)?.ended ?? steps.at(-1)?.began,
  }
}

const holdOf = ({
  run,
  action,
  queue,
  why,
}: Extract<RunView['waitsFor'], { kind: 'release' }>): OutcomeView['hold'] => ({
  run,
  action,
  queue,
  why,
})

function classifiedOf({ steps }: RunView): OutcomeView['classified'] {
  const result = steps.find((step) => step.kind === 'classify')?.result
  if (!(result instanceof Object) || !('label' in result) || !('confidence' in result)) return undefined
  const { confidence, label } = result
  return typeof label === 'string' && typeof confidence === 'number' ? { label, confidence } : undefined
}
