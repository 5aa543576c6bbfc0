import { mainTenant, type RunId } from '../core/ids.ts'
import type { Json } from '../core/json.ts'
import { StepFailure } from '../execution/engine/failures.ts'
import { MemoryEngine } from '../execution/engine/memory-engine.ts'
import type { FinalState, RunHandler } from '../execution/engine/ports.ts'
import { Pipelines } from '../execution/pipelines/registry.ts'
import type { AnyPipeline, Pipeline } from '../sdk/pipeline.ts'
import type { Action } from '../sdk/resources.ts'
import type { Script } from './script.ts'
import { type HoldScript, ScriptedWorld, Unscripted } from './scripted-ports.ts'

export interface TestRun<O> {
  readonly state: FinalState | 'waiting' | 'paused'
  /** What the pipeline returned; undefined when it failed or waits. */
  readonly result: O | undefined
  readonly error: { readonly code: string; readonly message: string } | undefined
  /** The inputs with which an action landed, in order; the same token counts once where the target honours tokens. */
  effects<I>(action: Action<I, never, never, never> | { readonly name: string; readonly input: unknown }): readonly I[]
  /** Step keys in the order of their rows. */
  readonly steps: readonly string[]
  /** First lines of what people were asked. */
  readonly asked: readonly string[]
}

export interface Testbed<I, O> {
  /** Runs a message to its end, or until it waits for something that will not come. Days go by in milliseconds. */
  run(message: I): Promise<TestRun<O>>
  /** Runs it again and again, with crashes after each entry of its log, before and after it is told. `effectsTwice` names what landed twice. */
  everyCrash(message: I): Promise<{
    readonly crashes: number
    readonly effectsTwice: readonly string[]
    readonly results: readonly (O | undefined)[]
  }>
}

/** The process dies so many turns after the nth row was written. */
interface CrashPoint {
  readonly afterRow: number
  readonly turnsLater: number
}
/** The row is durable and nobody is told; the author has been told; the next body has begun. */
const turnsAfterRow = [0, 1, 3]

interface Landed {
  readonly action: string
  readonly token: string
  readonly input: unknown
}

/** A pipeline in memory, with scripted models, people and systems, and a clock that skips. */
export function testbed<I, O>(
  pipeline: Pipeline<I, O>,
  scripts: readonly Script[],
  options: {
    readonly connectors?: Readonly<Record<string, unknown>>
    /** Its runs are accepted with hold: they change nothing until they are released. */
    readonly hold?: HoldScript
  } = {},
): Testbed<I, O> {
  const once = async (
    message: I,
    crash?: CrashPoint,
  ): Promise<{ run: TestRun<O>; rows: number; landed: readonly Landed[] }> => {
    const landed: Landed[] = []
    let unscripted: Unscripted | undefined
    const world = new ScriptedWorld(scripts, options.connectors ?? {}, () => memory, options.hold)
    const any = pipeline as unknown as AnyPipeline // its input is checked by its own schema just below
    const pipelines = new Pipelines(
      [any],
      scriptActions(world, landed, (error) => (unscripted ??= error)),
      pipeline.digest,
    )
    const memory: MemoryEngine = new MemoryEngine((run): RunHandler | undefined => pipelines.handlerOf(run), {
      hasRealBodies: true,
    })
    await memory.serve()
    const { input } = await pipelines.admit(pipeline.name, pipeline.on.name, message as Json)
    const run = memory.runId()
    await memory.engine.start({ tenant: mainTenant, run, pipeline: pipeline.name, digest: pipeline.digest, input })
    const rows = (): number => memory.log.runs.get(run)?.rows.length ?? 0
    let turnsLeft = crash?.turnsLater ?? 0
    let isDue = crash !== undefined
    await memory.settle(() => {
      if (!isDue || rows() < (crash?.afterRow ?? 0) || turnsLeft-- > 0) return
      isDue = false
      memory.crash()
    })
    if (unscripted) throw unscripted
    return { run: await describe<O>(memory, run, landed, world), rows: rows(), landed }
  }
  return {
    run: async (message) => (await once(message)).run,
    async everyCrash(message) {
      const { rows } = await once(message)
      const points = Array.from({ length: rows + 1 }, (_, afterRow) =>
        turnsAfterRow.map((turnsLater): CrashPoint => ({ afterRow, turnsLater })),
      ).flat()
      const effectsTwice = new Set<string>()
      const results: (O | undefined)[] = []
      for (const point of points) {
        const { run, landed } = await once(message, point)
        results.push(run.result)
        const seen = new Set<string>()
        for (const { action, token } of landed) {
          if (seen.has(`${action} ${token}`)) effectsTwice.add(action)
          seen.add(`${action} ${token}`)
        }
      }
      return { crashes: points.length, effectsTwice: [...effectsTwice], results }
    },
  }
}

/** Puts a scripted system between an action and its connectors, and notes what landed. A target that honours tokens lands a token once. */
function scriptActions(
  world: ScriptedWorld,
  landed: Landed[],
  mistake: (error: Unscripted) => void,
): ConstructorParameters<typeof Pipelines>[1] {
  const { ports } = world
  const noting =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      try {
        return await work(...args)
      } catch (error) {
        if (!(error instanceof Unscripted)) throw error
        mistake(error)
        throw new StepFailure('test/unscripted', error.message, { terminal: true })
      }
    }
  return {
    ...ports,
    classifiers: { classify: noting((q) => ports.classifiers.classify(q)) },
    generators: { generate: noting((q) => ports.generators.generate(q)) },
    embedders: { embed: noting((q) => ports.embedders.embed(q)) },
    knowledge: { search: noting((q) => ports.knowledge.search(q)) },
    people: { ...ports.people, ask: noting((q) => ports.people.ask(q)) },
    systems: {
      async run(action, call, effect) {
        const script = world.answerTo('action', action.name) as { gives?: unknown; fails?: string } | undefined
        const note = (): void => {
          const isKnown = action.ifUnknown === 'token-is-idempotent' && landed.some((one) => one.token === call.token)
          if (!isKnown) landed.push({ action: action.name, token: call.token, input: call.input })
        }
        if (!script) {
          try {
            const value = await effect()
            note()
            return value
          } catch (error) {
            if (error instanceof Unscripted) mistake(error)
            throw error
          }
        }
        if (script.fails === 'connection-lost-after-send') {
          note()
          throw new StepFailure('connection-lost-after-send', 'The connection broke after the request was sent.', {
            unknown: true,
          })
        }
        if (script.fails !== undefined) return call.fail(script.fails)
        note()
        return script.gives
      },
    },
  }
}

async function describe<O>(
  memory: MemoryEngine,
  run: RunId,
  landed: readonly Landed[],
  world: ScriptedWorld,
): Promise<TestRun<O>> {
  const found = await memory.log.outcome(run)
  const settlement = found?.outcome?.settlement
  const state = found?.state ?? 'open'
  return {
    state: state === 'open' ? 'waiting' : state,
    result: settlement && 'ok' in settlement ? (settlement.ok as O) : undefined, // what the pipeline returned, as JSON
    error: settlement && 'error' in settlement ? settlement.error : undefined,
    effects: <I>(action: { readonly name: string }) =>
      landed.filter((one) => one.action === action.name).map((one) => one.input as I), // the action's own input
    steps: (memory.log.runs.get(run)?.rows ?? []).map((row) => `${row.key} ${row.phase}`),
    asked: [...world.items.values()].map((item) => item.question.firstLine),
  }
}
