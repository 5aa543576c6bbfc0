import { HTTPException } from 'hono/http-exception'
import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import { mintId } from '../../core/ids.ts'
import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'

/** A problem document (RFC 9457); `code` and `retry` are those of the error dictionary. */
interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly retry: string
}

const problemOf = (error: MillraceError): Problem => ({
  type: `urn:millrace:error:${error.code}`,
  title: error.title,
  status: error.status,
  detail: error.message,
  code: error.code,
  retry: error.retry,
})

interface Unknown {
  readonly clock: Clock
  readonly random: Random
  readonly log: (incident: string, error: unknown) => void
}

/** Any failure as an answer. */
export const problemResponse = (error: unknown, unknown: Unknown): Response => problemAnswer(knownError(error, unknown))

/** What is not of the dictionary is logged under an incident's id and shown to nobody. */
export function knownError(error: unknown, { clock, random, log }: Unknown): MillraceError {
  const known = knownOf(error)
  if (known) return known
  const incident = mintId('evt', clock.today(), random)
  log(incident, error)
  return new MillraceError('api/failed', { incident })
}

export function problemAnswer(known: MillraceError): Response {
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  if (known.status === 401) headers['www-authenticate'] = 'Bearer'
  if (isMillraceError(known, 'api/no-such-method')) headers['allow'] = known.details.allowed
  if (known.status === 503 || known.status === 429) headers['retry-after'] = '1'
  return new Response(JSON.stringify(problemOf(known)), { status: known.status, headers })
}

/** What the caller can mend. Hono refuses what it cannot read with an exception of its own; JSON may be nested deeper than any schema can follow. */
function knownOf(error: unknown): MillraceError | undefined {
  if (isMillraceError(error)) return error
  if (error instanceof HTTPException && error.status < 500)
    return new MillraceError(
      'api/bad-request',
      { problems: error.message || `status ${error.status}` },
      { cause: error },
    )
  if (error instanceof RangeError && error.message.includes('call stack'))
    return new MillraceError('api/bad-request', { problems: 'the JSON is nested too deeply' }, { cause: error })
  return undefined
}
