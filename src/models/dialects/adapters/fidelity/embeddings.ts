import { embeddingFields, embeddingsOverInference, type TensorNames } from '../embeddings-over-inference.ts'
import type { RequestSection } from './section.ts'

const names: TensorNames = { model: 'vectors', input: 'text', output: 'embedding', width: 384, isColumn: false }

export const embeddingsAdapter = embeddingsOverInference(names)

export const embeddingSections: readonly RequestSection[] = [
  {
    title: 'Fields of a request',
    from: 'openai-embeddings',
    rules: embeddingFields(names),
    body: (field, value) => ({ model: 'm', input: 'a', [field]: value }),
    examples: { model: 'm', input: ['a', 'b'], dimensions: 256, encoding_format: 'base64', user: 'u' },
    others: [
      ['input', [[1, 2]]],
      ['dimensions', 384],
    ],
    silent: ['encoding_format', 'user'],
  },
]
