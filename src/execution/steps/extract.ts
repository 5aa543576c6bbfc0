import type { Json } from '../../core/json.ts'
import type { Patience } from '../../sdk/context.ts'
import type { AnyPrompt } from '../../sdk/prompts.ts'
import type { StepKindDefinition } from '../corridor/corridor.ts'
import { answerTo } from './generate.ts'
import { longestAsked, retryWithin } from './model-step.ts'

interface Question extends Patience {
  readonly prompt: AnyPrompt
  readonly text: string
}

/** Reads the fields of a schema out of a text: a prompt whose input is the text alone. */
export const extractStep: StepKindDefinition<Question, Json> = {
  kind: 'extract',
  timeout: longestAsked,
  retry: retryWithin,
  resource: ({ prompt }) => ({ kind: 'prompt', digest: prompt.digest, name: prompt.name }),
  arguments: ({ text }) => text,
  execute: ({ text, ...question }, call) => answerTo({ ...question, input: { text } }, call),
}
