import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Json } from '../../core/json.ts'
import type { AnyPipeline } from '../../sdk/pipeline.ts'
import { check } from '../../sdk/schema.ts'
import type { CorridorPorts } from '../corridor/ports.ts'
import type { LoadedRun, RunHandler } from '../engine/ports.ts'
import { runPipeline } from './run-pipeline.ts'

/** What the intake needs to know of an event before its run begins. */
export interface Admitted {
  readonly input: Json
  /** The outside id of the person whose data it is. */
  readonly subject: string | undefined
  readonly entity: { readonly type: string; readonly id: string } | undefined
}

/**
 * Owns: which pipelines this process has. A run goes on with the pipeline of its name, whatever digest it began with; code that no longer fits
 * its log pauses it (E17, bundle-digest.ts).
 */
export class Pipelines {
  readonly #byName: ReadonlyMap<string, AnyPipeline>
  readonly #handlers: ReadonlyMap<string, RunHandler>
  readonly #digest: string

  /** `digest`: of the bundle that holds the pipelines, as `bundleDigest` gives it (E9). */
  constructor(pipelines: readonly AnyPipeline[], ports: CorridorPorts, digest: string) {
    this.#byName = new Map(pipelines.map((pipeline) => [pipeline.name, pipeline]))
    this.#handlers = new Map(pipelines.map((pipeline) => [pipeline.name, runPipeline(pipeline, ports)]))
    this.#digest = digest
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()]
  }

  /** Those that take events of a type. */
  takersOf(type: string): readonly string[] {
    return [...this.#byName.values()].filter((pipeline) => pipeline.on.name === type).map((pipeline) => pipeline.name)
  }

  get digest(): string {
    return this.#digest
  }

  handlerOf(run: LoadedRun): RunHandler | undefined {
    return this.#handlers.get(run.pipeline)
  }

  /** Holds a payload against the pipeline's schema. Errors: `intake/unknown-pipeline`, `intake/bad-payload`, `intake/wrong-type`. */
  async admit(name: string, type: string, data: Json): Promise<Admitted> {
    const pipeline = this.#byName.get(name)
    if (!pipeline) throw new MillraceError('intake/unknown-pipeline', { pipeline: name, known: this.names.join(', ') })
    if (pipeline.on.name !== type)
      throw new MillraceError('intake/wrong-type', { pipeline: name, type, wanted: pipeline.on.name })
    const checked = await check(pipeline.on.schema, data)
    if (!checked.ok)
      throw new MillraceError('intake/bad-payload', { pipeline: name, problems: checked.problems.join('; ') })
    const input = checked.value as never // what the pipeline's own functions take
    return { input: checked.value as Json, subject: pipeline.subject?.(input), entity: pipeline.entity?.(input) }
  }
}
