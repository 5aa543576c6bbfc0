import { MillraceError } from '../../core/errors/millrace-error.ts'
import type { ModelRequest } from '../dialects/dialect.ts'
import type { Said, SaidCall } from '../dialects/said.ts'
import { objectOf } from '../dialects/unknown-json.ts'
import { type AskedSchema, askedBy } from './asked.ts'
import { checkOfSchema, type Misfit, type SchemaCheck, told } from './schema-check.ts'

/** What is wrong with an answer: in its text, or in a call's arguments. */
export interface Problem extends Misfit {
  /** The call whose arguments are wrong; absent: the text is. */
  readonly call?: SaidCall
}

/** What an answer must be, as its request says. */
export interface Check {
  /**
   * Of several answers (`n`) the first is checked. A refusal and an answer that was cut (`length`, `content_filter`) have no problems: they are what they
   * say they are, and the client's dialect has words for it.
   */
  problemsIn(said: Said): readonly Problem[]
}

type Usable = Extract<SchemaCheck, { kind: 'usable' }>

/**
 * Undefined where a request leaves nothing to check: it asks for plain text, and offers no tools. Errors: `model/bad-schema`, naming the place.
 */
export function checkOf(request: ModelRequest): Check | undefined {
  const { answer, hasTools, tools } = askedBy(request)
  if (answer === undefined && !hasTools) return undefined
  const text = answer === undefined || answer === 'json' ? answer : usable(answer)
  const checks = new Map([...tools].map(([name, schema]) => [name, usable(schema)]))
  return {
    problemsIn(said) {
      if (said.refusal !== '' || said.finish === 'length' || said.finish === 'content_filter') return []
      // A text beside calls is the way there, not the answer.
      if (said.calls.length > 0) return said.calls.flatMap((call) => callProblems(call, checks.get(call.name)))
      return text === undefined ? [] : textProblems(said.text, text)
    },
  }
}

/** The error of an answer with problems. Which words of the answer are wrong is for the client alone: no log has messages of errors. */
export function unmet(problems: readonly Problem[]): MillraceError<'model/unmet-schema'> {
  const [first] = problems
  const where = first?.call ? `the call of ${first.call.name.slice(0, 100)} at` : 'the answer at'
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : ''
  const why = first ? `${where} ${told(first)}${more}` : 'nothing was said'
  return new MillraceError('model/unmet-schema', { why })
}

function usable({ field, schema }: AskedSchema): Usable {
  const fields = objectOf(schema)
  const check: SchemaCheck =
    fields === undefined ? { kind: 'unusable', why: 'it is no JSON object' } : checkOfSchema(fields)
  if (check.kind === 'unusable') throw new MillraceError('model/bad-schema', { field, why: check.why })
  return check
}

function textProblems(text: string, check: 'json' | Usable): readonly Problem[] {
  const value = valueIn(text)
  if (value === undefined) return [{ at: '', says: 'it is no JSON' }]
  return check === 'json' ? [] : check.misfits(value.value)
}

/** A free-form tool's call has no name here (`said.ts`), and no JSON. A call without arguments may send nothing at all. */
function callProblems(call: SaidCall, check: Usable | undefined): readonly Problem[] {
  if (call.name === '') return []
  const value = valueIn(call.arguments || '{}')
  if (value === undefined) return [{ at: '', says: 'the arguments are no JSON', call }]
  if (objectOf(value.value) === undefined) return [{ at: '', says: 'the arguments are no JSON object', call }]
  return check === undefined ? [] : check.misfits(value.value).map((misfit) => ({ ...misfit, call }))
}

function valueIn(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}
