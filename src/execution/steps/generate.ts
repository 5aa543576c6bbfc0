import type { Json } from '../../core/json.ts'
import type { Prompt } from '../../sdk/resources.ts'
import { check } from '../../sdk/schema.ts'
import { patient, type StepKindDefinition } from '../corridor/corridor.ts'
import { StepFailure } from '../engine/failures.ts'

interface Question {
  readonly prompt: Prompt<unknown, unknown>
  readonly input: Json
}

/** Asks what stands behind a prompt's route: a language model, or the template itself. The answer is held against the prompt's schema. */
export const generateStep: StepKindDefinition<Question, Json> = {
  kind: 'generate',
  timeout: 120_000,
  retry: patient,
  resource: ({ prompt }) => ({ kind: 'prompt', digest: prompt.digest, name: prompt.name }),
  arguments: ({ input }) => input,
  async execute({ prompt, input }, { ports, signal }) {
    const asked = await check(prompt.input, input)
    if (!asked.ok)
      throw new StepFailure(
        'prompt/bad-input',
        `The input of ${prompt.name} does not fit its schema: ${asked.problems.join('; ')}.`,
        { terminal: true },
      )
    const { route, name, digest, template } = prompt
    const got = await ports.generators.generate({ route, prompt: { name, digest, template }, input, signal })
    const answer = await check(prompt.output, got.value)
    if (!answer.ok)
      throw new StepFailure(
        'prompt/bad-output',
        `What ${route} answered does not fit the schema of ${name}: ${answer.problems.join('; ')}.`,
      )
    return {
      value: answer.value as Json, // JSON by its schema
      evidence: {
        factors: [{ kind: 'model', digest: got.model.digest, name: got.model.name }],
        ...(got.cost !== undefined && { cost: got.cost }),
      },
    }
  },
}
