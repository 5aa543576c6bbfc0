import type { Json } from '../../core/json.ts'
import type { Patience } from '../../sdk/context.ts'
import type { AnyPrompt } from '../../sdk/prompts.ts'
import { check, describeSchema } from '../../sdk/schema.ts'
import type { StepCall, StepKindDefinition } from '../corridor/corridor.ts'
import { StepFailure } from '../engine/failures.ts'
import type { Settled } from '../engine/ports.ts'
import { evidenceOf, isLastDraw, longestAsked, retryWithin, useOf, valueOf } from './model-step.ts'

interface Question extends Patience {
  readonly prompt: AnyPrompt
  readonly input: Json
}

/** Asks what stands behind a prompt's route: a language model, or the template itself. The answer is held against the prompt's schema. */
export const generateStep: StepKindDefinition<Question, Json> = {
  kind: 'generate',
  timeout: longestAsked,
  retry: retryWithin,
  resource: ({ prompt }) => ({ kind: 'prompt', digest: prompt.digest, name: prompt.name }),
  arguments: ({ input }) => input,
  execute: (question, call) => answerTo(question, call),
}

/** One prompt, asked and checked. */
export async function answerTo(question: Question, call: StepCall): Promise<Settled<Json>> {
  const { prompt, input } = question
  const { ports, signal, attempt } = call
  const { digest, name, route, template, withoutModel } = prompt
  const asked = await check(prompt.input, input)
  if (!asked.ok)
    throw new StepFailure(
      'prompt/bad-input',
      `The input of ${name} does not fit its schema: ${asked.problems.join('; ')}.`,
      { terminal: true },
    )
  const schemas = { input: describeSchema(prompt.input), output: describeSchema(prompt.output) }
  const got = await ports.generators.generate({
    route,
    prompt: { name, digest, template, withoutModel, ...schemas },
    input,
    use: useOf(call, name, schemas.input),
    signal,
  })
  const answer = await check(prompt.output, valueOf(got, call, question))
  if (!answer.ok)
    throw new StepFailure(
      'prompt/bad-output',
      `What ${route} answered does not fit the schema of ${name}: ${answer.problems.join('; ')}.`,
      { terminal: isLastDraw('prompt/bad-output', attempt), evidence: evidenceOf(got) },
    )
  return { value: answer.value as Json, evidence: evidenceOf(got) } // JSON by its schema
}
