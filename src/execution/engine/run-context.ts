import { createHash } from 'node:crypto'
import { deriveId } from '../../core/ids.ts'
import type { Json } from '../../core/json.ts'
import { shielded } from './author-guard.ts'
import type { RunContext, RunOutcome, StartRun, StepOptions, WaitOptions } from './ports.ts'
import type { Segment } from './segment.ts'
import { tokenOf } from './token.ts'

const contexts = new WeakMap<Segment, RunContext>()

/** What a run's code gets. */
export function contextOf(segment: Segment): RunContext {
  let context = contexts.get(segment)
  if (!context) contexts.set(segment, (context = make(segment)))
  return context
}

function make(segment: Segment): RunContext {
  return {
    run: segment.run,
    step: (key, body, options: StepOptions) =>
      segment.ask(key, () => ({
        type: 'step',
        kind: options.kind,
        arguments: options.arguments,
        body,
        options,
        failures: 0,
        intentBy: undefined,
        abort: undefined,
      })),
    wait: (key, options) =>
      segment.ask(key, () => ({
        type: 'wait',
        kind: options.kind,
        arguments: options.arguments,
        options: options as unknown as WaitOptions<Json>, // what is read goes back to who gave the reader
        until: options.until,
        isOpen: false,
        mustLook: false,
      })),
    sleep: (key, ms) =>
      segment.ask(key, () => ({
        type: 'wait',
        kind: 'sleep',
        arguments: ms,
        options: undefined,
        until: ms,
        isOpen: false,
        mustLook: false,
      })),
    call: (key, child) => segment.ask(key, (full) => callArm(segment, full, child)),
    now: () => segment.recordedNow,
    random: () =>
      createHash('sha256')
        .update(`${segment.run.root}/${segment.draws++}`)
        .digest()
        .readUInt32BE() /
      2 ** 32,
    shield: shielded,
    get isCancelled() {
      return segment.isCancelled
    },
  }
}

/** A child is a wait: its id follows from its parent's root and step, so that whoever opens it again finds the same (E23). */
function callArm(
  segment: Segment,
  key: string,
  child: Omit<StartRun, 'run' | 'parent' | 'root'>,
): ReturnType<Parameters<Segment['ask']>[1]> {
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
    close: async (_bell, why) => {
      if (why !== 'timeout') await segment.children.cancel(id)
      return read()
    },
  }
  return {
    type: 'wait',
    kind: 'call',
    arguments: options.arguments,
    options,
    until: undefined,
    isOpen: false,
    mustLook: false,
  }
}
