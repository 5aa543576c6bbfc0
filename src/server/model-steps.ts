import type { Clock } from '../core/clock.ts'
import type { Embedders, Generators, ModelUse } from '../execution/corridor/ports.ts'
import type { Caller } from '../models/gateway/caller.ts'
import type { ModelPlane } from '../models/model-plane.ts'
import { askPrompt, askVectors, type ModelCalls } from '../models/prompts/ask-model.ts'
import { PromptRenderer } from '../models/prompts/render-prompt.ts'
import type { Settings } from '../sdk/config.ts'
import { localRoutes } from '../sdk/models.ts'

/** A run waits for its step, and nobody at a keyboard for the run. */
const priority = 1

/**
 * What steps ask of models: a route within the process answers itself, every other name is the gateway's, in-process and under the same rules
 * as for its clients: constraints, budgets, a reservation before each attempt.
 */
export function modelSteps(o: {
  readonly models: ModelPlane
  readonly calls: ModelCalls
  readonly settings: Pick<Settings, 'routes' | 'pipelineBudgets'>
  /** A keyed hash of a business entity, which arms stick to. */
  readonly keyOf: (use: Pick<ModelUse, 'tenant'> & { readonly entity: NonNullable<ModelUse['entity']> }) => string
  /** The documents that a run has retrieved so far, by their names in caches. */
  readonly sourcesOf: (use: Pick<ModelUse, 'tenant' | 'run'>) => Promise<readonly string[]>
  readonly clock: Clock
}): { readonly generators: Generators; readonly embedders: Embedders } {
  const { calls, clock, keyOf, models, settings, sourcesOf } = o
  const local = localRoutes(settings.routes)
  const renderer = new PromptRenderer()
  const callerOf = ({ dataClass, entity, pipeline, run, step, subject, task, tenant }: ModelUse): Caller => ({
    tenant,
    budgets: settings.pipelineBudgets?.[pipeline] ?? [],
    dataClass,
    priority,
    ...(entity && { key: keyOf({ tenant, entity }) }),
    ...(subject && { subject }),
    sources: () => sourcesOf({ tenant, run }),
    facts: { pipeline, run, step, task, entity },
  })
  return {
    generators: {
      async generate({ input, prompt, route, signal, use }) {
        const { digest, name, template, withoutModel = template } = prompt
        if (Object.hasOwn(local, route))
          return models.generators.generate({ route, prompt: { name, digest, template: withoutModel }, input, signal })
        const rendered = await renderer.render(prompt, input)
        return askPrompt(calls, rendered, { route, name, caller: callerOf(use), clock, signal })
      },
    },
    embedders: {
      embed: ({ name, route, signal, texts, use }) =>
        askVectors(calls, texts, { route, name, caller: callerOf(use), clock, signal }),
    },
  }
}
