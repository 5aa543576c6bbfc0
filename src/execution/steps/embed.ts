import type { Json } from '../../core/json.ts'
import type { Patience } from '../../sdk/context.ts'
import type { Embedding } from '../../sdk/prompts.ts'
import type { StepKindDefinition } from '../corridor/corridor.ts'
import { evidenceOf, longestAsked, retryWithin, useOf, valueOf } from './model-step.ts'

interface Question extends Patience {
  readonly embedding: Embedding
  readonly texts: readonly string[]
}

/** Asks the model behind a route for one vector of each text. */
export const embedStep: StepKindDefinition<Question, Json> = {
  kind: 'embed',
  timeout: longestAsked,
  retry: retryWithin,
  resource: ({ embedding }) => ({ kind: 'embedding', digest: embedding.digest, name: embedding.name }),
  arguments: ({ texts }) => texts,
  async execute(question, call) {
    const { embedding, texts } = question
    if (texts.length === 0) return { value: [] }
    const { name, pii, route } = embedding
    const use = useOf(call, name, { type: 'string', ...(pii !== undefined && { pii }) })
    const got = await call.ports.embedders.embed({ route, name, texts, use, signal: call.signal })
    return { value: valueOf(got, call, question), evidence: evidenceOf(got) }
  },
}
