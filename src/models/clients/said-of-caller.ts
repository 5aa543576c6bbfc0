import { MillraceError } from '../../core/errors/millrace-error.ts'

type Headers = Readonly<Record<string, string | undefined>>

/** What a call says of itself: for its cost and for what it sticks to. It allows nothing. */
export interface SaidOfCaller {
  /** The business object that it is about: `customer/123`. */
  readonly entity?: { readonly type: string; readonly id: string }
  /** Whom the client names as its own user. */
  readonly endUser?: string
  readonly task?: string
}

const entityForm = /^([a-z][a-z0-9._-]{0,63})\/([\x21-\x7e]{1,200})$/
const taskForm = /^[a-z0-9][a-z0-9._-]{0,63}$/
const mostOfUser = 512

/**
 * From the headers `millrace-entity`, `millrace-end-user` and `millrace-task`, or else from the dialect's metadata under the same names
 * (`millrace_entity`, ...) and its own field for a user. The headers go before. Errors: `model/bad-caller`.
 */
export function saidOfCaller(
  headers: Headers,
  request: { readonly endUser?: string; readonly metadata: Readonly<Record<string, string>> },
): SaidOfCaller {
  const said = (name: string): { readonly at: string; readonly text: string } | undefined => {
    const header = headers[`millrace-${name}`]
    if (header !== undefined) return { at: `the header millrace-${name}`, text: header }
    const field = `millrace_${name.replaceAll('-', '_')}`
    const value = request.metadata[field]
    return value === undefined ? undefined : { at: `metadata.${field}`, text: value }
  }
  const refuse = (at: string, wanted: string): MillraceError => new MillraceError('model/bad-caller', { at, wanted })
  const entity = said('entity')
  const [, type, id] = entityForm.exec(entity?.text ?? '') ?? []
  if (entity && (type === undefined || id === undefined))
    throw refuse(entity.at, 'a type and an id of up to 200 printable characters, such as customer/123')
  const task = said('task')
  if (task && !taskForm.test(task.text)) throw refuse(task.at, 'up to 64 of a-z, 0-9, dot, dash and underscore')
  const named = said('end-user')
  if (named && (named.text === '' || named.text.length > mostOfUser || /\p{Cc}/u.test(named.text)))
    throw refuse(named.at, `a line of up to ${mostOfUser} characters`)
  const endUser = named?.text ?? (request.endUser || undefined)
  return {
    ...(type !== undefined && id !== undefined && { entity: { type, id } }),
    ...(endUser !== undefined && { endUser }),
    ...(task && { task: task.text }),
  }
}
