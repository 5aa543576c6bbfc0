import { MillraceError } from '../../core/errors/millrace-error.ts'
import { objectsOf, objectOf } from '../dialects/unknown-json.ts'

export const embeddingBody = (route: string, texts: readonly string[]): Buffer =>
  Buffer.from(JSON.stringify({ model: route, input: texts, encoding_format: 'float' }))

/** The vectors of an answer, by the order of the texts. Errors: `model/answer-unfit`. */
export function vectorsIn(
  json: unknown,
  { count, target }: { readonly count: number; readonly target: string },
): readonly (readonly number[])[] {
  const unfit = (why: string): never => {
    throw new MillraceError('model/answer-unfit', { target, why })
  }
  const given = objectsOf(objectOf(json)?.['data'])
  if (given.length !== count) return unfit(`it has ${given.length} vectors for ${count} texts`)
  const vectors = new Array<readonly number[] | undefined>(count).fill(undefined)
  for (const [n, { embedding, index }] of given.entries()) {
    const at = typeof index === 'number' ? index : n
    if (!isVector(embedding)) return unfit('it holds something else than vectors of numbers')
    if (at in vectors && vectors[at] === undefined) vectors[at] = embedding
  }
  const whole = vectors.filter((vector) => vector !== undefined)
  if (whole.length !== count) return unfit('one of its vectors stands twice, and another is missing')
  const [first] = whole
  return whole.every((vector) => vector.length === first?.length)
    ? whole
    : unfit('its vectors are of different lengths')
}

const isVector = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'number' && Number.isFinite(one))
