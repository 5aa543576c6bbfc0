import { isUtf8 } from 'node:buffer'
import type { z } from 'zod'
import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { DialectName } from './dialect.ts'
import { duplicateIn, type Member, membersOf } from './json-members.ts'
import { type JsonObject, objectOf, parsed } from './unknown-json.ts'

/**
 * A body as an object, checked by the shape of its dialect. A key that stands twice is refused: the gateway would price the one, and the
 * provider might obey the other. Errors: `model/bad-body`.
 */
export function readBody<T>(
  dialect: DialectName,
  body: Buffer,
  shape: z.ZodType<T>,
): { readonly json: JsonObject; readonly fields: T; readonly members: readonly Member[] } {
  const refuse = (field: string, why: string): never => {
    throw new MillraceError('model/bad-body', { dialect, field, why })
  }
  const json = isUtf8(body) ? objectOf(parsed(body.toString('utf8'))) : refuse('the body', 'the text is not UTF-8')
  if (json === undefined) return refuse('the body', 'one JSON object is expected')
  const members = membersOf(body)
  const twice = duplicateIn(members)
  if (twice !== undefined) return refuse(twice.slice(0, 100), 'the field stands twice')
  const { success, data, error } = shape.safeParse(json)
  if (success) return { json, fields: data, members }
  const [issue] = error.issues
  return refuse(issue?.path.join('.') || 'the body', issue?.message.slice(0, 200) ?? 'the shape is another')
}
