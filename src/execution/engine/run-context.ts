import { createHash } from 'node:crypto'
import type { Instant } from '../../core/clock.ts'
import { deriveId, type RunId } from '../../core/ids.ts'
import type { Json } from '../../core/json.ts'
import type { AskedArm } from './arm.ts'
import { shielded } from './author-guard.ts'
import type { LoadedRun, RunContext, RunOutcome, StartRun, StepOptions, WaitOptions } from './ports.ts'
import { tokenOf } from './token.ts'

/** What a `call` needs of the engine. */
export interface Children {
  start(run: StartRun): Promise<unknown>
  outcome(run: RunId): Promise<RunOutcome | undefined>
  cancel(run: RunId): Promise<unknown>
}

/** What the context needs of the segment that drives the run. */
export interface Asked {
  readonly run: LoadedRun
  readonly children: Children
  readonly recordedNow: Instant
  readonly isCancelled: boolean
  /** Registers what `make` describes under `name` and its ordinal; resolves or rejects when its settlement is delivered. */
  ask<T>(name: string, make: (key: string) => AskedArm): Promise<T>
}

/** What a run's code gets. */
export function contextOf(segment: Asked): RunContext {
  let draws = 0
  return {
    run: segment.run,
    step: (key, body, options: StepOptions) =>
      segment.ask(key, () => ({ type: 'step', kind: options.kind, arguments: options.arguments, body, options })),
    wait: (key, options) =>
      segment.ask(key, () => ({
        type: 'wait',
        kind: options.kind,
        arguments: options.arguments,
        options: options as unknown as WaitOptions<Json>, // what is read goes back to who gave the reader
        until: options.until,
      })),
    sleep: (key, ms) =>
      segment.ask(key, () => ({ type: 'wait', kind: 'sleep', arguments: ms, options: undefined, until: ms })),
    call: (key, child) => segment.ask(key, (full) => callArm(segment, full, child)),
    now: () => segment.recordedNow,
    random: () => createHash('sha256').update(`${segment.run.root}/${draws++}`).digest().readUInt32BE() / 2 ** 32,
    shield: shielded,
    get isCancelled() {
      return segment.isCancelled
    },
  }
}

/** A child is a wait: its id follows from its parent's root and step, so that whoever opens it again finds the same (E23). */
function callArm(segment: Asked, key: string, child: Omit<StartRun, 'run' | 'parent' | 'root'>): AskedArm {
  const { run, root, entity, subject, key: sealedBy, principal } = segment.run
  const inherited = {
    ...(entity && { entity }),
    ...(subject && { subject }),
    ...(sealedBy && { key: sealedBy }),
    ...(principal && { principal }),
  }
  const id = deriveId('run', root, tokenOf(root, key))
  const read = async (): Promise<{ value: Json } | undefined> => {
    const outcome = await segment.children.outcome(id)
    return outcome && { value: outcome satisfies RunOutcome as unknown as Json } // settlements are JSON
  }
  const options: WaitOptions<Json> = {
    kind: 'call',
    arguments: { pipeline: child.pipeline, input: child.input },
    open: async () => {
      await segment.children.start({ ...inherited, ...child, run: id, parent: { run, key } })
      return { detail: { child: id } }
    },
    read,
    close: async () => {
      const ended = await read()
      if (!ended) await segment.children.cancel(id) // E20: whoever closes a call cancels the child
      return ended
    },
  }
  return { type: 'wait', kind: 'call', arguments: options.arguments, options, until: undefined }
}
