/** What the API answers instead of what was asked: a problem document (RFC 9457) with a code of the error dictionary. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  /** What the retry of the same request would bring: never, soon, or once somebody has acted. */
  readonly retry: string

  constructor(document: { status: number; code: string; detail: string; retry: string }) {
    super(document.detail)
    this.name = 'Problem'
    this.status = document.status
    this.code = document.code
    this.retry = document.retry
  }
}

/** The problem of an answer that is none of ours too: a proxy's page, an empty body. */
export async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => undefined)
  const text = (name: string): string | undefined => {
    const value: unknown = body instanceof Object && name in body ? Reflect.get(body, name) : undefined
    return typeof value === 'string' ? value : undefined
  }
  return new Problem({
    status: response.status,
    code: text('code') ?? `http/${response.status}`,
    detail: text('detail') ?? `The server answered with status ${response.status} and said nothing more.`,
    retry: text('retry') ?? 'backoff',
  })
}

/** What became of a request that never got an answer. */
export const isUnreachable = (error: unknown): boolean => error instanceof TypeError

/** One sentence for people. */
export function sentenceOf(error: unknown): string {
  if (isUnreachable(error))
    return 'The server cannot be reached. It may be restarting: this page tries again by itself.'
  return error instanceof Error ? error.message : 'Something failed that says nothing of itself.'
}
