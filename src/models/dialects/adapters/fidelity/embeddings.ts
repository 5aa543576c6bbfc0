import { embeddingFields, embeddingsOverInference, type TensorNames } from '../embeddings-over-inference.ts'
import { inferenceFields } from '../inference-over-embeddings.ts'
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

const texts = [{ name: 'text', shape: [1], datatype: 'BYTES', data: ['a'] }]

export const inferenceSections: readonly RequestSection[] = [
  {
    title: 'Fields of a call',
    from: 'open-inference',
    rules: inferenceFields,
    body: (field, value) => ({ model: 'm', inputs: texts, ...(value !== null && { [field]: value }) }),
    examples: {
      model: 'm',
      model_version: '0f1e2d3c',
      id: 'a',
      inputs: [{ name: 'text', shape: [2, 1], datatype: 'BYTES', data: ['a', 'b'] }],
      outputs: [{ name: 'embedding' }],
      parameters: { priority: 1 },
    },
    others: [
      ['inputs', [{ name: 'text', shape: [1], datatype: 'FP32', data: [1] }]],
      ['outputs', [{ name: 'label' }]],
    ],
    silent: ['model', 'model_version', 'id', 'outputs'],
  },
]
