import { z } from 'zod'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import { noUsage } from '../cost/usage.ts'
import type { ModelRequest } from '../dialects/dialect.ts'
import { type ModelVersion, nameOf } from '../routes/model-version.ts'
import { inferLocally } from './infer.ts'
import type { LocalAnswer } from './local-answer.ts'
import type { LocalModels, Manner } from './local-models.ts'

/** As OpenAI has it. */
const mostTexts = 2048

const fields = z.looseObject({
  input: z.union(
    [
      z
        .string()
        .min(1)
        .transform((text) => [text]),
      z.array(z.string().min(1)).min(1).max(mostTexts),
    ],
    {
      error: `expected a text or up to ${mostTexts} texts, none of them empty; numbers of tokens are another model's`,
    },
  ),
  encoding_format: z.enum(['float', 'base64']).default('float'),
  dimensions: z.int().optional(),
})

/** A request to a model within this process, in either dialect that it speaks. Errors: those of `inferLocally` and `embedLocally`. */
export function answerLocally(
  models: Pick<LocalModels, 'classify' | 'describe' | 'embed'>,
  model: ModelVersion,
  request: Pick<ModelRequest, 'dialect' | 'json'>,
  manner: Manner = {},
): Promise<LocalAnswer> {
  const answer = request.dialect === 'open-inference' ? inferLocally : embedLocally
  return answer(models, model, request, manner)
}

/**
 * OpenAI's embeddings by a model within this process; `usage` counts the tokens that it read. Vectors keep their length: another one cannot be asked
 * for. Errors: `model/bad-body`, `model/refused-field`, and those of `LocalModels.embed`.
 */
async function embedLocally(
  models: Pick<LocalModels, 'embed'>,
  model: ModelVersion,
  request: Pick<ModelRequest, 'dialect' | 'json'>,
  manner: Manner,
): Promise<LocalAnswer> {
  const { dialect, json } = request
  if (dialect !== 'openai-embeddings')
    throw new MillraceError('model/wrong-task', { model: nameOf(model), does: 'embeddings', wanted: dialect })
  const checked = fields.safeParse(json)
  if (!checked.success) {
    const [issue] = checked.error.issues
    throw new MillraceError('model/bad-body', {
      dialect,
      field: issue?.path.join('.') || 'the body',
      why: issue?.message ?? 'the shape is another',
    })
  }
  const { dimensions, encoding_format: format, input } = checked.data
  const { tokens, vectors } = await models.embed(model, input, manner)
  const length = vectors[0]?.length ?? 0
  if (dimensions !== undefined && dimensions !== length)
    throw new MillraceError('model/refused-field', {
      dialect,
      field: 'dimensions',
      why: `the vectors of this model have ${length} numbers and are not shortened`,
    })
  const body = JSON.stringify({
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: format === 'base64' ? base64Of(vector) : [...vector],
    })),
    model: nameOf(model),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  })
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(body),
    usage: { ...noUsage, input: tokens },
  }
}

/** Little-endian float32, as OpenAI's clients read them. */
const base64Of = ({ buffer, byteLength, byteOffset }: Float32Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64')
