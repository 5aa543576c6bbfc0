import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { Json } from '../../core/json.ts'
import { dialects } from '../dialects/dialects.ts'
import { objectOf } from '../dialects/unknown-json.ts'
import type { RenderedPrompt } from './render-prompt.ts'

/** The body of a chat completion that asks a rendered prompt. */
export function bodyOf(
  { format, messages, parameters, schema }: RenderedPrompt,
  { name, route }: { readonly name: string; readonly route: string },
): Buffer {
  const { maxOutputTokens, seed, stopSequences, temperature, topP } = parameters
  const shape = format === 'json' ? shapeOf(schema) : undefined
  const body = {
    model: route,
    messages,
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(maxOutputTokens !== undefined && { max_completion_tokens: maxOutputTokens }),
    ...(stopSequences !== undefined && { stop: stopSequences }),
    ...(seed !== undefined && { seed }),
    ...(shape !== undefined && {
      response_format: {
        type: 'json_schema',
        json_schema: { name: name.replaceAll(/[^\w-]/g, '_').slice(0, 64), schema: shape, strict: isStrict(shape) },
      },
    }),
  }
  return Buffer.from(JSON.stringify(body))
}

/** What the answer says: the text itself as the field `text`, or the JSON in it. Errors: `model/answer-cut`, `-withheld`, `-unfit`. */
export function answerIn(
  json: unknown,
  { format, prompt, target }: { readonly format: 'text' | 'json'; readonly prompt: string; readonly target: string },
): Json {
  const said = dialects['openai-chat'].saidIn(json)
  if (!said) throw new MillraceError('model/answer-unfit', { target, why: 'it is no answer to a chat' })
  const { finish, refusal, text } = said
  if (refusal !== '' || finish === 'content_filter')
    throw new MillraceError('model/answer-withheld', { prompt, target })
  if (finish === 'length') throw new MillraceError('model/answer-cut', { prompt, target })
  if (text.trim() === '') throw new MillraceError('model/answer-unfit', { target, why: 'it is empty' })
  if (format === 'text') return { text: text.trim() }
  try {
    return JSON.parse(text) as Json // JSON by the parser
  } catch {
    throw new MillraceError('model/answer-unfit', { target, why: 'it is no JSON' })
  }
}

/** Ours alone, or nothing that a schema for generating takes; the step checks the answer against the whole schema all the same. */
const leftOut: ReadonlySet<string> = new Set(['$schema', 'trust', 'pii', 'default', 'minLength', 'maxLength'])

/** A schema as providers take it. Names of properties stay, whatever they are. */
function shapeOf(schema: unknown, isMap = false): unknown {
  if (Array.isArray(schema)) return schema.map((one: unknown) => shapeOf(one))
  const fields = objectOf(schema)
  if (!fields) return schema
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([key]) => isMap || !leftOut.has(key))
      .map(([key, value]) => [key, isVerbatim(key, isMap) ? value : shapeOf(value, !isMap && isMapOf(key))]),
  )
}

const isMapOf = (key: string): boolean => key === 'properties' || key === '$defs'
const isVerbatim = (key: string, isMap: boolean): boolean => !isMap && (key === 'enum' || key === 'const')

/** OpenAI's strict mode takes objects alone that are closed and whose fields are all required; it refuses the whole request otherwise. */
function isStrict(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrict)
  const fields = objectOf(schema)
  if (!fields) return true
  const properties = objectOf(fields['properties'])
  const required = fields['required']
  const isClosed =
    fields['type'] !== 'object' ||
    (properties !== undefined &&
      fields['additionalProperties'] === false &&
      Array.isArray(required) &&
      Object.keys(properties).every((key) => required.includes(key)))
  return (
    isClosed &&
    Object.values(properties ?? {}).every(isStrict) &&
    ['items', 'anyOf'].every((key) => isStrict(fields[key]))
  )
}
