import type { Json } from '../../core/json.ts'
import type { Rules } from '../../sdk/resources.ts'
import { check } from '../../sdk/schema.ts'
import { type StepKindDefinition } from '../corridor/corridor.ts'
import { StepFailure } from '../engine/failures.ts'
import { evaluateRules } from '../rules/rules-engine.ts'

interface Question {
  readonly rules: Rules<unknown, unknown>
  readonly input: Json
}

/** Evaluates a decision table. */
export const decideStep: StepKindDefinition<Question, Json> = {
  kind: 'decide',
  timeout: 10_000,
  retry: { attempts: 1, first: 1, factor: 1, most: 1 }, // the same table gives the same answer
  resource: ({ rules }) => ({ kind: 'rules', digest: rules.digest, name: rules.name }),
  arguments: ({ input }) => input,
  async execute({ rules, input }) {
    const asked = await check(rules.input, input)
    if (!asked.ok)
      throw new StepFailure(
        'rules/bad-input',
        `The input of ${rules.name} does not fit its schema: ${asked.problems.join('; ')}.`,
        { terminal: true },
      )
    const { value, row } = await evaluateRules(rules, asked.value as Json) // JSON by its schema
    const answer = await check(rules.output, value)
    if (!answer.ok)
      throw new StepFailure(
        'rules/bad-output',
        `The answer of ${rules.name} does not fit its schema: ${answer.problems.join('; ')}. Mend the row.`,
        { terminal: true },
      )
    // The log keeps only a digest of the arguments: an auditor who asks what the table was told finds it here, sealed.
    return { value: answer.value as Json, evidence: { detail: { input, ...(row !== undefined && { row }) } } } // JSON by its schema
  },
}
