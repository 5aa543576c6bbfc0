import type { Json } from '../../core/json.ts'
import type { AnyPipeline } from '../../sdk/pipeline.ts'
import { authorContext } from '../corridor/author-context.ts'
import { Corridor } from '../corridor/corridor.ts'
import type { CorridorPorts } from '../corridor/ports.ts'
import type { RunHandler } from '../engine/ports.ts'
import { Undo } from '../steps/undo.ts'

/** A pipeline as the engine drives it: the author's code in its context, and what it did undone when it fails or is cancelled. */
export function runPipeline(pipeline: AnyPipeline, ports: CorridorPorts): RunHandler {
  return async (run) => {
    const corridor = new Corridor({ run, ports, pipeline: { name: pipeline.name, digest: run.run.digest } })
    const undo = new Undo()
    try {
      const result = await pipeline.body(authorContext(corridor, undo), run.run.input as never) // checked by the schema before the run began
      if (run.isCancelled) await undo.all(run) // a swallowed cancel is a cancel (E5)
      return (result ?? null) as Json // JSON by the pipeline's type
    } catch (thrown) {
      await undo.all(run)
      throw thrown
    }
  }
}
