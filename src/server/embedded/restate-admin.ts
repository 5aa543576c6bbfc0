import { z } from 'zod'
import { MillraceError } from '../../core/errors/millrace-error.ts'

const deployments = z.object({ deployments: z.array(z.object({ id: z.string(), uri: z.string().optional() })) })
const rows = z.object({ rows: z.array(z.record(z.string(), z.unknown())) })

/** Restate's admin API, as far as Millrace needs it. Every call has a timeout. Errors: `server/restate-unreachable`, `server/restate-refused`. */
export class RestateAdmin {
  readonly #url: string

  constructor(url: string) {
    this.#url = url.replace(/\/$/, '')
  }

  async query(sql: string): Promise<Record<string, unknown>[]> {
    return this.#parse(rows, await this.#call('/query', 'POST', { query: sql })).rows
  }

  /**
   * Makes the handler at `uri` known. A deployment keeps its path when a handler's port changes, so the address of each known one with this
   * path is patched first: runs that wait on it follow. (Registering a moved address anew would leave them behind, backing off.)
   */
  async register(uri: string): Promise<void> {
    const wanted = new URL(uri)
    const { deployments: known } = this.#parse(deployments, await this.#call('/deployments', 'GET'))
    let found = false
    for (const { id, uri: at } of known) {
      if (!at || new URL(at).pathname !== wanted.pathname) continue
      found = true
      if (new URL(at).origin !== wanted.origin) await this.#call(`/deployments/${id}`, 'PATCH', { uri })
    }
    if (!found) await this.#call('/deployments', 'POST', { uri, force: false })
  }

  /** A worker that starts resumes what backs off (E7). */
  async resumeBackingOff(): Promise<void> {
    for (const { id } of await this.query(`select id from sys_invocation where status = 'backing-off' limit 1000`)) {
      // Each is a hint: an invocation that has just gone on needs none.
      if (typeof id === 'string') await this.#call(`/invocations/${id}/resume`, 'PATCH').catch(() => {})
    }
  }

  async #call(path: string, method: string, body?: object): Promise<unknown> {
    let why: string
    try {
      const answer = await fetch(this.#url + path, {
        method,
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        signal: AbortSignal.timeout(5000),
        ...(body && { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      if (answer.ok) return JSON.parse(text || '{}') as unknown
      why = `${method} ${path} answered ${answer.status}: ${text.slice(0, 300)}`
      if (answer.status < 500) throw new MillraceError('server/restate-refused', { at: this.#url, why }) // 5xx: it is not ready yet
    } catch (error) {
      if (error instanceof MillraceError) throw error
      why = error instanceof Error ? error.message : String(error)
    }
    throw new MillraceError('server/restate-unreachable', { at: this.#url, why })
  }

  #parse<T>(schema: z.ZodType<T>, answer: unknown): T {
    const read = schema.safeParse(answer)
    if (read.success) return read.data
    throw new MillraceError('server/restate-refused', { at: this.#url, why: 'its answer is not one of Restate' })
  }
}
