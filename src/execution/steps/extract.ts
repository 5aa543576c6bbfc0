import type { Json } from '../../core/json.ts'
import type { AnyPrompt } from '../../sdk/prompts.ts'
import type { StepKindDefinition } from '../corridor/corridor.ts'
import { answerTo } from './generate.ts'
import { longestAsked, unhurried } from './model-step.ts'

interface Question {
  readonly prompt: AnyPrompt
  readonly text: string
}

/** Reads the fields of a schema out of a text: a prompt whose input is the text alone. */
export const extractStep: StepKindDefinition<Question, Json> = {
  kind: 'extract',
  timeout: longestAsked,
  retry: unhurried,
  resource: ({ prompt }) => ({ kind: 'prompt', digest: prompt.digest, name: prompt.name }),
  arguments: ({ text }) => text,
  execute: ({ prompt, text }, call) => answerTo(prompt, { text }, call),
}
