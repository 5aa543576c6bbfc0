import { z } from 'zod'
import { MillraceError } from '../core/errors/millrace-error.ts'
import { homePath, readServerJson } from '../server/embedded/home.ts'
import { readOwnerKey } from '../server/owner.ts'

const answerWithin = 60_000

const problem = z.object({ code: z.string(), detail: z.string(), status: z.number(), title: z.string() })

/** A failure that the server reported: its code and words are those of the error dictionary, there. */
export class ServerProblem extends Error {
  readonly code: string
  readonly status: number

  constructor({ code, detail, status }: z.infer<typeof problem>) {
    super(detail)
    this.code = code
    this.status = status
  }
}

/** Owns: talking to a server over its API. Does not own: starting one. */
export class Client {
  readonly url: string
  readonly #key: string

  constructor(options: { url: string; key: string }) {
    this.url = options.url.replace(/\/+$/, '')
    this.#key = options.key
  }

  /**
   * The server that holds the directory of `--data`, under its owner's key. Without `--data`: the one at `MILLRACE_URL` under `MILLRACE_KEY`
   * where the first is set (the owner's key goes to no other server than its own), else the one that holds `MILLRACE_HOME` or `.millrace`.
   * Errors: `server/not-running`, `api/no-key`, `governance/owner-key-unsafe`.
   */
  static find(data: string | undefined, env: NodeJS.ProcessEnv): Client {
    const elsewhere = data === undefined ? env['MILLRACE_URL'] : undefined
    const home = homePath(data, env)
    const url = elsewhere || readServerJson(home)?.url
    if (!url) throw new MillraceError('server/not-running', { home })
    const key = env['MILLRACE_KEY'] || (elsewhere ? undefined : readOwnerKey(home))
    if (!key) throw new MillraceError('api/no-key', {})
    return new Client({ url, key })
  }

  get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return this.#send('GET', path, undefined, schema)
  }

  post<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
    return this.#send('POST', path, { type: 'application/json', bytes: JSON.stringify(body) }, schema)
  }

  delete<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return this.#send('DELETE', path, undefined, schema)
  }

  put<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
    return this.#send('PUT', path, { type: 'application/json', bytes: JSON.stringify(body) }, schema)
  }

  /** Sends bytes as they are. */
  postBytes<T>(
    path: string,
    body: { readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> },
    schema: z.ZodType<T>,
  ): Promise<T> {
    return this.#send('POST', path, body, schema)
  }

  /** Errors: `ServerProblem`, `cli/unreachable`, `cli/refused`. */
  async #send<T>(
    method: string,
    path: string,
    body: { readonly type: string; readonly bytes: string | Uint8Array<ArrayBuffer> } | undefined,
    schema: z.ZodType<T>,
  ): Promise<T> {
    const { answer, text } = await this.#ask(method, path, body)
    const read = jsonOf(text)
    if (answer.ok) {
      const parsed = schema.safeParse(read)
      if (parsed.success) return parsed.data
    }
    const failure = problem.safeParse(read)
    if (!answer.ok && failure.success) throw new ServerProblem(failure.data)
    throw new MillraceError('cli/refused', { url: this.url, status: answer.status })
  }

  async #ask(
    method: string,
    path: string,
    body: { readonly type: string; readonly bytes: string | Uint8Array<ArrayBuffer> } | undefined,
  ): Promise<{ answer: Response; text: string }> {
    try {
      const answer = await fetch(`${this.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#key}`, ...(body && { 'content-type': body.type }) },
        signal: AbortSignal.timeout(answerWithin),
        redirect: 'manual', // Millrace sends nobody elsewhere
        ...(body && { body: body.bytes }),
      })
      return { answer, text: await answer.text() }
    } catch (cause) {
      const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
      const why = inner instanceof Error ? inner.message || inner.name : String(inner)
      throw new MillraceError('cli/unreachable', { url: this.url, why }, { cause })
    }
  }
}

function jsonOf(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text)
  } catch {
    return undefined
  }
}
