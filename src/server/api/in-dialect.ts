import { isMillraceError, MillraceError } from '../../core/errors/millrace-error.ts'
import type { Dialect } from '../../models/dialects/dialect.ts'
import { errorAnswer } from '../../models/gateway/gateway.ts'

/** Of an error that is not of the dictionary: logged, and told as one that is. */
export type AsKnown = (error: unknown) => MillraceError

/** As much as a request with pictures and documents has. */
export const mostBytes = 32 * 1024 * 1024

export const jsonHeaders = { 'content-type': 'application/json', 'cache-control': 'no-store' } as const

/** An answer whose every failure is told in the caller's dialect. */
export async function inDialect(dialect: Dialect, asKnown: AsKnown, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work()
  } catch (error) {
    const known = isMillraceError(error) ? error : asKnown(error)
    const { body, status } = errorAnswer(dialect, known)
    // We have tried: a client that repeats by itself would multiply the calls. Of what was not tried it hears when.
    const wait = isMillraceError(known, 'model/key-over-limit') ? String(known.details.retryAfter) : undefined
    const headers = {
      ...jsonHeaders,
      'x-should-retry': String(status === 503 || wait !== undefined),
      ...(wait !== undefined && { 'retry-after': wait }),
    }
    // The rest of a body that is too large stays unread, and the connection with it.
    return new Response(body, { status, headers: status === 413 ? { ...headers, connection: 'close' } : headers })
  }
}

/** Errors: `api/too-large`. */
export async function bodyOf(request: Request): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.length
    if (size > mostBytes) throw new MillraceError('api/too-large', { most: mostBytes })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
